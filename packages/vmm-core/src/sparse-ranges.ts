import type { RbMap } from '@nvmmu/rbtree';

/** Whether an address is sparse, and up to where that is so. */
export interface SparsePiece {
  readonly sparse: boolean;
  readonly until: number;
}

/** The piece that begins at an address and ends before `end`; the ranges are sizes by address and do not overlap. */
export function sparsePiece(ranges: RbMap<number, number>, addr: number, end: number): SparsePiece {
  const here = ranges.floor(addr);
  if (here === undefined || addr >= here.key + here.value) {
    const next = here === undefined ? ranges.first() : ranges.next(here);
    return { sparse: false, until: Math.min(end, next?.key ?? end) };
  }
  let until = here.key + here.value;
  // Ranges that touch are one piece.
  for (let next = ranges.next(here); until < end && next?.key === until; next = ranges.next(next)) until += next.value;
  return { sparse: true, until: Math.min(end, until) };
}
