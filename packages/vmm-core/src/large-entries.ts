// Large-page entries (LPTE) and the small-page entries (SPTE) below them share addresses. What a large entry must
// contain follows from four facts about it, never from which call ran last:
//
//   mapped   small refs   sparse   content              unmapped small entries below
//   yes      any          any      the mapping
//   no       > 0          no       unmapped             zero
//   no       > 0          yes      unmapped             sparse
//   no       0            yes      sparse
//   no       0            no       invalid (or zero)
//
// "Unmapped" makes the hardware look at the small entries, the other three keep it from doing so.

import type { Level } from './backend.js';
import { findBit } from './bitmap.js';
import { fillEntries } from './entries.js';
import { InvariantError } from './errors.js';
import { LOG } from './observer.js';
import { LPTE, type PageTable } from './page-table.js';
import type { SpaceState } from './space-state.js';
import type { Walk } from './walk.js';

interface DualLevels {
  readonly small: Level;
  readonly large: Level;
}

/** The two levels of the space's dual tables. */
export function dualLevels(space: SpaceState): DualLevels {
  const large = space.largeLevel;
  if (large === undefined) throw new InvariantError('dual tables on a chip without large pages');
  return { small: space.smallestLevel, large };
}

function tag(index: number): string {
  return index.toString(16).padStart(5, '0');
}

/**
 * Fills the unmapped small entries in `[first, first + count)` as sparse or as not present, one line and one fill for
 * each run that mapped ones leave.
 */
export function fillSmall(walk: Walk, pt: PageTable, first: number, count: number, sparse: boolean): void {
  const table = pt.slot1;
  if (table === undefined) return;
  const { space } = walk;
  const { small } = dualLevels(space);
  const mapped = pt.smallMapped;
  const end = first + count;
  for (let at = findBit(mapped, first, end, false); at < end; at = findBit(mapped, at, end, false)) {
    const n = findBit(mapped, at, end, true) - at;
    if (space.logLevel >= LOG.trace) walk.trace(`SPTE ${tag(at)}: ${sparse ? 'U -> S' : 'S -> U'} ${n} PTEs`);
    fillEntries(space, small, table, at, n, sparse ? small.sparse : small.unmapped);
    at += n;
  }
}

/** Takes small references; the small entries take over where they are the first. */
export function takeSmallRefs(walk: Walk, pt: PageTable, index: number, count: number): void {
  const { space } = walk;
  const { small, large } = dualLevels(walk.space);
  const shift = small.bits - large.bits;
  const first = index >> shift;
  const end = ((index + count - 1) >> shift) + 1;
  addSmall(pt.smallRefs, shift, index, count, 1);
  const table = pt.slot0;
  if (table === undefined) return;
  const facts = pt.entryFacts;
  const settled = LPTE.handedOver | LPTE.mapped;
  for (let at = first; at < end;) {
    const fact = facts[at] as number;
    // A mapped entry hands over when it is cleared, not before: the mapping stays.
    if ((fact & settled) !== 0) {
      at++;
      continue;
    }
    const sparse = fact & LPTE.sparse;
    let n = 1;
    while (at + n < end && ((facts[at + n] as number) & (settled | LPTE.sparse)) === sparse) n++;
    for (let i = at; i < at + n; i++)
      facts[i] = (facts[i] as number) | LPTE.handedOver | (sparse !== 0 ? LPTE.filled : 0);
    if (sparse !== 0) {
      fillSmall(walk, pt, at << shift, n << shift, true);
      if (space.logLevel >= LOG.trace) walk.trace(`LPTE ${tag(at)}: S -> U ${n} PTEs`);
      fillEntries(walk.space, large, table, at, n, large.unmapped);
    } else if (large.invalid !== undefined) {
      if (space.logLevel >= LOG.trace) walk.trace(`LPTE ${tag(at)}: I -> U ${n} PTEs`);
      fillEntries(walk.space, large, table, at, n, large.unmapped);
    }
    at += n;
  }
}

/** Drops small references; the large entries take over again where none are left. */
export function dropSmallRefs(walk: Walk, pt: PageTable, index: number, count: number): void {
  const { space } = walk;
  const { small, large } = dualLevels(space);
  const shift = small.bits - large.bits;
  const first = index >> shift;
  const end = ((index + count - 1) >> shift) + 1;
  const refs = pt.smallRefs;
  addSmall(refs, shift, index, count, -1);
  const table = pt.slot0;
  if (table === undefined) return;
  const facts = pt.entryFacts;
  for (let at = first; at < end;) {
    if (refs[at] !== 0) {
      at++;
      continue;
    }
    const state = stateWithoutSmall(facts[at] as number);
    let n = 1;
    while (at + n < end && refs[at + n] === 0 && stateWithoutSmall(facts[at + n] as number) === state) n++;
    for (let i = at; i < at + n; i++) facts[i] = (facts[i] as number) & ~LPTE.handedOver;
    if (state === LPTE.mapped) {
      if (space.logLevel >= LOG.trace) walk.trace(`LPTE ${tag(at)}: V ${n} PTEs`);
    } else if (state === LPTE.sparse) {
      if (space.logLevel >= LOG.trace) walk.trace(`LPTE ${tag(at)}: U -> S ${n} PTEs`);
      fillEntries(space, large, table, at, n, large.sparse);
      // The GPU may have cached "look at the small entries" (raw spaces, where nothing else would flush).
      if (space.isRaw) walk.markFlush();
    } else if (large.invalid !== undefined) {
      if (space.logLevel >= LOG.trace) walk.trace(`LPTE ${tag(at)}: U -> I ${n} PTEs`);
      fillEntries(space, large, table, at, n, large.invalid);
    }
    at += n;
  }
}

