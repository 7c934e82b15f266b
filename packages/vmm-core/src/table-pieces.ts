import { InvariantError } from './errors.js';
import { alignDown, bitField, pow2 } from './numbers.js';
import type { PageTable } from './page-table.js';
import { findTable } from './probe.js';
import type { SpaceState } from './space-state.js';

/** One table's share of a range. */
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
  const leaf = levels[0];
  if (leaf === undefined) throw new InvariantError('a page size without levels');
  const span = shift + leaf.bits;
  const unit = pow2(shift);
  for (let at = addr; at < addr + size;) {
    const end = Math.min(addr + size, alignDown(at, span) + pow2(span));
    const found = findTable(space, page, at);
    // A directory entry holds one table there, of one page size (KD-06).
    const table = leaf.type === 'PGT' && found?.pageShift !== shift ? undefined : found;
    yield { addr: at, index: bitField(at, shift, leaf.bits), count: (end - at) / unit, table };
    at = end;
  }
}
