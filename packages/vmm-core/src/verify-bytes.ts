import type { PooledTable } from '@nvmmu/ptcache';
import type { EntryWords, Level } from './backend.js';
import { hasBit } from './bitmap.js';
import { InvariantError } from './errors.js';
import { pow2 } from './numbers.js';
import { ENTRY, LPTE, type PageTable } from './page-table.js';
import type { SpaceState } from './space-state.js';

/** Checks every entry of every table against what the driver's facts say that it must contain. */
export function verifyBytes(space: SpaceState): void {
  verifyDirectory(space, space.deepLevels.length - 1, space.root, 'top-level directory');
}

function wordsAt(table: PooledTable, level: Level, index: number): Uint32Array {
  const per = level.entryBytes >> 2;
  const at = table.wordBase + index * per;
  return table.words.subarray(at, at + per);
}

function equals(words: Uint32Array, value: EntryWords | Uint32Array | undefined): boolean {
  return value !== undefined && words.every((word, i) => word === value[i]);
}

/**
 * Whether an entry is empty, without an object for each: most entries of most tables are, and a table of the nv50
 * family has 131072.
 */
function isEmpty(table: PooledTable, level: Level, index: number): boolean {
  const { words } = table.memory;
  const { unmapped } = level;
  const at = table.wordBase + index * unmapped.length;
  for (let i = 0; i < unmapped.length; i++) if (words[at + i] !== unmapped[i]) return false;
  return true;
}

function text(words: ArrayLike<number>): string {
  return Array.from(words, (word) => word.toString(16).padStart(8, '0'))
    .reverse()
    .join('_');
}

function fail(place: string, words: Uint32Array, should: string): never {
  throw new InvariantError(`${place} contains ${text(words)}, which is not ${should}`);
}

/** Whether an entry is a valid page: bit 0 says so in every format. */
function isPage(words: Uint32Array): boolean {
  return ((words[0] ?? 0) & 1) !== 0;
}

const encoded = new Uint32Array(4);

function verifyDirectory(space: SpaceState, depth: number, pt: PageTable, name: string): void {
  const level = space.deepLevels[depth];
  if (level === undefined) throw new InvariantError(`${name}: deeper than the chip's tables`);
  const entries = 1 << level.bits;
  for (let i = 0; i < entries; i++) {
    const child = pt.children[i];
    const facts = pt.entryFacts[i] ?? 0;
    if (child === undefined && facts === 0 && pt.slot0 !== undefined && isEmpty(pt.slot0, level, i)) continue;
    const place = `${name}, entry ${i}`;
    if (pt.slot0 === undefined) verifyJoined(space, i, place);
    else {
      const words = wordsAt(pt.slot0, level, i);
      if ((facts & ENTRY.mapped) !== 0) {
        // A page frame whose host page could not be mapped is written as not present.
        if (!isPage(words) && child === undefined && space.hostPages === undefined) fail(place, words, 'a page');
      } else if (child !== undefined) {
        encoded.fill(0);
        level.encodePde?.(child, encoded);
        if (!equals(words, encoded)) fail(place, words, `the pointer ${text(encoded.subarray(0, words.length))}`);
      } else if ((facts & ENTRY.sparse) !== 0) {
        if (!equals(words, level.sparse)) fail(place, words, 'sparse');
      } else if (!equals(words, level.unmapped)) fail(place, words, 'empty');
    }
    if (child === undefined) continue;
    if (child.inheritsSparse !== ((facts & ENTRY.sparse) !== 0)) {
      throw new InvariantError(`${place}: table and entry disagree about being sparse`);
    }
    const below = space.deepLevels[depth - 1];
    if (below?.type === 'PGD') verifyDirectory(space, depth - 1, child, place);
    else if (below?.type === 'SPT') verifyDual(space, child, place);
    else verifySingle(space, child, place);
  }
}

