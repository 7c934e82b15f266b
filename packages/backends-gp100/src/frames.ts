// Page frames: host or video pages mapped by number instead of from a memory object. A frame word:
//
//  63               12 11   8 7  5  4   3 2  1   0
// ├─ addr >> 12 ──────┼──────┼────┼ vr┼────┼ w ┼ v ┤
//
//   v    map; a word without it leaves its entry alone (KD-17)
//   w    writable
//   vr   1 video memory, 0 host page
//
// All other bits are ignored; the address is not masked. In PD0 only the low half of an entry is written.

import { type FrameFunctions, type HostPages, highLane, LANE, lowLane } from '@nvmmu/vmm-core';
import { ADDR_SHIFT, PTE_APERTURE, PTE_APERTURE_SHIFT, PTE_RO, PTE_VALID, PTE_VOL } from './entries-2.js';

const FRAME_VALID = 1 << 0;
const FRAME_WRITABLE = 1 << 1;
const FRAME_VIDEO = 1 << 4;
const FRAME_ADDR = ~0xfff;

const VIDEO_BITS = PTE_VALID;
/** Aperture 2 on integrated chips too: frames do not go through the chip's apertures. */
const HOST_BITS = PTE_VALID | (2 << PTE_APERTURE_SHIFT) | PTE_VOL;

/** Entry bits by the flag bits of a frame. */
const FRAME_FLAGS = FRAME_VALID | FRAME_WRITABLE | FRAME_VIDEO;
const FRAME_BITS = Int32Array.from(
  { length: FRAME_FLAGS + 1 },
  (_, word) => ((word & FRAME_VIDEO) === 0 ? HOST_BITS : VIDEO_BITS) | ((word & FRAME_WRITABLE) === 0 ? PTE_RO : 0),
);

const ADDR_SHIFT_UP = 32 - ADDR_SHIFT;
/** What is left of a page entry for its address, below: nobody masks the kind, which is 0 here. */
const ENTRY_FLAGS = 0xff;

/**
 * Makes the frame functions of a level.
 *
 * @param stride - Words from one entry to the next: 2, or 4 in PD0.
 * @param pageBytes - Size of a page, for the device mapping of host pages.
 */
export function frameFunctions(stride: 2 | 4, pageBytes: number): FrameFunctions {
  return {
    write(words, at, frames, from, count, host) {
      if (host === undefined) writeFrames(words, at, stride, frames, from, count);
      else writeMappedFrames(words, at, stride, frames, from, count, host, pageBytes);
    },
    clear: (words, at, count, wrote) => clearHostFrames(words, at, stride, count, wrote),
    unmap(words, at, count, host) {
      unmapHostFrames(words, at, stride, count, host, pageBytes);
    },
  };
}

function writeFrames(
  words: Uint32Array,
  at: number,
  stride: number,
  frames: Uint32Array,
  from: number,
  count: number,
): void {
  for (let f = 2 * from, end = f + 2 * count; f < end; f += 2, at += stride) {
    const word = frames[f]! | 0;
    if ((word & FRAME_VALID) === 0) continue;
    const high = frames[f + 1]! | 0;
    // Without branches: the flag bits pick the entry's bits out of a table.
    const bits = FRAME_BITS[word & FRAME_FLAGS]!;
    words[at] = ((word & FRAME_ADDR) >>> ADDR_SHIFT) | (high << ADDR_SHIFT_UP) | bits;
    words[at + 1] = high >>> ADDR_SHIFT;
  }
}

function writeMappedFrames(
  words: Uint32Array,
  at: number,
  stride: number,
  frames: Uint32Array,
  from: number,
  count: number,
  host: HostPages,
  pageBytes: number,
): void {
  for (let f = 2 * from, end = f + 2 * count; f < end; f += 2, at += stride) {
    const word = frames[f]!;
    if ((word & FRAME_VALID) === 0) continue;
    let low = word & FRAME_ADDR;
    let high = frames[f + 1]!;
    let bits = (word & FRAME_WRITABLE) === 0 ? PTE_RO : 0;
    if ((word & FRAME_VIDEO) !== 0) {
      bits |= VIDEO_BITS;
    } else {
      const addr = host.map(high * LANE + (low >>> 0), pageBytes);
      // A page that can't be mapped leaves an entry that is not valid, as in the driver.
      low = addr === undefined ? 0 : lowLane(addr);
      high = addr === undefined ? 0 : highLane(addr);
      bits |= addr === undefined ? 0 : HOST_BITS;
    }
    words[at] = (low >>> ADDR_SHIFT) | (high << ADDR_SHIFT_UP) | bits;
    words[at + 1] = high >>> ADDR_SHIFT;
  }
}

function clearHostFrames(
  words: Uint32Array,
  at: number,
  stride: number,
  count: number,
  wrote: ((n: number) => void) | undefined,
): boolean {
  let any = false;
  for (let n = 0; n < count; n++, at += stride) {
    const low = words[at]! | 0;
    if ((low & PTE_VALID) === 0 || (low & PTE_APERTURE) === 0) continue;
    words[at] = low & ~PTE_VALID;
    any = true;
    if (wrote !== undefined) wrote(n);
  }
  return any;
}

/** Goes by the aperture alone: the valid bits are off by now. */
function unmapHostFrames(
  words: Uint32Array,
  at: number,
  stride: number,
  count: number,
  host: HostPages,
  pageBytes: number,
): void {
  for (let n = 0; n < count; n++, at += stride) {
    const low = words[at]!;
    if ((low & PTE_APERTURE) === 0) continue;
    const high = words[at + 1]!;
    const addrLow = (low & ~ENTRY_FLAGS) << ADDR_SHIFT;
    const addrHigh = (high << ADDR_SHIFT) | (low >>> ADDR_SHIFT_UP);
    host.unmap((addrHigh >>> 0) * LANE + (addrLow >>> 0), pageBytes);
  }
}
