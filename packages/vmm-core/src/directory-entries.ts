// Entries of directories as leaves of a walk: large pages that share their slot with pointers to smaller tables, and
// sparse ranges as large as a directory entry (KD-09).

import { fillEntries, writePde } from './entries.js';
import { InvariantError } from './errors.js';
import { fillDual } from './large-entries.js';
import type { Level } from './backend.js';
import { ENTRY, type PageTable } from './page-table.js';
import type { Walk } from './walk.js';

function factsAt(pt: PageTable, index: number): number {
  return pt.entryFacts[index] as number;
}

/** Fills runs of entries that satisfy `wanted`, as their sparse fact says; neighbours of equal outcome at once. */
function fillRuns(
  walk: Walk,
  level: Level,
  pt: PageTable,
  index: number,
  count: number,
  wanted: (at: number) => boolean,
): void {
  const table = pt.slot0;
  if (table === undefined) throw new InvariantError('a directory without storage can not hold pages');
  const end = index + count;
  for (let at = index; at < end;) {
    if (!wanted(at)) {
      at++;
      continue;
    }
    const sparse = factsAt(pt, at) & ENTRY.sparse;
    let n = 1;
    while (at + n < end && wanted(at + n) && (factsAt(pt, at + n) & ENTRY.sparse) === sparse) n++;
    fillEntries(walk.space, level, table, at, n, sparse !== 0 ? level.sparse : level.unmapped);
    at += n;
  }
}

/** Ends the pages in directory entries: entries with tables point at them again, the others are filled. */
export function clearDirectory(walk: Walk, pt: PageTable, index: number, count: number): void {
  const end = index + count;
  for (let i = index; i < end; i++) pt.entryFacts[i] = factsAt(pt, i) & ~ENTRY.mapped;
  for (let at = index; at < end;) {
    const child = pt.children[at];
    if (child !== undefined) {
      writePde(walk.space, walk.leaf, pt, at, child);
      at++;
      continue;
    }
    let n = 1;
    while (at + n < end && pt.children[at + n] === undefined) n++;
    fillRuns(walk, walk.leaf, pt, at, n, () => true);
    at += n;
  }
}

/** Writes the sparse value into directory entries that neither point at tables nor are mapped. */
export function makeDirectorySparse(walk: Walk, pt: PageTable, index: number, count: number): void {
  fillRuns(walk, walk.leaf, pt, index, count, (at) => isFree(pt, at));
}

function isFree(pt: PageTable, at: number): boolean {
  return pt.children[at] === undefined && (factsAt(pt, at) & ENTRY.mapped) === 0;
}

/** Clears directory entries that were sparse; those with tables keep them. */
export function endDirectorySparse(
  walk: Walk,
  pt: PageTable,
  index: number,
  count: number,
  endMappings: boolean,
): void {
  if (!endMappings) {
    fillRuns(walk, walk.leaf, pt, index, count, (at) => isFree(pt, at));
    return;
  }
  const end = index + count;
  for (let at = index; at < end;) {
    const child = pt.children[at];
    if (child !== undefined) {
      // Only a page in front of the tables needs the entry written again.
      if ((factsAt(pt, at) & ENTRY.mapped) !== 0) {
        pt.entryFacts[at] = factsAt(pt, at) & ~ENTRY.mapped;
        writePde(walk.space, walk.leaf, pt, at, child);
      }
      at++;
      continue;
    }
    let n = 0;
    while (at + n < end && pt.children[at + n] === undefined) {
      pt.entryFacts[at + n] = factsAt(pt, at + n) & ~ENTRY.mapped;
      n++;
    }
    fillRuns(walk, walk.leaf, pt, at, n, () => true);
    at += n;
  }
}

/** Makes all tables below directory entries sparse, or not sparse any more. What is mapped in them stays. */
export function fillBelow(walk: Walk, pt: PageTable, index: number, count: number, sparse: boolean): void {
  const depth = walk.space.deepLevels.length - walk.levels.length;
  for (let at = index; at < index + count; at++) {
    const child = pt.children[at];
    if (child !== undefined) fillChild(walk, depth - 1, child, sparse);
  }
}

function fillChild(walk: Walk, depth: number, pt: PageTable, sparse: boolean): void {
  const level = walk.space.deepLevels[depth];
  if (level === undefined) throw new InvariantError('a directory below the smallest pages');
  if (level.type === 'SPT') {
    fillDual(walk, pt, sparse);
    return;
  }
  pt.inheritsSparse = sparse;
  const entries = 1 << level.bits;
  for (let i = 0; i < entries; i++) {
    pt.entryFacts[i] = sparse ? factsAt(pt, i) | ENTRY.sparse : factsAt(pt, i) & ~ENTRY.sparse;
  }
  for (let at = 0; at < entries;) {
    const child = pt.children[at];
    if (child !== undefined) {
      fillChild(walk, depth - 1, child, sparse);
      at++;
      continue;
    }
    let n = 1;
    while (at + n < entries && pt.children[at + n] === undefined) n++;
    fillRuns(walk, level, pt, at, n, (i) => isFree(pt, i));
    at += n;
  }
}
