import type { ScriptSpace } from '@nvmmu/script';
import type { Level, TableMemory } from '@nvmmu/vmm-core';

type SpaceState = ScriptSpace['vmm']['state'];
type PageTable = SpaceState['root'];
type PooledTable = NonNullable<SpaceState['directory']>;

/** A part of page-table memory that an operation may have changed. */
export interface TouchedTable {
  readonly memory: TableMemory;
  /** The whole table, as words of the allocation. */
  readonly first: number;
  readonly end: number;
  /** The part that belongs to the operation's addresses. */
  from: number;
  to: number;
  readonly entryWords: number;
}

/** Operations reach beyond their range to the ends of the largest large page that shares its range with small ones. */
const REACH = 2 ** 17;

/** Touched tables by address. */
export type TouchedTables = Map<number, TouchedTable>;

/** Collects the tables of a space, as the driver knows them, that cover some of `[from, to)`. */
export function collectTables(space: ScriptSpace, from: number, to: number, into: TouchedTables): void {
  const { state } = space.vmm;
  const { deepLevels, pages, root, largeLevel } = state;
  const smallest = pages[pages.length - 1];
  if (smallest === undefined || state.isClosed) return;
  const low = Math.floor(from / REACH) * REACH;
  const high = Math.ceil(to / REACH) * REACH;

  const touch = (table: PooledTable | undefined, level: Level, first: number, last: number): void => {
    if (table === undefined || level.entryBytes === 0) return;
    const entryWords = level.entryBytes / 4;
    const begin = table.wordBase + first * entryWords;
    const end = table.wordBase + (last + 1) * entryWords;
    const known = into.get(table.addr);
    if (known !== undefined) {
      known.from = Math.min(known.from, begin);
      known.to = Math.max(known.to, end);
      return;
    }
    const size = entryWords * 2 ** level.bits;
    into.set(table.addr, {
      memory: table.memory,
      first: table.wordBase,
      end: table.wordBase + size,
      from: begin,
      to: end,
      entryWords,
    });
  };

  const visit = (depth: number, shift: number, record: PageTable, base: number): void => {
    const level = deepLevels[depth];
    if (level === undefined) return;
    const span = (bits: number, unitShift: number): readonly [number, number] => {
      const unit = 2 ** unitShift;
      const first = Math.max(0, Math.floor((low - base) / unit));
      const last = Math.min(2 ** bits - 1, Math.ceil((high - base) / unit) - 1);
      return [first, last];
    };
    if (depth === 0) {
      // A table that stands alone has the page size that its record was made for.
      const page = level.type === 'PGT' ? pages.find((candidate) => candidate.shift === record.pageShift) : undefined;
      const leaf = page?.levels[0] ?? level;
      touch(record.table(level.type === 'SPT' ? 1 : 0), leaf, ...span(leaf.bits, page?.shift ?? shift));
      if (level.type === 'SPT' && largeLevel !== undefined) {
        const largeShift = pages[pages.length - 2]?.shift ?? shift;
        touch(record.table(0), largeLevel, ...span(largeLevel.bits, largeShift));
      }
      return;
    }
    const [first, last] = span(level.bits, shift);
    touch(record.table(0), level, first, last);
    for (let i = first; i <= last; i++) {
      const child = record.children[i];
      if (child === undefined) continue;
      const below = deepLevels[depth - 1]?.bits ?? 0;
      visit(depth - 1, shift - below, child, base + i * 2 ** shift);
    }
  };

  const top = deepLevels.length - 1;
  const topShift = deepLevels.slice(0, top).reduce((shift, { bits }) => shift + bits, smallest.shift);
  visit(top, topShift, root, 0);
}