/** Directories inside instance blocks: every joined block has the entry. */
function verifyJoined(space: SpaceState, index: number, place: string): void {
  const { directoryOffset } = space.template;
  if (directoryOffset === undefined) throw new InvariantError(`${place}: a directory without storage`);
  const span = space.deepLevels.slice(0, -1).reduce((bits, level) => bits + level.bits, space.pages.at(-1)?.shift ?? 0);
  const addr = index * pow2(span);
  if (addr + pow2(span) <= space.start || addr >= space.limit) return;
  encoded.fill(0);
  if (!space.directoryEntry(index, encoded)) return;
  for (const block of space.joined) {
    const at = (directoryOffset >> 2) + index * 2;
    const words = block.words.subarray(at, at + 2);
    if (!equals(words, encoded)) fail(`${place} in the block at 0x${block.addr.toString(16)}`, words, text(encoded));
  }
}

function verifySingle(space: SpaceState, pt: PageTable, name: string): void {
  const level = space.pages.find(({ shift }) => shift === pt.pageShift)?.levels[0];
  if (level === undefined || pt.slot0 === undefined) throw new InvariantError(`${name}: a table of no known page size`);
  for (let i = 0; i < 1 << level.bits; i++) {
    const mapped = ((pt.entryFacts[i] ?? 0) & ENTRY.mapped) !== 0;
    if (!mapped && isEmpty(pt.slot0, level, i)) continue;
    const words = wordsAt(pt.slot0, level, i);
    if (mapped ? !isPage(words) : isPage(words) || !(equals(words, level.unmapped) || equals(words, level.sparse))) {
      fail(`${name}, page ${i}`, words, mapped ? 'a page' : 'empty');
    }
  }
}

function verifyDual(space: SpaceState, pt: PageTable, name: string): void {
  const small = space.smallestLevel;
  const large = space.largeLevel;
  if (large === undefined) throw new InvariantError(`${name}: dual tables on a chip without`);
  if (pt.slot0 !== undefined) {
    for (let i = 0; i < 1 << large.bits; i++) verifyLarge(pt, pt.slot0, large, i, `${name}, large page ${i}`);
  }
  if (pt.slot1 === undefined) return;
  const shift = small.bits - large.bits;
  for (let i = 0; i < 1 << small.bits; i++) {
    if (!hasBit(pt.smallMapped, i) && isEmpty(pt.slot1, small, i)) continue;
    const words = wordsAt(pt.slot1, small, i);
    const place = `${name}, small page ${i}`;
    if (hasBit(pt.smallMapped, i)) {
      if (!isPage(words) && space.hostPages === undefined) fail(place, words, 'a page');
    } else if (isPage(words)) {
      fail(place, words, 'empty: nothing is mapped');
    } else if (!equals(words, small.unmapped)) {
      if (!equals(words, small.sparse)) fail(place, words, 'empty or sparse');
      // Sparse small pages that outlive the sparse range above them would not fault (KD-03).
      const facts = pt.entryFacts[i >> shift] ?? 0;
      const above = pt.slot0 !== undefined && (facts & LPTE.filled) !== 0;
      if (!pt.inheritsSparse && !above && pt.smallRefs[i >> shift] === 0) fail(place, words, 'empty: nobody is sparse');
    }
  }
}

function verifyLarge(pt: PageTable, table: PooledTable, level: Level, index: number, place: string): void {
  const words = wordsAt(table, level, index);
  const facts = pt.entryFacts[index] ?? 0;
  if ((facts & LPTE.mapped) !== 0) {
    if (!isPage(words)) fail(place, words, 'a page');
  } else if (pt.slot1 !== undefined && pt.smallRefs[index] !== 0) {
    if (!equals(words, level.unmapped)) fail(place, words, 'unmapped, as small pages are referenced');
  } else if ((facts & LPTE.sparse) !== 0) {
    if (!equals(words, level.sparse)) fail(place, words, 'sparse');
  } else if (!equals(words, level.invalid ?? level.unmapped)) fail(place, words, 'invalid');
}
