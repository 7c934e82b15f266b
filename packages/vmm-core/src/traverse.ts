import { InvariantError } from './errors.js';
import { pow2 } from './numbers.js';
import { buildTable, ensureRecord } from './tables.js';
import type { Walk } from './walk.js';

/** What a walk does to `count` entries from `index` of the table at its bottom. */
export type LeafAction = (walk: Walk, index: number, count: number) => void;

/**
 * Visits every table that the range of a walk touches, depth first (`nvkm_vmm_iter`), and flushes at its end. The walk
 * has been set up with `Walk.start`.
 *
 * @param build - Whether missing tables are made on the way down.
 * @param leaf - Called for each table at the bottom.
 * @returns The bytes of the range that are done: all of it, unless there was no memory for a table.
 */
export function traverse(walk: Walk, build: boolean, leaf: LeafAction): number {
  const { levels, index, tables } = walk;
  const total = walk.remaining;
  const entries = 1 << walk.leaf.bits;
  while (walk.remaining > 0) {
    const first = index[0] as number;
    const count = Math.min(walk.remaining, entries - first);
    while (walk.level > 0) {
      const directory = tables[walk.level];
      const above = index[walk.level] as number;
      const pt = build ? ensureRecord(walk) : directory?.children[above];
      if (pt === undefined) throw new InvariantError(`no table below entry ${above} on level ${walk.level} of a walk`);
      tables[walk.level - 1] = pt;
      if (build) {
        // Apart from the record, since the two tables of a pair come and go on their own.
        const small = levels[walk.level - 1]?.type === 'SPT';
        if ((small ? pt.refs1 : pt.refs0) === 0 && !buildTable(walk, pt)) {
          return (total - walk.remaining) * pow2(walk.page.shift);
        }
      }
      walk.level--;
    }
    leaf(walk, first, count);
    index[0] = first + count;
    walk.remaining -= count;
    if (walk.remaining > 0) climb(walk);
  }
  walk.flush();
  return total * pow2(walk.page.shift);
}

/** Goes up to the lowest directory that has a next entry. */
function climb(walk: Walk): void {
  const { levels, index } = walk;
  while (index[walk.level] === 1 << (levels[walk.level]?.bits ?? 0)) {
    index[walk.level] = 0;
    walk.level++;
    index[walk.level] = (index[walk.level] as number) + 1;
  }
}
