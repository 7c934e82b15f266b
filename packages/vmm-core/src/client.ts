// The checked interface: what each client method looks at before the core acts, in the driver's order.

import { allocate, free } from './allocate.js';
import type { MapArguments } from './backend.js';
import { mapRegion } from './mapping.js';
import type { MemoryObject } from './memory-object.js';
import { exactNumber, hex, isAligned, paddedHex, toNumber } from './numbers.js';
import { failure, type Failure } from './outcome.js';
import { clearFrames, mapFrames } from './page-frames.js';
import { isClientRange } from './raw.js';
import { PAGE_NONE, type Region } from './region.js';
import type { SpaceState } from './space-state.js';
import { mergeUnmapped, unmapRegion } from './unmap.js';

/**
 * How much of an allocation is prepared: `addr` address space only, page tables come and go with maps; `ptes` page
 * tables are built now and kept; `lazy` page tables are built by the first map and kept.
 */
export type AllocationType = 'lazy' | 'addr' | 'ptes';

const MAX_U64 = 2n ** 64n - 1n;

/** The multiple of 16 below an address that is not exact itself: enough to find the region. */
function nearby(value: bigint): number {
  return Number(BigInt.asUintN(64, value) & ~15n);
}

/** Text of an address in a log line. */
function text(value: number | bigint): string {
  return paddedHex(value, 16);
}

/** Checks that a quantity fits 64 bits at all: the reference can't be asked anything else. */
export function checkU64(value: bigint, what: string): Failure | undefined {
  if (value >= 0n && value <= MAX_U64) return undefined;
  return failure('EINVAL', `${what} ${value < 0n ? String(value) : hex(value)} is not a 64-bit quantity`);
}

/**
 * Map arguments as the backends expect them: none at all where none is given.
 *
 * @returns The arguments, or why they make no sense.
 */
export function checkArguments(args: MapArguments | undefined): { args: MapArguments | undefined } | Failure {
  if (args === undefined) return { args };
  const { kind, comp, ro, priv, vol } = args;
  if (kind !== undefined && !isByte(kind)) return failure('EINVAL', `storage kind ${kind} is not from 0 to 255`);
  if (comp !== undefined && !isByte(comp)) return failure('EINVAL', `compression mode ${comp} is not from 0 to 255`);
  const given = [kind, comp, ro, priv, vol].some((value) => value !== undefined);
  return { args: given ? args : undefined };
}

function isByte(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 255;
}

/** Allocates address space. */
export function clientGet(
  space: SpaceState,
  size: bigint,
  type: AllocationType,
  shift: number,
  align: number,
  sparse: boolean,
): Region | Failure {
  const number = exactNumber(size);
  const exact = !Number.isNaN(number);
  if (!exact) {
    const bad = checkU64(size, 'size');
    if (bad !== undefined) return bad;
  }
  const { request } = space;
  request.getref = type === 'ptes';
  request.mapref = type === 'addr';
  request.sparse = sparse;
  request.shift = shift;
  request.align = align;
  request.size = exact ? number : nearby(size);
  request.exactSize = exact ? undefined : size;
  return allocate(space, request);
}

/** Frees an allocation by its address. */
export function clientPut(space: SpaceState, addr: bigint): Failure | undefined {
  const at = exactNumber(addr);
  const region = space.regions.find(Number.isNaN(at) ? nearby(addr) : at);
  if (region === undefined || region.addr !== at || region.part) {
    const bad = checkU64(addr, 'address');
    if (bad !== undefined) return bad;
    space.debug(() => `lookup ${text(addr)}: ${text(region?.addr ?? MAX_U64)} ${region?.part === true ? 1 : 0}`);
    return failure('ENOENT', notThere(addr, region));
  }
  free(space, region);
  return undefined;
}

function notThere(addr: bigint, region: Region | undefined): string {
  if (region === undefined) return `nothing is allocated at ${hex(addr)}`;
  if (region.part) return `${hex(addr)} is inside an allocation: free it by its first address`;
  return `${hex(addr)} is not the start of the region at ${hex(region.addr)}`;
}

/** Maps a memory object into a region or a part of one. */
export function clientMap(
  space: SpaceState,
  addr: bigint,
  memory: MemoryObject,
  size: bigint | undefined,
  offset: bigint | undefined,
  args: MapArguments | undefined,
): Failure | undefined {
  const place = exactNumber(addr);
  const exact = !Number.isNaN(place);
  const from = offset === undefined ? 0 : exactNumber(offset);
  if (!exact || Number.isNaN(from)) {
    const bad = checkU64(addr, 'address') ?? checkU64(offset ?? 0n, 'offset');
    if (bad !== undefined) return bad;
  }
  if (size !== undefined && (size < 0n || size > MAX_U64)) return checkU64(size, 'size');
  const at = exact ? place : nearby(addr);
  const region = space.regions.find(at);
  const length = size === undefined ? (region?.size ?? 0) : Number(size);
  if (space.isRaw && isClientRange(space, at, length)) {
    return failure('EINVAL', `${hex(addr)} is in a range of the client: use the raw calls`);
  }
  if (memory.owner !== undefined && memory.owner !== space.device) {
    return failure('EINVAL', 'the memory object is mapped on another device');
  }
  if (region === undefined) {
    space.debug(() => `lookup ${text(addr)}`);
    return failure('ENOENT', `nothing is allocated at ${hex(addr)}`);
  }
  if (region.mapped && region.memory === undefined) {
    space.debug(() => `pfnmap ${text(addr)}`);
    return failure('EINVAL', `page frames are mapped at ${hex(addr)}`);
  }
  const whole = exact && at === region.addr && length === region.size;
  if (!whole) {
    const refused = checkSplit(space, region, addr, at, exact, size ?? BigInt(length), length);
    if (refused !== undefined) return refused;
  }
  const piece = whole ? region : space.regions.split(region, at, length);
  piece.busy = true;
  const map = space.mapState;
  if (Number.isNaN(from)) map.begin(at, length, memory, nearby(offset ?? 0n), offset, args);
  else map.begin(at, length, memory, from, undefined, args);
  const failed = mapRegion(space, piece, memory, map);
  piece.busy = false;
  if (failed !== undefined && !whole) mergeUnmapped(space, piece);
  return failed;
}

