// The loops that write page entries. Entry values are two 32-bit lanes; a carry out of the low lane shows as a sum
// that is smaller than what was added.

import { LANE } from '@nvmmu/vmm-core';

/**
 * Writes `count` entries of 8 bytes from `words[at]` on: the value `(lo, hi)`, and each following one larger by
 * `(nextLo, nextHi)`, modulo 2^64.
 */
export function fillEntries(
  words: Uint32Array,
  at: number,
  count: number,
  lo: number,
  hi: number,
  nextLo: number,
  nextHi: number,
): void {
  const stepLo = nextLo >>> 0;
  let low = lo | 0;
  let high = hi | 0;
  for (const end = at + 2 * count; at < end; at += 2) {
    words[at] = low;
    words[at + 1] = high;
    low = (low + stepLo) | 0;
    high = (high + nextHi + (low >>> 0 < stepLo ? 1 : 0)) | 0;
  }
}

/** As {@link fillEntries}, into slots of 16 bytes whose upper halves become 0. */
export function fillWideEntries(
  words: Uint32Array,
  at: number,
  count: number,
  lo: number,
  hi: number,
  nextLo: number,
  nextHi: number,
): void {
  const stepLo = nextLo >>> 0;
  let low = lo | 0;
  let high = hi | 0;
  for (const end = at + 4 * count; at < end; at += 4) {
    words[at] = low;
    words[at + 1] = high;
    words[at + 2] = 0;
    words[at + 3] = 0;
    low = (low + stepLo) | 0;
    high = (high + nextHi + (low >>> 0 < stepLo ? 1 : 0)) | 0;
  }
}

/** Writes an entry of 8 bytes for each address from `pages[from]` on: the address times `scale`, and `(typeLo, typeHi)`. */
export function fillList(
  words: Uint32Array,
  at: number,
  pages: Float64Array,
  from: number,
  count: number,
  scale: number,
  typeLo: number,
  typeHi: number,
): void {
  const low = typeLo | 0;
  const high = typeHi | 0;
  for (const end = from + count; from < end; from++, at += 2) {
    const frame = pages[from]! * scale;
    words[at] = frame | low;
    words[at + 1] = (frame / LANE) | high;
  }
}
