// What a walk does to the entries of one table at its bottom.

import type { PooledTable } from '@nvmmu/ptcache';
import { clearBits, findBit, setBits } from './bitmap.js';
import { clearDirectory, endDirectorySparse, fillBelow, makeDirectorySparse } from './directory-entries.js';
import { fillEntries, logWrites } from './entries.js';
import { InvariantError } from './errors.js';
import {
  clearLarge,
  dropSmallRefs,
  endLargeSparse,
  makeLargeSparse,
  noteSmallSparse,
  takeSmallRefs,
  writeLarge,
} from './large-entries.js';
import { LOG } from './observer.js';
import { ENTRY, LPTE, type PageTable } from './page-table.js';
import { freeTable } from './tables.js';
import type { Walk } from './walk.js';

/** The record at the bottom of a walk. */
function leafTable(walk: Walk): PageTable {
  return walk.tables[0] as PageTable;
}

/** The hardware table at the bottom of a walk. */
export function leafMemory(walk: Walk): PooledTable {
  const pt = leafTable(walk);
  const table = walk.leaf.type === 'SPT' ? pt.slot1 : pt.slot0;
  if (table === undefined) throw new InvariantError(`a walk reached a ${walk.leaf.type} that does not exist`);
  return table;
}

/** Takes one reference on each entry. */
export function takeRefs(walk: Walk, index: number, count: number): void {
  const pt = leafTable(walk);
  if (walk.leaf.type === 'SPT') {
    pt.refs1 += count;
    takeSmallRefs(walk, pt, index, count);
    return;
  }
  pt.refs0 += count;
  if (walk.leaf.type === 'LPT') addLarge(pt, index, count, 1);
}

/**
 * Drops one reference on each entry, and the table with the last one.
 *
 * @returns Whether the table still exists.
 */
export function dropRefs(walk: Walk, index: number, count: number): boolean {
  const pt = leafTable(walk);
  const { type } = walk.leaf;
  if (type === 'SPT') {
    pt.refs1 -= count;
    // Not worth it when the whole directory entry goes.
    if (pt.refs0 > 0 || pt.refs1 > 0) dropSmallRefs(walk, pt, index, count);
    if (pt.refs1 > 0) return true;
  } else {
    pt.refs0 -= count;
    if (type === 'LPT') addLarge(pt, index, count, -1);
    if (pt.refs0 > 0) return true;
  }
  if (walk.space.logLevel >= LOG.trace) {
    walk.level++;
    walk.trace(`${type} empty`);
    walk.level--;
  }
  freeTable(walk);
  return false;
}

function addLarge(pt: PageTable, index: number, count: number, sign: 1 | -1): void {
  const refs = pt.largeRefs;
  for (let i = index; i < index + count; i++) refs[i] = (refs[i] as number) + sign;
}

/** Notes that a map has written the entries. */
export function noteMapped(walk: Walk, index: number, count: number): void {
  const pt = leafTable(walk);
  if (walk.leaf.type === 'SPT') {
    setBits(pt.smallMapped, index, count);
    return;
  }
  const facts = pt.entryFacts;
  // LPTE.mapped and ENTRY.mapped are the same bit.
  for (let i = index; i < index + count; i++) facts[i] = (facts[i] as number) | LPTE.mapped;
}

/**
 * Ends the mappings of entries in a table that stays. Whether the range is sparse matters to small pages only, larger
 * ones know it by their own facts.
 */
export function clearEntries(walk: Walk, index: number, count: number): void {
  const { space, leaf, sparse } = walk;
  const pt = leafTable(walk);
  switch (leaf.type) {
    case 'SPT':
      clearBits(pt.smallMapped, index, count);
      fillEntries(space, leaf, leafMemory(walk), index, count, sparse ? leaf.sparse : leaf.unmapped);
      if (sparse) noteSmallSparse(walk, pt, index, count);
      break;
    case 'LPT':
      clearLarge(walk, pt, index, count);
      break;
    case 'PGT': {
      const facts = pt.entryFacts;
      for (let i = index; i < index + count; i++) facts[i] = (facts[i] as number) & ~ENTRY.mapped;
      fillEntries(space, leaf, leafMemory(walk), index, count, sparse ? leaf.sparse : leaf.unmapped);
      break;
    }
    case 'PGD':
      clearDirectory(walk, pt, index, count);
      break;
  }
}