/** What a large entry is without small references: mapped, sparse, or neither (0). */
function stateWithoutSmall(fact: number): number {
  return (fact & LPTE.mapped) !== 0 ? LPTE.mapped : fact & LPTE.sparse;
}

function addSmall(refs: Uint16Array, shift: number, index: number, count: number, sign: 1 | -1): void {
  const span = 1 << shift;
  let left = count;
  let skip = index & (span - 1);
  for (let at = index >> shift; left > 0; at++) {
    const n = Math.min(span - skip, left);
    refs[at] = (refs[at] as number) + sign * n;
    left -= n;
    skip = 0;
  }
}

/** Gives a new large-page table its contents, around the small references that exist already. */
export function fillNewLargeTable(walk: Walk, pt: PageTable): void {
  const { space } = walk;
  const { large } = dualLevels(space);
  const table = pt.slot0;
  if (table === undefined) return;
  const facts = pt.entryFacts;
  const refs = pt.smallRefs;
  const inherited = pt.inheritsSparse ? LPTE.sparse : 0;
  const entries = facts.length;
  for (let i = 0; i < entries; i++) {
    facts[i] = ((facts[i] as number) & LPTE.filled) | inherited | (refs[i] !== 0 ? LPTE.handedOver : 0);
  }
  // Taken zeroed: zero already says "unmapped" there, and nothing says "invalid".
  if (isTakenZeroed(pt, large)) return;
  const blocked = pt.inheritsSparse ? large.sparse : large.invalid;
  for (let at = 0; at < entries;) {
    const small = refs[at] !== 0;
    let n = 1;
    while (at + n < entries && (refs[at + n] !== 0) === small) n++;
    fillEntries(space, large, table, at, n, small ? large.unmapped : blocked);
    at += n;
  }
}

/** Whether a new hardware table of a level is taken zeroed from the pool, instead of being filled afterwards. */
export function isTakenZeroed(pt: PageTable, level: Level): boolean {
  return !pt.inheritsSparse && level.invalid === undefined;
}

/** Ends the mappings of large entries and writes what their other facts call for. */
export function clearLarge(walk: Walk, pt: PageTable, index: number, count: number): void {
  const facts = pt.entryFacts;
  for (let i = index; i < index + count; i++) facts[i] = (facts[i] as number) & ~LPTE.mapped;
  writeLarge(walk, pt, index, count);
}

/** Writes what the facts call for into the large entries that are not mapped, neighbours of equal outcome at once. */
export function writeLarge(walk: Walk, pt: PageTable, index: number, count: number): void {
  const { space } = walk;
  const { small, large } = dualLevels(space);
  const table = pt.slot0;
  if (table === undefined) throw new InvariantError('large entries without a table');
  const facts = pt.entryFacts;
  const refs = pt.smallRefs;
  const shift = small.bits - large.bits;
  const end = index + count;
  // Without an invalid state, entries that block small ones and entries that do not are alike: zero.
  const blocked = large.invalid === undefined ? 0 : 1;
  for (let at = index; at < end;) {
    const state = outcome(facts[at] as number, refs[at] as number, blocked);
    let n = 1;
    while (at + n < end && outcome(facts[at + n] as number, refs[at + n] as number, blocked) === state) n++;
    if (state === 0) {
      handOver(walk, pt, at, n, shift);
      fillEntries(space, large, table, at, n, large.unmapped);
    } else if (state > 0) {
      fillEntries(space, large, table, at, n, state === 2 ? large.sparse : large.invalid);
    }
    at += n;
  }
}

/** What is to be written into a large entry: -1 nothing (mapped), 0 unmapped, 1 invalid, 2 sparse. */
function outcome(fact: number, refs: number, blocked: number): number {
  if ((fact & LPTE.mapped) !== 0) return -1;
  if (refs !== 0) return 0;
  return (fact & LPTE.sparse) !== 0 ? 2 : blocked;
}

/**
 * Marks large entries that have small references as handed over. Where the small ones take over a sparse range for the first time they must be
 * sparse by then, unless a sparse directory entry has made them so from the start.
 */
