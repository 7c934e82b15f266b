// Looking at the tables without walking: what exists below an address.

import type { PageTable } from './page-table.js';
import { alignDown, bitField, pow2 } from './numbers.js';
import type { SpaceState } from './space-state.js';

/** The record of the table that holds the entry of `addr` at a page size, or `undefined` where a table is missing. */
export function findTable(space: SpaceState, page: number, addr: number): PageTable | undefined {
  const { levels, shift } = space.pageAt(page);
  let at = shift;
  for (const level of levels) at += level.bits;
  let pt: PageTable | undefined = space.root;
  for (let i = levels.length - 1; i > 0 && pt !== undefined; i--) {
    const bits = levels[i]?.bits ?? 0;
    at -= bits;
    pt = pt.children[bitField(addr, at, bits)];
  }
  return pt;
}

/**
 * Whether a directory entry that the range touches holds a table of another page size. Matters only where a directory
 * entry can hold one table (KD-06); pairs of tables share an entry.
 */
export function hasTableOfOtherSize(space: SpaceState, page: number, addr: number, size: number): boolean {
  const { levels, shift } = space.pageAt(page);
  const leaf = levels[0];
  if (leaf?.type !== 'PGT') return false;
  const spanShift = shift + leaf.bits;
  for (let at = alignDown(addr, spanShift); at < addr + size; at += pow2(spanShift)) {
    const pt = findTable(space, page, at);
    if (pt !== undefined && pt.pageShift !== shift) return true;
  }
  return false;
}
