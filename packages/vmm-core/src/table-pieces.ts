import type { Level } from './backend.js';
import { alignDown, bitField, pow2 } from './numbers.js';
import type { PageTable } from './page-table.js';
import type { SpaceState } from './space-state.js';

/** One table's share of a range, or all of the range that a missing directory keeps without tables. */
export interface TablePiece {
  readonly addr: number;
  /** Index of the first entry. */
  readonly index: number;
  readonly count: number;
  /** The record, `undefined` where the table is missing; one of another page size counts as missing. */
  readonly table: PageTable | undefined;
}

/** The tables that a range touches at a page size, without building any. */
export function* tablePieces(
  space: SpaceState,
  page: number,
  addr: number,
  size: number,
): IterableIterator<TablePiece> {
  const { shift, levels } = space.pageAt(page);
  const unit = pow2(shift);
  const whole = levels.reduce((bits, level) => bits + level.bits, shift);
  const leaf = levels[0] as Level;
  for (let at = addr; at < addr + size;) {
    // Down to the table, or to the lowest directory that there is: nothing below the entry where the way ends.
    let table: PageTable | undefined = space.root;
    let span = whole;
    for (let i = levels.length - 1; i > 0 && table !== undefined; i--) {
      const { bits } = levels[i] as Level;
      span -= bits;
      table = table.children[bitField(at, span, bits)];
    }
    const end = Math.min(addr + size, alignDown(at, span) + pow2(span));
    // A directory entry holds one table there, of one page size (KD-06).
    if (leaf.type === 'PGT' && table?.pageShift !== shift) table = undefined;
    yield { addr: at, index: bitField(at, shift, leaf.bits), count: (end - at) / unit, table };
    at = end;
  }
}
