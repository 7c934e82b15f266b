import { InvariantError } from './errors.js';
import { hex } from './numbers.js';
import { LPTE, type PageTable } from './page-table.js';
import { PAGE_NONE } from './region.js';
import { sparseBlocks } from './sparse-blocks.js';
import type { SpaceState } from './space-state.js';
import { tablePieces } from './table-pieces.js';

/** References that a table must have, recomputed. */
class Expected {
  refs0 = 0;
  refs1 = 0;
  readonly small: Uint32Array;
  readonly large: Uint32Array;

  constructor(pt: PageTable) {
    this.small = new Uint32Array(pt.smallRefs.length);
    this.large = new Uint32Array(pt.largeRefs.length);
  }
}

type Tally = Map<PageTable, Expected>;

function expectedOf(tally: Tally, pt: PageTable): Expected {
  let expected = tally.get(pt);
  if (expected === undefined) {
    expected = new Expected(pt);
    tally.set(pt, expected);
  }
  return expected;
}

/** Counts one reference on each entry of a range. */
function count(space: SpaceState, tally: Tally, page: number, addr: number, size: number): void {
  const type = space.pageAt(page).levels[0]?.type;
  for (const piece of tablePieces(space, page, addr, size)) {
    const { table } = piece;
    if (table === undefined) throw new InvariantError(`no table for the referenced entry of ${hex(piece.addr)}`);
    const expected = expectedOf(tally, table);
    if (type === 'SPT') {
      expected.refs1 += piece.count;
      const shift = smallShift(space);
      for (let i = piece.index; i < piece.index + piece.count; i++) bump(expected.small, i >> shift, 1);
    } else {
      expected.refs0 += piece.count;
      if (type === 'LPT') for (let i = piece.index; i < piece.index + piece.count; i++) bump(expected.large, i, 1);
    }
  }
}

function bump(counts: Uint32Array, at: number, by: number): void {
  counts[at] = (counts[at] ?? 0) + by;
}

function smallShift(space: SpaceState): number {
  return space.largeLevel === undefined ? 0 : space.smallestLevel.bits - space.largeLevel.bits;
}

/** Checks every reference count against what must have been taken. */
export function verifyReferences(space: SpaceState): void {
  const tally: Tally = new Map<PageTable, Expected>();
  expectedOf(tally, space.root).refs0 = 1;
  for (const { addr, size, refd, used } of space.regions) {
    if (!used) continue;
    if (refd !== PAGE_NONE) count(space, tally, refd, addr, size);
  }
  for (const range of sparseRanges(space)) {
    for (const block of sparseBlocks(space.pages, range.addr, range.size)) {
      count(space, tally, block.page, block.addr, block.size);
    }
  }
  if (space.isBooted) count(space, tally, space.pages.length - 1, space.start, space.limit - space.start);
  countTables(space, tally, space.root);
  compare(space, tally, space.root, 'top-level directory');
  for (const pt of tally.keys())
    throw new InvariantError(`references on a table of ${pt.pageShift}-bit pages that is gone`);
}

/** Sparse ranges that hold references of their own: allocations without a fixed page size, and raw ones. */
function* sparseRanges(space: SpaceState): IterableIterator<{ addr: number; size: number }> {
  let head: { addr: number; size: number; sparse: boolean } | undefined;
  for (const region of space.regions) {
    const { addr, size, part, used, sparse, mapref } = region;
    if (head !== undefined && used && part) {
      head.size += size;
      continue;
    }
    if (head?.sparse === true) yield head;
    head = used ? { addr, size, sparse: sparse && mapref } : undefined;
  }
  if (head?.sparse === true) yield head;
  for (const [addr, size] of space.rawSparse) yield { addr, size };
}

/** Counts what tables hold by themselves: each hardware table one entry above, and raw references. */
function countTables(space: SpaceState, tally: Tally, pt: PageTable): void {
  const expected = expectedOf(tally, pt);
  pt.rawRefs0.forEach((n, i) => {
    expected.refs0 += n;
    if (expected.large.length > 0) bump(expected.large, i, n);
  });
  pt.rawRefs1.forEach((n, i) => {
    expected.refs1 += n;
    bump(expected.small, i >> smallShift(space), n);
  });
  for (const child of pt.children) {
    if (child === undefined) continue;
    expected.refs0 += (child.slot0 === undefined ? 0 : 1) + (child.slot1 === undefined ? 0 : 1);
    countTables(space, tally, child);
  }
}

function compare(space: SpaceState, tally: Tally, pt: PageTable, place: string): void {
  const expected = expectedOf(tally, pt);
  tally.delete(pt);
  const check = (what: string, is: number, should: number): void => {
    if (is !== should) throw new InvariantError(`${place}: ${what} is ${is}, not ${should}`);
  };
  check('reference count of slot 0', pt.refs0, expected.refs0);
  check('reference count of slot 1', pt.refs1, expected.refs1);
  const isRoot = pt === space.root;
  if (!isRoot || space.deepLevels.at(-1)?.entryBytes !== 0) {
    check('existence of table 0', pt.slot0 === undefined ? 0 : 1, pt.refs0 > 0 ? 1 : 0);
  }
  check('existence of table 1', pt.slot1 === undefined ? 0 : 1, pt.refs1 > 0 ? 1 : 0);
  if (pt.slot0 === undefined && pt.slot1 === undefined && !isRoot)
    throw new InvariantError(`${place}: an empty record`);
  // While the small-page table does not exist, nobody looks at its counts.
  if (pt.slot1 !== undefined)
    expected.small.forEach((n, i) => {
      check(`small references of ${i}`, pt.smallRefs[i] ?? -1, n);
    });
  if (pt.slot0 !== undefined)
    expected.large.forEach((n, i) => {
      check(`large references of ${i}`, pt.largeRefs[i] ?? -1, n);
    });
  if (pt.slot0 !== undefined && pt.smallRefs.length > 0) compareHandOver(pt, place);
  pt.children.forEach((child, i) => {
    if (child !== undefined) compare(space, tally, child, `${place} > ${i}`);
  });
}

/** An entry that is not mapped has handed over exactly while there are small references. */
function compareHandOver(pt: PageTable, place: string): void {
  pt.entryFacts.forEach((fact, i) => {
    const owned = pt.slot1 !== undefined && pt.smallRefs[i] !== 0;
    const handedOver = (fact & LPTE.handedOver) !== 0;
    if (handedOver && !owned) throw new InvariantError(`${place}: large entry ${i} handed over to nothing`);
    if (!handedOver && owned && (fact & LPTE.mapped) === 0) {
      throw new InvariantError(`${place}: large entry ${i} keeps small ones from being looked at`);
    }
  });
}
