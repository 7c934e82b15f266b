// Mapping memory objects: argument checks, choice of the page size, and the map itself.

import { PAGE } from './backend.js';
import { ERRNO } from './errors.js';
import type { MapState } from './map-state.js';
import type { MemoryObject } from './memory-object.js';
import { hex, isAligned, paddedHex } from './numbers.js';
import { failure, type Failure } from './outcome.js';
import { hasTableOfOtherSize } from './probe.js';
import { holdMemory } from './region-memory.js';
import { PAGE_NONE, type Region } from './region.js';
import { seek } from './sources.js';
import type { SpaceState } from './space-state.js';
import { unmapRange } from './unmap.js';
import type { MapSource } from './walk.js';
import { walkMap, walkRef, walkRefMap, walkUnref } from './walks.js';

/** Refuses a map that runs over the end of its object. */
export function checkOverrun(space: SpaceState, memory: MemoryObject, map: MapState): Failure | undefined {
  const { offset, size } = map;
  if (offset + size <= memory.size) return undefined;
  space.debug(
    () => `overrun ${paddedHex(memory.size, 16)} ${paddedHex(map.exactOffset ?? offset, 16)} ${paddedHex(size, 16)}`,
  );
  return failure(
    'EINVAL',
    `${hex(size)} bytes from offset ${hex(map.exactOffset ?? offset)} run over the ${hex(memory.size)} bytes of the object`,
  );
}

/** Why a page size does not suit a map, before the chip is asked. */
const UNSUITED = { not: 0, memory: 1, alignment: 2, writer: 3, table: 4 } as const;
type Unsuited = (typeof UNSUITED)[keyof typeof UNSUITED];

/** Compares a map with a page size. Most sizes fail here when one is looked for, so nothing is worded yet. */
function findUnsuited(space: SpaceState, page: number, memory: MemoryObject, map: MapState): Unsuited {
  const { addr, size, offset } = map;
  const { shift, flags, levels } = space.pageAt(page);
  if ((flags & (memory.target === 'vram' ? PAGE.vram : PAGE.host)) === 0) return UNSUITED.memory;
  if (
    memory.pageShift < shift ||
    !isAligned(addr, shift) ||
    !isAligned(size, shift) ||
    !isAligned(offset, shift) ||
    map.exactOffset !== undefined
  ) {
    return UNSUITED.alignment;
  }
  // A table without a writer for the object, or of another page size, is no candidate (KD-39, KD-06).
  if (levels[0]?.sources.includes(memory.kind) !== true) return UNSUITED.writer;
  return hasTableOfOtherSize(space, page, addr, size) ? UNSUITED.table : UNSUITED.not;
}

/** Words what {@link findUnsuited} found, and logs what the driver logs of it. */
function describeUnsuited(
  space: SpaceState,
  page: number,
  memory: MemoryObject,
  map: MapState,
  why: Unsuited,
): Failure {
  const { addr, size } = map;
  const offset = map.exactOffset ?? map.offset;
  const { shift } = space.pageAt(page);
  switch (why) {
    case UNSUITED.memory: {
      const video = memory.target === 'vram';
      space.debug(() => `${shift} !${video ? 'VRAM' : 'HOST'}`);
      return failure('EINVAL', `pages of shift ${shift} can't hold ${video ? 'video' : 'host'} memory`);
    }
    case UNSUITED.alignment:
      space.debug(
        () =>
          `alignment ${paddedHex(addr, 16)} ${paddedHex(size, 16)} ${paddedHex(offset, 16)} ${shift} ${memory.pageShift}`,
      );
      return failure(
        'EINVAL',
        `address ${hex(addr)}, size ${hex(size)}, offset ${hex(offset)} or the object's page shift ${memory.pageShift} ` +
          `do not suit pages of shift ${shift}`,
      );
    case UNSUITED.writer:
      return failure('EINVAL', `pages of shift ${shift} can't be written from a memory object of kind ${memory.kind}`);
    case UNSUITED.table:
    case UNSUITED.not:
      return failure('EINVAL', `a table of another page size than 2^${shift} is in the way at ${hex(addr)}`);
  }
}

