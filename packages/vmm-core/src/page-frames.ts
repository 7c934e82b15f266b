// Direct mapping of page frames (`nvkm_vmm_pfn_map`, `nvkm_vmm_pfn_unmap`): no memory objects, one frame word a page.

import { alignDown, hex, isAligned, paddedHex, pow2 } from './numbers.js';
import { failure, type Failure } from './outcome.js';
import { refAndMap } from './mapping.js';
import { PAGE_NONE, type Region } from './region.js';
import type { SpaceState } from './space-state.js';
import { unmapRange } from './unmap.js';
import type { FrameCursor } from './walk.js';
import { walkMap, walkRelease } from './walks.js';

/** Index of the page size with a shift that takes page frames, or -1. */
function framePageIndex(space: SpaceState, shift: number): number {
  return space.pages.findIndex((page) => page.shift === shift && page.levels[0]?.frames !== undefined);
}

/**
 * Maps frames whose valid bit is set and unmaps pages whose frame's is not. Frames that can't be mapped or unmapped as
 * asked are zeroed in the array.
 *
 * @param frames - Frame words as pairs of 32-bit lanes, one pair for each page of the range.
 */
export function mapFrames(
  space: SpaceState,
  shift: number,
  addr: number,
  size: number,
  frames: Uint32Array,
): Failure | undefined {
  const page = framePageIndex(space, shift);
  const limit = addr + size;
  if (page < 0 || !isAligned(addr, shift) || !isAligned(size, shift) || limit > space.limit) {
    space.debug(() => `paged map ${shift} ${page < 0 ? 0 : shift} ${paddedHex(addr, 16)} ${paddedHex(size, 16)}`);
    if (page < 0) return failure('EINVAL', `page frames can't be mapped at 2^${shift} bytes a page`);
    return failure('EINVAL', `frames at [${hex(addr)}, ${hex(limit)}) are not whole pages of the address space`);
  }
  const unit = pow2(shift);
  let region = space.regions.find(addr);
  if (region === undefined) return failure('ENOENT', `no region at ${hex(addr)}`);
  const total = frames.length / 2;
  let next = 0;
  let start = addr;
  while (region !== undefined && start < limit) {
    const map = isValid(frames, next);
    // A window within one region, all of it mapped or unmapped.
    const most = Math.min(limit, region.end) - start;
    const run = sameUntil(frames, next, Math.min(total, next + Math.ceil(most / unit))) - next;
    const window = Math.min(most, run * unit);
    const whole = alignDown(window, shift);
    // A page that is not wholly inside one region is refused as a whole.
    const bytes = whole === 0 ? unit : whole;
    let piece: Region | undefined;
    if (whole > 0 && isOpenTo(region, page)) {
      piece = map
        ? mapWindow(space, region, page, start, bytes, { lanes: frames, next })
        : unmapWindow(space, region, page, start, bytes);
    }
    if (piece === undefined) frames.fill(0, 2 * next, 2 * (next + bytes / unit));
    else region = piece;
    next += bytes / unit;
    start += bytes;
    while (region !== undefined && region.end <= start) region = region.next;
  }
  return undefined;
}

function isValid(frames: Uint32Array, index: number): boolean {
  return ((frames[2 * index] as number) & 1) !== 0;
}

/** The first frame in `(from, end)` whose valid bit differs from that of `from`; `end` for none. */
function sameUntil(frames: Uint32Array, from: number, end: number): number {
  const valid = (frames[2 * from] as number) & 1;
  let at = 2 * from + 2;
  while (at < 2 * end && ((frames[at] as number) & 1) === valid) at += 2;
  return at >> 1;
}

/** Whether frames of a page size may be mapped into a region, or their absence unmap it. */
function isOpenTo(region: Region, page: number): boolean {
  // A free region may have the flags of its last owner (KD-13); frames of another page size keep theirs (KD-11).
  return region.used && region.mapref && region.memory === undefined && (!region.mapped || region.refd === page);
}

/** Maps a window of a region; the result is the region that holds it now, `undefined` when there was no memory. */
function mapWindow(
  space: SpaceState,
  region: Region,
  page: number,
  addr: number,
  size: number,
  cursor: FrameCursor,
): Region | undefined {
  if (region.mapped) {
    walkRelease(space, page, addr, size);
    walkMap(space, page, addr, size, cursor);
    return region;
  }
  if (!refAndMap(space, page, addr, size, cursor, region.sparse, true)) return undefined;
  return setMapped(space, region, addr, size, page);
}

/** Unmaps a window of a region; the result is the region that holds it now. */
function unmapWindow(space: SpaceState, region: Region, page: number, addr: number, size: number): Region {
  if (!region.mapped) return region;
  unmapRange(space, page, addr, size, region.sparse, true, true);
  return setMapped(space, region, addr, size, PAGE_NONE);
}

/**
 * Makes a piece of a region mapped at a page size, or unmapped ({@link PAGE_NONE}): it joins neighbours of the same
 * allocation in that very state (KD-10), or becomes a region of its own.
 */
function setMapped(space: SpaceState, region: Region, addr: number, size: number, page: number): Region {
  const mapped = page !== PAGE_NONE;
  const alike = (other: Region): boolean =>
    other.memory === undefined && other.mapped === mapped && other.refd === page;
  let { prev, next } = region;
  if (region.addr !== addr || !region.part || prev === undefined || !alike(prev)) prev = undefined;
  if (region.end !== addr + size || next?.part !== true || !alike(next)) next = undefined;
  const piece =
    prev !== undefined || next !== undefined
      ? space.regions.merge(prev, region, next, size)
      : space.regions.split(region, addr, size);
  piece.mapped = mapped;
  piece.refd = page;
  return piece;
}

/** Unmaps page frames in `[addr, limit)`; what else is there is passed over. */
export function clearFrames(space: SpaceState, addr: number, limit: number): Failure | undefined {
  const first = space.regions.find(addr);
  if (first === undefined) return failure('EINVAL', `no region at ${hex(addr)}`);
  for (let region: Region | undefined = first; region !== undefined && region.addr < limit; region = region.next) {
    if (!holdsFrames(region)) continue;
    const { shift } = space.pageAt(region.refd);
    const start = Math.max(addr, region.addr);
    const end = Math.min(limit, region.end);
    // The address needs no check by itself where it lies below 2^53; beyond, the edge has refused what is not exact.
    if (!isAligned(start, shift) || !isAligned(end, shift)) {
      return failure('EINVAL', `[${hex(start)}, ${hex(end)}) cuts through mapped pages of 2^${shift} bytes`);
    }
  }
  let start = addr;
  for (let region: Region | undefined = first; region !== undefined && start < limit;) {
    if (holdsFrames(region)) {
      const size = Math.min(limit, region.end) - start;
      unmapRange(space, region.refd, start, size, region.sparse, true, true);
      region = setMapped(space, region, start, size, PAGE_NONE);
    }
    region = region.next;
    if (region !== undefined) start = region.addr;
  }
  return undefined;
}

function holdsFrames(region: Region): boolean {
  return region.used && region.mapped && region.memory === undefined;
}
