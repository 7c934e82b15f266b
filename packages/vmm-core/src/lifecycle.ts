// Beginning and end of an address space, and pinning all of its tables.

import type { DeviceState } from './device-state.js';
import { free } from './allocate.js';
import type { SpaceTemplate } from './backend.js';
import { VmmError } from './errors.js';
import { hex, isAligned, pow2 } from './numbers.js';
import { failure, type Failure } from './outcome.js';
import { hasTableOfOtherSize } from './probe.js';
import { Region } from './region.js';
import { releaseLeftovers } from './raw.js';
import { SpaceState, type SpaceType } from './space-state.js';
import { walkBootstrap, walkRef, walkUnref } from './walks.js';

/** Range of a new address space: all of it, or in a managed or raw one the window that the driver hands out. */
export interface SpaceRange {
  readonly addr: number;
  readonly size: number;
}

/**
 * Makes an address space (`nvkm_vmm_ctor`).
 *
 * @throws VmmError `EINVAL` for a range that does not fit, `ENOMEM` when there is no memory for the directory. Nothing
 * is left of it then (KD-30).
 */
export function createSpace(
  device: DeviceState,
  name: string,
  type: SpaceType,
  template: SpaceTemplate,
  { addr, size }: SpaceRange,
): SpaceState {
  const space = new SpaceState(device, name, type, template);
  const limit = pow2(space.addressBits);
  const end = addr + size;
  if (addr > limit || end > limit) {
    device.releaseTable(space.root.slot0, true);
    throw new VmmError(
      'EINVAL',
      `[${hex(addr)}, ${hex(end)}) is beyond the ${space.addressBits} bits of address space`,
    );
  }
  if (limit > Number.MAX_SAFE_INTEGER && (!isAligned(addr, 4) || !isAligned(size, 4))) {
    // The rest of the address space would have no exact size.
    device.releaseTable(space.root.slot0, true);
    throw new VmmError('EINVAL', `[${hex(addr)}, ${hex(end)}) is not exact in units of 16 bytes`);
  }
  if (type === 'unmanaged') {
    space.start = addr;
    space.limit = size > 0 ? end : limit;
    // Nothing to hand out: legal, if of little use.
    if (space.limit > addr) space.regions.append(new Region(addr, space.limit - addr));
    return space;
  }
  space.limit = limit;
  space.windowStart = addr;
  space.windowEnd = end;
  if (addr > 0) appendClientRegion(space, 0, addr);
  if (size > 0) space.regions.append(new Region(addr, size));
  if (end < limit) appendClientRegion(space, end, limit - end);
  return space;
}

/** A region in which the client places its own mappings. */
function appendClientRegion(space: SpaceState, addr: number, size: number): void {
  const region = new Region(addr, size);
  region.mapref = true;
  region.used = true;
  space.regions.append(region);
}

function smallestPage(space: SpaceState): number {
  return space.pages.length - 1;
}

/** Builds and pins all tables of the smallest page size (`nvkm_vmm_boot`). A second time does nothing (KD-35). */
export function boot(space: SpaceState): Failure | undefined {
  if (space.isBooted) return undefined;
  const page = smallestPage(space);
  const { start, limit } = space;
  const { shift } = space.pageAt(page);
  if (!isAligned(start, shift) || !isAligned(limit, shift)) {
    return failure('EINVAL', `[${hex(start)}, ${hex(limit)}) is not in whole pages of 2^${shift} bytes`);
  }
  if (hasTableOfOtherSize(space, page, start, limit - start)) {
    return failure('EINVAL', 'tables of larger pages are in the way of bootstrapping');
  }
  const done = walkRef(space, page, start, limit - start);
  if (done < limit - start) {
    if (done > 0) walkUnref(space, page, start, done);
    return failure('ENOMEM', 'no memory for all page tables of the address space');
  }
  walkBootstrap(space, page, start, limit - start);
  space.isBooted = true;
  return undefined;
}

/** Ends an address space: everything in it goes (`nvkm_vmm_dtor`). Returns how many tables raw calls had left. */
export function close(space: SpaceState): number {
  for (let region = space.regions.firstUsed; region !== undefined; region = space.regions.firstUsed) {
    free(space, region);
  }
  if (space.isBooted) {
    space.device.pool.dump();
    walkUnref(space, smallestPage(space), space.start, space.limit - space.start);
  }
  const leftovers = space.isRaw ? releaseLeftovers(space) : 0;
  space.device.releaseTable(space.root.slot0, true);
  space.root.slot0 = undefined;
  space.isClosed = true;
  return leftovers;
}