/** Takes references and makes the entries sparse, but for mapped ones. */
export function takeSparse(walk: Walk, index: number, count: number): void {
  const { leaf } = walk;
  const pt = leafTable(walk);
  switch (leaf.type) {
    case 'SPT':
      takeRefs(walk, index, count);
      fillUnmappedSmall(walk, pt, index, count, true);
      break;
    case 'LPT':
      takeRefs(walk, index, count);
      makeLargeSparse(walk, pt, index, count);
      writeLarge(walk, pt, index, count);
      break;
    case 'PGT':
      takeRefs(walk, index, count);
      fillUnmapped(walk, pt.entryFacts, ENTRY.mapped, index, count, true);
      break;
    case 'PGD':
      takeRefs(walk, index, count);
      for (let i = index; i < index + count; i++) pt.entryFacts[i] = (pt.entryFacts[i] as number) | ENTRY.sparse;
      fillBelow(walk, pt, index, count, true);
      makeDirectorySparse(walk, pt, index, count);
      break;
  }
  walk.markFlush();
}

/**
 * Ends the sparseness of entries and drops the references that came with it. What is mapped there ends with it, or
 * stays, as the walk says.
 */
export function dropSparse(walk: Walk, index: number, count: number): void {
  const { leaf, endMappings } = walk;
  const pt = leafTable(walk);
  const facts = pt.entryFacts;
  switch (leaf.type) {
    case 'SPT':
      if (!dropRefs(walk, index, count)) return;
      if (endMappings) clearBits(pt.smallMapped, index, count);
      fillUnmappedSmall(walk, pt, index, count, false);
      break;
    case 'LPT':
      endLargeSparse(walk, pt, index, count);
      if (endMappings) for (let i = index; i < index + count; i++) facts[i] = (facts[i] as number) & ~LPTE.mapped;
      if (!dropRefs(walk, index, count)) return;
      writeLarge(walk, pt, index, count);
      break;
    case 'PGT':
      if (!dropRefs(walk, index, count)) return;
      if (endMappings) for (let i = index; i < index + count; i++) facts[i] = (facts[i] as number) & ~ENTRY.mapped;
      fillUnmapped(walk, facts, ENTRY.mapped, index, count, false);
      break;
    case 'PGD':
      for (let i = index; i < index + count; i++) facts[i] = (facts[i] as number) & ~ENTRY.sparse;
      fillBelow(walk, pt, index, count, false);
      if (!dropRefs(walk, index, count)) return;
      endDirectorySparse(walk, pt, index, count, endMappings);
      break;
  }
  walk.markFlush();
}

/** Fills the small entries that are not mapped, one fill for each run. */
function fillUnmappedSmall(walk: Walk, pt: PageTable, index: number, count: number, sparse: boolean): void {
  const { space, leaf } = walk;
  const table = leafMemory(walk);
  const mapped = pt.smallMapped;
  const end = index + count;
  for (let at = findBit(mapped, index, end, false); at < end; at = findBit(mapped, at, end, false)) {
    const n = findBit(mapped, at, end, true) - at;
    fillEntries(space, leaf, table, at, n, sparse ? leaf.sparse : leaf.unmapped);
    at += n;
  }
}

/** Fills the entries that are not mapped, one fill for each run. */
function fillUnmapped(
  walk: Walk,
  facts: Uint8Array,
  mapped: number,
  index: number,
  count: number,
  sparse: boolean,
): void {
  const { space, leaf } = walk;
  const table = leafMemory(walk);
  const end = index + count;
  for (let at = index; at < end;) {
    if (((facts[at] as number) & mapped) !== 0) {
      at++;
      continue;
    }
    let n = 1;
    while (at + n < end && ((facts[at + n] as number) & mapped) === 0) n++;
    fillEntries(space, leaf, table, at, n, sparse ? leaf.sparse : leaf.unmapped);
    at += n;
  }
}

/**
 * Takes the valid bit off entries that refer to host pages and releases those pages, the GPU having been told in
 * between. Entries of video frames are left alone.
 */
export function releaseFrames(walk: Walk, index: number, count: number): void {
  const { space, leaf } = walk;
  const frames = leaf.frames;
  if (frames === undefined) throw new InvariantError('page frames at a level that can not map them');
  const table = leafMemory(walk);
  const { words } = table;
  const at = table.wordBase + index * (leaf.entryBytes >> 2);
  const wrote =
    space.logLevel === 0
      ? undefined
      : (n: number): void => {
          // Only the low half of a 16-byte entry is written.
          logWrites(space, leaf.entryBytes, 8, table, index + n, 1);
        };
  if (!frames.clear(words, at, count, wrote)) return;
  walk.markFlush();
  walk.flush();
  const host = space.hostPages;
  if (host !== undefined) frames.unmap(words, at, count, host);
}
