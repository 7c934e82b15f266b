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
import type { MapState } from './map-state.js';
import { writeFromSource } from './sources.js';
import type { SpaceState } from './space-state.js';
import { traverse, type LeafAction } from './traverse.js';
import type { Walk } from './walk.js';

/** Page frames on their way into entries: two lanes a frame, and the next one to write. */
export interface FrameCursor {
  readonly lanes: Uint32Array;
  next: number;
}

/** What is written into entries: pages of a memory object, or page frames. */
export type MapSource = MapState | FrameCursor;

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
  return run(space, 'ref + map', page, addr, size, true, (walk, index, count) => {
    takeRefs(walk, index, count);
    write(walk, index, count, source);
  });
}

/** Writes entries that have references. */
export function walkMap(space: SpaceState, page: number, addr: number, size: number, source: MapSource): void {
  run(space, 'map', page, addr, size, false, (walk, index, count) => {
    write(walk, index, count, source);
  });
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
  run(space, 'unmap', page, addr, size, false, (walk, index, count) => {
    if (frames) releaseFrames(walk, index, count);
    clear(walk, index, count, sparse);
  });
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
  run(space, 'unmap + unref', page, addr, size, false, (walk, index, count) => {
    if (frames) releaseFrames(walk, index, count);
    if (dropRefs(walk, index, count)) clear(walk, index, count, sparse);
  });
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
  run(space, 'sparse unref', page, addr, size, false, (walk, index, count) => {
    dropSparse(walk, index, count, endMappings);
  });
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

function clear(walk: Walk, index: number, count: number, sparse: boolean): void {
  clearEntries(walk, index, count, sparse);
  walk.markFlush();
}

function write(walk: Walk, index: number, count: number, source: MapSource): void {
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
  leaf.frames.write(table.memory.words, at, source.lanes, source.next, count, space.hostPages);
  source.next += count;
  // Only the low half of a 16-byte entry is written.
  logWrites(space, leaf.entryBytes, 8, table, index, count);
}
