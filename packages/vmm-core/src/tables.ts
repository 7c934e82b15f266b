import type { PooledTable } from '@nvmmu/ptcache';
import { fillEntries, writePde } from './entries.js';
import { InvariantError } from './errors.js';
import { fillNewLargeTable, forgetLargeTable, forgetSmallTable, isTakenZeroed } from './large-entries.js';
import { LOG } from './observer.js';
import { ENTRY, PageTable } from './page-table.js';
import type { Walk } from './walk.js';

function isMapped(directory: PageTable, index: number): boolean {
  return ((directory.entryFacts[index] as number) & ENTRY.mapped) !== 0;
}

function setTable(pt: PageTable, slot: 0 | 1, table: PooledTable | undefined): void {
  if (slot === 0) pt.slot0 = table;
  else pt.slot1 = table;
}

/**
 * Makes sure that a record exists below the entry of the present level (`nvkm_vmm_ref_swpt`). Records cost the device
 * nothing; they are only made here.
 */
export function ensureRecord(walk: Walk): PageTable {
  const directory = walk.tables[walk.level] as PageTable;
  const index = walk.index[walk.level] as number;
  const existing = directory.children[index];
  if (existing !== undefined) return existing;
  const sparse = ((directory.entryFacts[index] as number) & ENTRY.sparse) !== 0;
  const level = walk.levelAt(walk.level - 1);
  // Records of dual tables come and go with their tables: those that went are used again.
  const spare = level.type === 'SPT' || level.type === 'LPT' ? walk.space.spareRecords.pop() : undefined;
  spare?.renew(sparse, walk.page.shift);
  const pt = spare ?? new PageTable(level, walk.pair, sparse, walk.page.shift);
  directory.children[index] = pt;
  return pt;
}

/**
 * Gives the record below the entry of the present level its hardware table, with contents, and points the entry at it
 * (`nvkm_vmm_ref_hwpt`).
 *
 * @returns False when there was no memory; tables that were made for nothing are gone again.
 */
export function buildTable(walk: Walk, pt: PageTable): boolean {
  const { space } = walk;
  const directory = walk.tables[walk.level] as PageTable;
  const index = walk.index[walk.level] as number;
  const level = walk.levelAt(walk.level - 1);
  const slot = level.type === 'SPT' ? 1 : 0;
  const entries = 1 << level.bits;
  const zeroed = isTakenZeroed(pt, level);
  directory.refs0++;
  const table = space.allocateTable(level.entryBytes * entries, level.align, zeroed);
  setTable(pt, slot, table);
  if (table === undefined) {
    walk.level--;
    freeTable(walk);
    return false;
  }
  if (level.type === 'LPT') {
    pt.prepareLarge();
    fillNewLargeTable(walk, pt);
  } else {
    if (slot === 1) pt.prepareSmall(entries);
    if (!zeroed) {
      if (level.type === 'PGD') pt.entryFacts.fill(ENTRY.sparse);
      fillEntries(space, level, table, 0, entries, pt.inheritsSparse ? level.sparse : level.invalid);
    }
  }
  // A page in the entry stays until it is unmapped; the entry will be made to point here then (KD-09).
  if (isMapped(directory, index)) return true;
  if (space.logLevel >= LOG.trace) walk.trace(`PDE write ${level.type}`);
  writePde(space, walk.levelAt(walk.level), directory, index, pt);
  walk.markFlush();
  return true;
}

/**
 * Releases the hardware table of the present level, which nothing refers to any more, and the directories above that
 * are left empty (`nvkm_vmm_unref_pdes`). The GPU drops what it has cached of them before the memory goes.
 */
export function freeTable(walk: Walk): void {
  const { space } = walk;
  const below = walk.level;
  const type = walk.levelAt(below).type;
  const slot = type === 'SPT' ? 1 : 0;
  const pt = walk.tables[below] as PageTable;
  const table = pt.table(slot);
  const directory = walk.tables[below + 1] as PageTable;
  const index = walk.index[below + 1] as number;
  const partnerLives = pt.refs(slot === 0 ? 1 : 0) > 0;
  walk.level++;
  if (--directory.refs0 > 0) {
    setTable(pt, slot, undefined);
    if (!partnerLives) directory.children[index] = undefined;
    if (!isMapped(directory, index)) {
      const level = walk.levelAt(walk.level);
      if (space.logLevel >= LOG.trace) walk.trace(`PDE unmap ${type}`);
      if (partnerLives) {
        writePde(space, level, directory, index, pt);
      } else if (directory.slot0 === undefined) {
        writePde(space, level, directory, index, undefined);
      } else {
        const sparse = ((directory.entryFacts[index] as number) & ENTRY.sparse) !== 0;
        fillEntries(space, level, directory.slot0, index, 1, sparse ? level.sparse : level.unmapped);
      }
      walk.markFlush();
      walk.flush();
    }
  } else {
    if (walk.level >= walk.top) throw new InvariantError('the top-level directory lost its last reference');
    freeTable(walk);
  }
  if (space.logLevel >= LOG.trace) walk.trace(`PDE free ${type}`);
  space.releaseTable(table);
  if (!partnerLives) space.keepRecord(type, pt);
  else if (slot === 1) forgetSmallTable(pt);
  else forgetLargeTable(pt);
  walk.level--;
}
