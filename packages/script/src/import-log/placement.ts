import type { Vmm } from '@nvmmu/vmm-core';

// What must have been freed for an allocation to come to lie where it does. The driver takes the smallest free region
// that fits, of equal ones the lowest, so that an address tells something of all others that are free.

/** What is wanted. */
export interface Request {
  readonly size: number;
  /** log2, all minima included. */
  readonly align: number;
  /** Index of the page size. */
  readonly page: number;
}

/** An allocation that may be in the way. */
export interface Allocation {
  readonly id: string;
  readonly addr: bigint;
  readonly size: bigint;
  /** Whether its `put` leaves lines, so that it can't have gone unseen. */
  readonly pinned: boolean;
}

/** A piece of address space: free, or of one allocation, or neither and in nobody's power. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly page: number;
  /** Index into the list of candidates; -1 for what can't be freed, -2 for what is free. */
  readonly owner: number;
}

interface Gap {
  readonly start: number;
  readonly end: number;
  /** Owners of what is before and behind. */
  readonly before: number;
  readonly behind: number;
  readonly pageBefore: number | undefined;
  readonly pageBehind: number | undefined;
}

const FREE = -2;
const FIXED = -1;
/** Attempts for one address. */
const EFFORT = 400;
const MAX_FREED = 24;

const alignUp = (value: number, shift: number): number => Math.ceil(value / 2 ** shift) * 2 ** shift;
const alignDown = (value: number, shift: number): number => Math.floor(value / 2 ** shift) * 2 ** shift;

/** Where an allocation goes in a gap, or -1. Where blocks hold one page size only, other sizes keep their distance. */
function placeIn(gap: Gap, { size, align, page }: Request, block: number): number {
  let { start, end } = gap;
  if (block > 0) {
    if (gap.pageBefore !== undefined && gap.pageBefore !== page) start = alignUp(start, block);
    if (gap.pageBehind !== undefined && gap.pageBehind !== page) end = alignDown(end, block);
  }
  start = alignUp(start, align);
  return start <= end && end - start >= size ? start : -1;
}

/** Finds out which allocations to free. One search serves one request. */
export class PlacementSearch {
  readonly #pieces: Piece[] = [];
  readonly #block: number;
  readonly #request: Request;
  #effort = EFFORT;

  /**
   * Makes a search in the present state of an address space.
   *
   * @param candidates - Allocations that can have been freed unseen, those first that more likely were.
   */
  constructor(vmm: Vmm, request: Request, candidates: readonly Allocation[]) {
    const owners = new Map(candidates.map(({ addr }, index) => [Number(addr), index]));
    this.#request = request;
    this.#block = vmm.state.template.pageBlockShift;
    let owner = FIXED;
    for (const region of vmm.state.regions) {
      if (!region.part) owner = region.used ? (owners.get(region.addr) ?? FIXED) : FREE;
      this.#pieces.push({ start: region.addr, end: region.end, page: region.page, owner });
    }
  }

  /** Indices of the candidates to free so that the request is met at `wanted`; `undefined` when there are none. */
  solve(wanted: number): readonly number[] | undefined {
    this.#effort = EFFORT;
    const { align } = this.#request;
    if (alignUp(wanted, align) !== wanted) return undefined;
    for (let most = 0; most <= MAX_FREED && this.#effort > 0; most = most === 0 ? 1 : most * 2) {
      const found = this.#search(wanted, new Set(), most);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /**
   * Where something must lie that does not, for the request to be met at `wanted`: below it, or in a gap that fits
   * better. Empty when what is in the way can't be gone.
   */
  missing(wanted: number): { readonly start: number; readonly end: number }[] {
    const { size } = this.#request;
    const freed = new Set<number>();
    for (const { start, end, owner } of this.#pieces) {
      if (start >= wanted + size || end <= wanted || owner === FREE) continue;
      if (owner === FIXED) return [];
      freed.add(owner);
    }
    const holes: { readonly start: number; readonly end: number }[] = [];
    const gaps = [...this.#gaps(freed)];
    const home = gaps.find((gap) => gap.start <= wanted && wanted < gap.end);
    if (home === undefined) return [];
    if (home.start < wanted) holes.push({ start: home.start, end: wanted });
    for (const gap of gaps) {
      const isBetter = gap.end - gap.start <= home.end - home.start && gap !== home;
      if (isBetter && placeIn(gap, this.#request, this.#block) >= 0) holes.push({ start: gap.start, end: gap.end });
    }
    return holes;
  }

  /** Addresses at which the request could begin, from `low` to `high`. */
  starts(low: number, high: number): number[] {
    const { align } = this.#request;
    const found = new Set<number>();
    for (const { start } of this.#pieces) {
      const at = alignUp(start, align);
      if (at >= low && at <= high) found.add(at);
    }
    if (this.#block > 0) {
      for (const { start } of this.#pieces) {
        const at = alignUp(alignUp(start, this.#block), align);
        if (at >= low && at <= high) found.add(at);
      }
    }
    return [...found].sort((a, b) => b - a);
  }

  #search(wanted: number, freed: ReadonlySet<number>, left: number): readonly number[] | undefined {
    if (--this.#effort < 0) return undefined;
    const { size } = this.#request;
    const inTheWay = new Set<number>();
    for (const { start, end, owner } of this.#pieces) {
      if (start >= wanted + size || end <= wanted || owner === FREE || freed.has(owner)) continue;
      if (owner === FIXED) return undefined;
      inTheWay.add(owner);
    }
    if (inTheWay.size > 0) {
      // What lies where it goes must be gone, however much that is.
      return this.#search(wanted, new Set([...freed, ...inTheWay]), left);
    }
    let best: Gap | undefined;
    let home: Gap | undefined;
    for (const gap of this.#gaps(freed)) {
      if (gap.start <= wanted && wanted < gap.end) home = gap;
      if (placeIn(gap, this.#request, this.#block) < 0) continue;
      if (best === undefined || gap.end - gap.start < best.end - best.start) best = gap;
    }
    if (home === undefined || best === undefined) return undefined;
    const place = placeIn(home, this.#request, this.#block);
    if (place === wanted && best === home) return [...freed];
    if (left === 0 || (place >= 0 && place < wanted)) return undefined;
    // Another gap fits better: it was larger then. Or, with blocks of one page size, the neighbours were others.
    const beside = best === home ? [home.before, home.behind] : [best.before, best.behind];
    if (place !== wanted) beside.push(home.before, home.behind);
    const choices = [...new Set(beside.filter((owner) => owner >= 0))].sort((a, b) => a - b);
    for (const owner of choices) {
      const found = this.#search(wanted, new Set([...freed, owner]), left - 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  *#gaps(freed: ReadonlySet<number>): IterableIterator<Gap> {
    let start: number | undefined;
    let end = 0;
    let last: Piece | undefined;
    let before: Piece | undefined;
    for (const piece of this.#pieces) {
      const isFree = piece.owner === FREE || freed.has(piece.owner);
      if (isFree) {
        if (start === undefined) {
          start = piece.start;
          before = last;
        }
        end = piece.end;
      } else if (start !== undefined) {
        yield gapOf(start, end, before, piece);
        start = undefined;
      }
      last = piece;
    }
    if (start !== undefined) yield gapOf(start, end, before, undefined);
  }
}

function gapOf(start: number, end: number, before: Piece | undefined, behind: Piece | undefined): Gap {
  return {
    start,
    end,
    before: before?.owner ?? FIXED,
    behind: behind?.owner ?? FIXED,
    pageBefore: before?.page,
    pageBehind: behind?.page,
  };
}
