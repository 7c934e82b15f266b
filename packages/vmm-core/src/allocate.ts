// Handing out address space and taking it back.

import type { AllocationRequest } from './allocation-request.js';
import { hex, isAligned, paddedHex } from './numbers.js';
import { LOG } from './observer.js';
import { failure, type Failure } from './outcome.js';
import { hasTableOfOtherSize } from './probe.js';
import { dropMemory } from './region-memory.js';
import { PAGE_NONE, type Region } from './region.js';
import type { SpaceState } from './space-state.js';
import { refSparse, refSparseRange, unrefSparseRange } from './sparse.js';
import { unmapRange } from './unmap.js';
import { walkRef, walkSparseUnref, walkUnref } from './walks.js';

/** Smallest alignment of an allocation, log2. */
const MIN_ALIGN = 12;

/** log2 of the unit in which all addresses and sizes are exact. */
const UNIT_SHIFT = 4;

/** Allocates address space (`nvkm_vmm_get_locked`). */
export function allocate(space: SpaceState, request: AllocationRequest): Region | Failure {
  const { getref, mapref, sparse, shift, size } = request;
  if (space.logLevel >= LOG.trace) {
    space.log(
      `getref ${+getref} mapref ${+mapref} sparse ${+sparse} ` +
        `shift: ${shift} align: ${request.align} size: ${sizeText(request)}`,
      'trace',
    );
  }
  const page = checkRequest(space, request);
  if (typeof page !== 'number') return page;
  const align = Math.max(request.align, shift === 0 ? MIN_ALIGN : shift);
  // What is left of a region beyond 2^53 would be no number either.
  const exact =
    request.exactSize === undefined && (isAligned(size, UNIT_SHIFT) || space.limit <= Number.MAX_SAFE_INTEGER);
  if (!exact && space.regions.fits(size, align, page)) {
    return failure('EINVAL', `size ${hex(request.exactSize ?? size)} is not exact in units of 16 bytes`);
  }
  const region = exact ? space.regions.take(size, align, page) : undefined;
  if (region === undefined) {
    return failure('ENOSPC', `no free address space for ${hex(size)} bytes aligned to 2^${align}`);
  }
  const failed = preallocate(space, request, page, region.addr);
  if (failed !== undefined) {
    space.regions.release(region);
    return failed;
  }
  region.mapref = mapref && !getref;
  region.sparse = sparse;
  region.page = page;
  region.refd = getref ? page : PAGE_NONE;
  space.regions.use(region);
  return region;
}

function sizeText({ size, exactSize }: AllocationRequest): string {
  return paddedHex(exactSize ?? size, 16);
}

/** Checks a request; the result is the index of the page size, {@link PAGE_NONE} for any. */
function checkRequest(space: SpaceState, request: AllocationRequest): number | Failure {
  const { getref, mapref, sparse, shift, align, size } = request;
  if (size === 0 || (!getref && !mapref && sparse) || align >= 64) {
    space.debug(() => `args ${sizeText(request)} ${+getref} ${+mapref} ${+sparse}`);
    if (size === 0) return failure('EINVAL', 'an allocation needs a size');
    if (align >= 64) return failure('EINVAL', `alignment 2^${align} is beyond 64 bits`);
    return failure('EINVAL', 'a lazy allocation has no page tables that could be sparse');
  }
  const block = space.template.pageBlockShift;
  if ((getref || block > 0) && shift === 0) {
    space.debug(() => `page size required: ${+getref} ${paddedHex(block > 0 ? 2 ** block : 0, 16)}`);
    return failure('EINVAL', 'the allocation needs a page size');
  }
  if (shift === 0) return PAGE_NONE;
  const page = space.pageIndex(shift);
  if (page < 0 || request.exactSize !== undefined || !isAligned(size, shift)) {
    space.debug(() => `page ${shift} ${sizeText(request)}`);
    return page < 0
      ? failure('EINVAL', `no page size of 2^${shift}`)
      : failure('EINVAL', `size ${hex(size)} is not a multiple of the page size 2^${shift}`);
  }
  return page;
}

/** Builds the page tables that an allocation wants from the start. */
function preallocate(space: SpaceState, request: AllocationRequest, page: number, addr: number): Failure | undefined {
  const { getref, sparse, size } = request;
  if (sparse) return getref ? refSparse(space, page, addr, size) : refSparseRange(space, addr, size);
  if (!getref) return undefined;
  // The allocator keeps page sizes apart, but `boot` has built tables everywhere.
  if (hasTableOfOtherSize(space, page, addr, size)) {
    return failure('EINVAL', `a table of another page size than 2^${request.shift} is in the way at ${hex(addr)}`);
  }
  const done = walkRef(space, page, addr, size);
  if (done === size) return undefined;
  if (done > 0) walkUnref(space, page, addr, done);
  return failure('ENOMEM', `no memory for page tables of the allocation at ${hex(addr)}`);
}

/** Frees an allocation, all parts of it, with whatever is mapped (`nvkm_vmm_put_locked`). */
export function free(space: SpaceState, region: Region): void {
  const { regions } = space;
  if (region.mapref || !region.sparse) endReferences(space, region);
  // All parts become one region again. One by one, as unmaps would, a pair of unmapped parts would never end (KD-41).
  for (let part = region.next; part?.part === true; part = region.next) {
    dropMemory(space, part);
    regions.merge(region, part, undefined, part.size);
  }
  dropMemory(space, region);
  region.mapped = false;
  if (region.sparse) {
    // With references from `get`, unmap, end of sparseness and dereference are one walk.
    if (region.mapref) unrefSparseRange(space, region.addr, region.size);
    else walkSparseUnref(space, region.refd, region.addr, region.size, true);
  }
  regions.unuse(region);
  region.page = PAGE_NONE;
  region.refd = PAGE_NONE;
  regions.release(region);
}

/** Unmaps and dereferences the parts of an allocation; neighbours in the same state take one walk. */
function endReferences(space: SpaceState, region: Region): void {
  const { sparse } = region;
  let next: Region | undefined = region;
  do {
    const first: Region = next;
    const { addr, refd, mapped } = first;
    const hasMemory: boolean = first.memory !== undefined;
    let size = first.size;
    next = first.next;
    while (
      next?.part === true &&
      next.mapped === mapped &&
      (next.memory !== undefined) === hasMemory &&
      next.refd === refd
    ) {
      size += next.size;
      next = next.next;
    }
    if (mapped) unmapRange(space, refd, addr, size, sparse, !hasMemory, true);
    else if (refd !== PAGE_NONE) walkUnref(space, refd, addr, size);
  } while (next?.part === true);
}