function handOver(walk: Walk, pt: PageTable, index: number, count: number, shift: number): void {
  const facts = pt.entryFacts;
  const end = index + count;
  const fresh = (at: number): boolean => ((facts[at] as number) & (LPTE.sparse | LPTE.handedOver)) === LPTE.sparse;
  const owned = (at: number): boolean => pt.smallRefs[at] !== 0;
  for (let at = index; at < end;) {
    let n = 1;
    if (fresh(at) && !pt.inheritsSparse) {
      while (at + n < end && fresh(at + n)) n++;
      fillSmall(walk, pt, at << shift, n << shift, true);
      for (let i = at; i < at + n; i++) facts[i] = (facts[i] as number) | LPTE.filled;
    }
    for (let i = at; i < at + n; i++) if (owned(i)) facts[i] = (facts[i] as number) | LPTE.handedOver;
    at += n;
  }
}

/** Makes large entries sparse; small entries below that are referenced become sparse first. */
export function makeLargeSparse(walk: Walk, pt: PageTable, index: number, count: number): void {
  const { small, large } = dualLevels(walk.space);
  const shift = small.bits - large.bits;
  const facts = pt.entryFacts;
  const refs = pt.smallRefs;
  const end = index + count;
  for (let i = index; i < end; i++) facts[i] = (facts[i] as number) | LPTE.sparse;
  // All fills of small entries come before the first write of a large one.
  for (let at = index; at < end;) {
    if (refs[at] === 0) {
      at++;
      continue;
    }
    let n = 1;
    while (at + n < end && refs[at + n] !== 0) n++;
    fillSmall(walk, pt, at << shift, n << shift, true);
    for (let i = at; i < at + n; i++) facts[i] = (facts[i] as number) | LPTE.filled;
    at += n;
  }
}

/** Ends the sparseness of large entries: small entries that were filled sparse for them are cleared (KD-03). */
export function endLargeSparse(walk: Walk, pt: PageTable, index: number, count: number): void {
  const { small, large } = dualLevels(walk.space);
  const shift = small.bits - large.bits;
  const facts = pt.entryFacts;
  const end = index + count;
  for (let at = index; at < end;) {
    if (((facts[at] as number) & LPTE.filled) === 0) {
      at++;
      continue;
    }
    let n = 1;
    while (at + n < end && ((facts[at + n] as number) & LPTE.filled) !== 0) n++;
    fillSmall(walk, pt, at << shift, n << shift, false);
    at += n;
  }
  for (let i = index; i < end; i++) facts[i] = (facts[i] as number) & ~(LPTE.sparse | LPTE.filled);
}

/** Notes that small entries were cleared to sparse: where the large entry above is sparse, they are so on its behalf. */
export function noteSmallSparse(walk: Walk, pt: PageTable, index: number, count: number): void {
  const { small, large } = dualLevels(walk.space);
  const shift = small.bits - large.bits;
  const facts = pt.entryFacts;
  const end = ((index + count - 1) >> shift) + 1;
  for (let at = index >> shift; at < end; at++) {
    if (((facts[at] as number) & LPTE.sparse) !== 0) facts[at] = (facts[at] as number) | LPTE.filled;
  }
}

/** Makes everything below a dual-table directory entry sparse, or not sparse any more. Mappings stay. */
export function fillDual(walk: Walk, pt: PageTable, sparse: boolean): void {
  const { space } = walk;
  const { small, large } = dualLevels(space);
  pt.inheritsSparse = sparse;
  fillSmall(walk, pt, 0, 1 << small.bits, sparse);
  const facts = pt.entryFacts;
  const entries = facts.length;
  const table = pt.slot0;
  const drop = sparse ? 0 : LPTE.sparse | LPTE.filled;
  for (let i = 0; i < entries; i++) {
    facts[i] = ((facts[i] as number) & ~drop) | (sparse && table !== undefined ? LPTE.sparse : 0);
  }
  if (table === undefined) return;
  const free = (at: number): boolean => pt.smallRefs[at] === 0 && ((facts[at] as number) & LPTE.mapped) === 0;
  for (let at = 0; at < entries;) {
    if (!free(at)) {
      at++;
      continue;
    }
    let n = 1;
    while (at + n < entries && free(at + n)) n++;
    if (space.logLevel >= LOG.trace) walk.trace(`LPTE ${tag(at)}: ${sparse ? 'I -> S' : 'S -> I'} ${n} PTEs`);
    fillEntries(space, large, table, at, n, sparse ? large.sparse : (large.invalid ?? large.unmapped));
    at += n;
  }
}

/** Forgets what concerned the small-page table, which goes away. */
export function forgetSmallTable(pt: PageTable): void {
  const facts = pt.entryFacts;
  for (let i = 0; i < facts.length; i++) facts[i] = (facts[i] as number) & ~LPTE.filled;
  pt.smallMapped.fill(0);
}

/** Forgets what concerned the large-page table, which goes away. */
export function forgetLargeTable(pt: PageTable): void {
  const facts = pt.entryFacts;
  for (let i = 0; i < facts.length; i++) facts[i] = (facts[i] as number) & LPTE.filled;
}
