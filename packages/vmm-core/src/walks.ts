// The walks by name: each is one traversal with what it does to the entries at the bottom. The names appear in the log.

import {
  leafMemory,
  clearEntries,
  dropRefs,
  dropSparse,
  noteMapped,
  releaseFrames,
  takeRefs,
  takeSparse,
} from './leaf.js';
import { InvariantError } from './errors.js';
import { logWrites } from './entries.js';
import { shiftRight } from './numbers.js';
import { writeFromSource } from './sources.js';
import { sparsePiece } from './sparse-ranges.js';
import type { SpaceState } from './space-state.js';
import { traverse, type LeafAction } from './traverse.js';
import type { FrameCursor, MapSource, Walk } from './walk.js';

/** Takes a reference on each entry, building tables. Returns the bytes done. */
export function walkRef(space: SpaceState, page: number, addr: number, size: number): number {
  return run(space, 'ref', page, addr, size, true, takeRefs);
}

/** Drops a reference on each entry; tables go with their last one. */
export function walkUnref(space: SpaceState, page: number, addr: number, size: number): void {
  run(space, 'unref', page, addr, size, false, dropRefs);
}

/** Takes references and writes entries. Returns the bytes done. */
export function walkRefMap(space: SpaceState, page: number, addr: number, size: number, source: MapSource): number {
  space.walk.source = source;
  return run(space, 'ref + map', page, addr, size, true, refAndWrite);
}

/** Writes entries that have references. */
export function walkMap(space: SpaceState, page: number, addr: number, size: number, source: MapSource): void {
  space.walk.source = source;
  run(space, 'map', page, addr, size, false, write);
}

/** Clears entries; `frames` when they hold page frames, whose host pages are released. */
export function walkUnmap(
  space: SpaceState,
  page: number,
  addr: number,
  size: number,
  sparse: boolean,
  frames: boolean,
): void {
  space.walk.sparse = sparse;
  space.walk.frames = frames;
  run(space, 'unmap', page, addr, size, false, clear);
}

/** Clears entries of raw calls, to what the sparse ranges of the client call for. */
export function walkRawUnmap(space: SpaceState, page: number, addr: number, size: number): void {
  space.walk.frames = false;
  run(space, 'unmap', page, addr, size, false, clearBySparseRanges);
}

/** Clears entries and drops their references. In a table that goes away nothing is cleared. */
export function walkUnmapUnref(
  space: SpaceState,
  page: number,
  addr: number,
  size: number,
  sparse: boolean,
  frames: boolean,
): void {
  space.walk.sparse = sparse;
  space.walk.frames = frames;
  run(space, 'unmap + unref', page, addr, size, false, unrefAndClear);
}

/** Releases the host pages of page frames that are about to be replaced (KD-14). */
export function walkRelease(space: SpaceState, page: number, addr: number, size: number): void {
  run(space, 'release', page, addr, size, false, releaseFrames);
}

/** Takes references and makes entries sparse. Returns the bytes done. */
export function walkSparseRef(space: SpaceState, page: number, addr: number, size: number): number {
  return run(space, 'sparse ref', page, addr, size, true, takeSparse);
}

/** Ends sparseness and drops its references; `endMappings` when what is mapped there ends too. */
export function walkSparseUnref(
  space: SpaceState,
  page: number,
  addr: number,
  size: number,
  endMappings: boolean,
): void {
  space.walk.endMappings = endMappings;
  run(space, 'sparse unref', page, addr, size, false, dropSparse);
}

/** Visits the tables of a booted space without touching them: the driver makes them accessible early here. */
export function walkBootstrap(space: SpaceState, page: number, addr: number, size: number): void {
  space.walk.start('bootstrap', page, addr, size);
}

function run(
  space: SpaceState,
  name: string,
  page: number,
  addr: number,
  size: number,
  build: boolean,
  leaf: LeafAction,
): number {
  const { walk } = space;
  walk.start(name, page, addr, size);
  return traverse(walk, build, leaf);
}

// The actions take what they need from the walk: closures would be made for each call, and never be inlined.

function refAndWrite(walk: Walk, index: number, count: number): void {
  takeRefs(walk, index, count);
  write(walk, index, count);
}

function unrefAndClear(walk: Walk, index: number, count: number): void {
  if (walk.frames) releaseFrames(walk, index, count);
  if (!dropRefs(walk, index, count)) return;
  clearEntries(walk, index, count);
  walk.markFlush();
}

function clear(walk: Walk, index: number, count: number): void {
  if (walk.frames) releaseFrames(walk, index, count);
  clearEntries(walk, index, count);
  walk.markFlush();
}

function clearBySparseRanges(walk: Walk, index: number, count: number): void {
  const { space, leaf, page } = walk;
  const ranges = space.rawSparse;
  walk.sparse = false;
  // Directory entries and the large pages of pairs know by their own facts whether they are sparse.
  if ((leaf.type !== 'SPT' && leaf.type !== 'PGT') || ranges.size === 0) {
    clear(walk, index, count);
    return;
  }
  const end = index + count;
  for (let at = index; at < end;) {
    const addr = walk.addressOf(at);
    const { sparse, until } = sparsePiece(ranges, addr, walk.addressOf(end));
    const n = shiftRight(until - addr, page.shift);
    walk.sparse = sparse;
    clear(walk, at, n);
    at += n;
  }
}

function write(walk: Walk, index: number, count: number): void {
  const { source } = walk;
  if (source === undefined) throw new InvariantError('a walk that writes without a source');
  if ('lanes' in source) writeFrames(walk, index, count, source);
  else writeFromSource(walk.space, walk.leaf, leafMemory(walk), index, count, source);
  noteMapped(walk, index, count);
  walk.markFlush();
}

function writeFrames(walk: Walk, index: number, count: number, source: FrameCursor): void {
  const { space, leaf } = walk;
  if (leaf.frames === undefined) throw new InvariantError('page frames at a level that can not map them');
  const table = leafMemory(walk);
  const at = table.wordBase + index * (leaf.entryBytes >> 2);
  leaf.frames.write(table.words, at, source.lanes, source.next, count, space.hostPages);
  source.next += count;
  // Only the low half of a 16-byte entry is written.
  logWrites(space, leaf.entryBytes, 8, table, index, count);
}
