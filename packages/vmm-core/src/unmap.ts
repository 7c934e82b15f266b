import { dropMemory } from './region-memory.js';
import { PAGE_NONE, type Region } from './region.js';
import type { SpaceState } from './space-state.js';
import { walkUnmap, walkUnmapUnref, walkUnref } from './walks.js';

/**
 * Clears a range, and drops its references if `unref` is set: in one walk, or in a raw space in two.
 *
 * @param frames - Whether the entries hold page frames.
 */
export function unmapRange(
  space: SpaceState,
  page: number,
  addr: number,
  size: number,
  sparse: boolean,
  frames: boolean,
  unref: boolean,
): void {
  if (!unref) {
    walkUnmap(space, page, addr, size, sparse, frames);
  } else if (space.isRaw) {
    walkUnmap(space, page, addr, size, sparse, frames);
    walkUnref(space, page, addr, size);
  } else {
    walkUnmapUnref(space, page, addr, size, sparse, frames);
  }
}

/** Unmaps a region that has a memory object (`nvkm_vmm_unmap_locked`). */
export function unmapRegion(space: SpaceState, region: Region): void {
  unmapRange(space, region.refd, region.addr, region.size, region.sparse, false, region.mapref);
  if (region.mapref) region.refd = PAGE_NONE;
  dropMemory(space, region);
  region.mapped = false;
  mergeUnmapped(space, region);
}

/** Joins an unmapped region with unmapped neighbours of the same allocation. */
export function mergeUnmapped(space: SpaceState, region: Region): void {
  const { prev, next } = region;
  space.regions.merge(
    region.part && prev?.mapped === false ? prev : undefined,
    region,
    next?.part === true && !next.mapped ? next : undefined,
    region.size,
  );
}