/** Checks everything that depends on the page size (`nvkm_vmm_map_valid`); on success `map` holds the template. */
export function checkMap(space: SpaceState, page: number, memory: MemoryObject, map: MapState): Failure | undefined {
  map.page = space.pageAt(page);
  const why = findUnsuited(space, page, memory, map);
  if (why !== UNSUITED.not) return describeUnsuited(space, page, memory, map, why);
  const refusal = space.template.valid(space, map, map.args);
  if (refusal === undefined) return undefined;
  const { line } = refusal;
  if (line !== undefined) space.debug(() => line);
  return failure(refusal.code, refusal.message);
}

/** Finds the largest page size that a map can use. The failure is that of the smallest. */
function choosePage(space: SpaceState, memory: MemoryObject, map: MapState): number | Failure {
  for (let page = 0; page < space.pages.length; page++) {
    if (findUnsuited(space, page, memory, map) !== UNSUITED.not) continue;
    map.page = space.pageAt(page);
    if (space.template.valid(space, map, map.args) === undefined) return page;
  }
  // Once more, with words.
  space.debug(() => 'invalid at any page size');
  let failed: Failure | undefined;
  for (let page = 0; page < space.pages.length; page++) {
    space.debug(() => `trying ${space.pageAt(page).shift}`);
    failed = checkMap(space, page, memory, map);
  }
  return failure('EINVAL', `no page size suits the map; the smallest: ${failed?.message ?? 'none'}`);
}

/** Checks a map whose page size is given; failures add a line of their own. */
export function checkFixedMap(
  space: SpaceState,
  page: number,
  memory: MemoryObject,
  map: MapState,
): Failure | undefined {
  const failed = checkMap(space, page, memory, map);
  if (failed !== undefined) space.debug(() => `invalid ${-ERRNO[failed.code]}`);
  return failed;
}

/**
 * Maps a memory object into the whole of a region (`nvkm_vmm_map_locked`), as `map` says. After a failure the region has
 * what it had before.
 */
export function mapRegion(space: SpaceState, region: Region, memory: MemoryObject, map: MapState): Failure | undefined {
  const failed = checkOverrun(space, memory, map);
  if (failed !== undefined) return failed;
  const given = region.refd !== PAGE_NONE ? region.refd : region.page;
  let page = given;
  if (given === PAGE_NONE) {
    const chosen = choosePage(space, memory, map);
    if (typeof chosen !== 'number') return chosen;
    page = chosen;
  } else {
    const refused = checkFixedMap(space, given, memory, map);
    if (refused !== undefined) {
      map.dropTags();
      return refused;
    }
  }
  seek(map, memory);
  if (region.refd === PAGE_NONE) {
    if (!refAndMap(space, page, region.addr, region.size, map, region.sparse, false)) {
      map.dropTags();
      return failure('ENOMEM', `no memory for page tables of the map at ${hex(region.addr)}`);
    }
    region.refd = page;
  } else {
    walkMap(space, page, region.addr, region.size, map);
  }
  holdMemory(space, region, memory, map.offset, map.tags);
  region.mapped = true;
  map.end();
  return undefined;
}

/**
 * Takes references on a range and writes it: in one walk, or in a raw space in two.
 *
 * @returns False when there was no memory; nothing is left of it then.
 */
export function refAndMap(
  space: SpaceState,
  page: number,
  addr: number,
  size: number,
  source: MapSource,
  sparse: boolean,
  frames: boolean,
): boolean {
  if (space.isRaw) {
    const done = walkRef(space, page, addr, size);
    if (done === size) {
      walkMap(space, page, addr, size, source);
      return true;
    }
    if (done > 0) walkUnref(space, page, addr, done);
    return false;
  }
  const done = walkRefMap(space, page, addr, size, source);
  if (done === size) return true;
  if (done > 0) unmapRange(space, page, addr, done, sparse, frames, true);
  return false;
}