function checkSplit(
  space: SpaceState,
  region: Region,
  addr: bigint,
  at: number,
  exact: boolean,
  size: bigint,
  length: number,
): Failure | undefined {
  const bare = region.refd === PAGE_NONE && !region.mapref;
  const hasMemory = region.memory !== undefined;
  // A sum beyond 2^64 is beyond the region's end as well (KD-21); size 0 splits nothing off (KD-20).
  const beyond = length === 0 || at + length > region.end;
  // What is left of a region beyond 2^53 must have an exact size.
  const isExact = exact && (region.end <= Number.MAX_SAFE_INTEGER || (isAligned(at, 4) && isAligned(length, 4)));
  if (isExact && !beyond && !hasMemory && !bare) return undefined;
  space.debug(
    () =>
      `split ${+hasMemory} ${region.refd} ${+region.mapref} ${text(addr)} ${text(size)} ${text(region.addr)} ${text(region.size)}`,
  );
  if (length === 0) return failure('EINVAL', 'a map needs a size');
  const where = `[${hex(region.addr)}, ${hex(region.end)})`;
  if (beyond) return failure('EINVAL', `${hex(size)} bytes at ${hex(addr)} run over the end of the region ${where}`);
  if (hasMemory) return failure('EINVAL', `the region ${where} is mapped: it can be mapped again only as a whole`);
  if (bare) return failure('EINVAL', `the lazy region ${where} can be mapped only as a whole the first time`);
  return failure('EINVAL', `${hex(size)} bytes at ${hex(addr)} are not exact in units of 16 bytes`);
}

/** Unmaps a region or part by its address. */
export function clientUnmap(space: SpaceState, addr: bigint): Failure | undefined {
  const exact = exactNumber(addr);
  const at = Number.isNaN(exact) ? nearby(addr) : exact;
  if (space.isRaw && isClientRange(space, at, 1)) {
    return failure('EINVAL', `${hex(addr)} is in a range of the client: use the raw calls`);
  }
  const region = space.regions.find(at);
  if (region === undefined || region.addr !== exact) {
    const bad = checkU64(addr, 'address');
    if (bad !== undefined) return bad;
    space.debug(() => `lookup ${text(addr)}: ${text(region?.addr ?? MAX_U64)}`);
    return failure('ENOENT', notThere(addr, region));
  }
  if (region.memory === undefined) {
    space.debug(() => 'unmapped');
    return failure('EINVAL', `no memory object is mapped at ${hex(addr)}`);
  }
  unmapRegion(space, region);
  return undefined;
}

/** Maps page frames; as many as there are, where no size is given. */
export function clientMapFrames(
  space: SpaceState,
  addr: bigint,
  shift: number,
  size: bigint | undefined,
  frames: BigUint64Array,
): Failure | undefined {
  const length = size === undefined ? frames.length * 2 ** shift : Number(size);
  if (size !== undefined && BigInt(frames.length) !== (shift >= 64 ? 0n : size >> BigInt(shift))) {
    return failure('EINVAL', `${frames.length} frames for ${hex(size)} bytes in pages of 2^${shift}`);
  }
  const at = exactNumber(addr);
  if (space.isRaw && isClientRange(space, Number.isNaN(at) ? nearby(addr) : at, length)) {
    return failure('EINVAL', `${hex(addr)} is in a range of the client: use the raw calls`);
  }
  if (length === 0) return undefined;
  if (Number.isNaN(at)) return failure('EINVAL', `address ${hex(addr)} is not exact in units of 16 bytes`);
  const lanes = new Uint32Array(frames.buffer, frames.byteOffset, frames.length * 2);
  return mapFrames(space, shift, at, length, lanes);
}

/** Unmaps page frames. */
export function clientClearFrames(space: SpaceState, addr: bigint, size: bigint): Failure | undefined {
  const at = exactNumber(addr);
  if (space.isRaw && isClientRange(space, Number.isNaN(at) ? nearby(addr) : at, Number(size))) {
    return failure('EINVAL', `${hex(addr)} is in a range of the client: use the raw calls`);
  }
  if (size === 0n) return undefined;
  if (addr + size > MAX_U64 + 1n) return failure('EINVAL', `${hex(size)} bytes at ${hex(addr)} pass the end of 2^64`);
  // What lies behind the address space is nobody's: a range may end anywhere there.
  const end = addr + size > BigInt(space.limit) ? space.limit : toNumber(addr + size);
  if (Number.isNaN(at) || end === undefined)
    return failure('EINVAL', `${hex(size)} bytes at ${hex(addr)} are not exact`);
  return clearFrames(space, at, end);
}
