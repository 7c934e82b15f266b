import type { GetItem, LogLine, WalkItem } from './log-lines.js';

/** A line that is a walk, and where it stands. */
export interface WalkAt extends WalkItem {
  readonly index: number;
}

/** Names of walks that build tables, and can run out of memory in the middle. */
const BUILDS: ReadonlySet<string> = new Set(['ref + map', 'ref', 'sparse ref']);

/** The lines of one name of address space, in order, and how far they have been read. */
export class Stream {
  readonly name: string;
  readonly lines: LogLine[] = [];
  /** Index of the first line that is not read. */
  at = 0;
  #walks: readonly WalkAt[] | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** The line that comes next. */
  get next(): LogLine | undefined {
    return this.lines[this.at];
  }

  /** Whether the allocation asked for at an index was refused with words. */
  isGetRefused(index: number): boolean {
    const what = this.lines[index + 1]?.what;
    return what?.kind === 'get refused' || what?.kind === 'page refused';
  }

  /** The next line behind an index that is not about the inside of a walk. */
  after(index: number): number {
    let at = index + 1;
    while (this.lines[at]?.what.kind === 'detail') at++;
    return at;
  }

  /** The walk at an index, if the line there is one. */
  walkAt(index: number): WalkItem | undefined {
    const what = this.lines[index]?.what;
    return what?.kind === 'walk' ? what : undefined;
  }

  /** Walks from an index on, at most so many lines of them. */
  *walks(from: number, lines: number): IterableIterator<WalkAt> {
    const walks = this.#allWalks();
    let low = 0;
    let high = walks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((walks[middle]?.index ?? 0) < from) low = middle + 1;
      else high = middle;
    }
    for (let at = low; at < walks.length; at++) {
      const walk = walks[at];
      if (walk === undefined || walk.index >= from + lines) return;
      yield walk;
    }
  }

  /** All walks: lines are complete once the first is asked for. */
  #allWalks(): readonly WalkAt[] {
    if (this.#walks !== undefined) return this.#walks;
    this.#walks = this.lines.flatMap(({ what }, index) => (what.kind === 'walk' ? [{ ...what, index }] : []));
    return this.#walks;
  }

  /**
   * Whether memory ran out in the walk at an index, or for sparse blocks in one that carries it on.
   *
   * @returns The number of tables that were built before; `undefined` when it did not.
   */
  tablesBeforeFailure(index: number): number | undefined {
    let tables = 0;
    let walk = this.walkAt(index);
    if (walk === undefined || !BUILDS.has(walk.walk)) return undefined;
    for (let at = index + 1; at < this.lines.length; at++) {
      const what = this.lines[at]?.what;
      if (what?.kind === 'detail') {
        if (what.of === 'gone') return tables;
        if (what.of === 'new') tables++;
      } else if (
        what?.kind === 'walk' &&
        what.walk === 'sparse ref' &&
        walk.walk === 'sparse ref' &&
        what.addr === walk.addr + walk.size
      ) {
        walk = what;
      } else return undefined;
    }
    return undefined;
  }

  /** Whether the `ref` walk at an index is the first half of building all tables. */
  isBoot(index: number): boolean {
    const ref = this.walkAt(index);
    const next = this.walkAt(this.after(index));
    return ref !== undefined && next?.walk === 'bootstrap' && next.addr === ref.addr && next.size === ref.size;
  }
}

/** Alignment of a request, log2, with all minima. */
export function alignmentOf({ page, align }: GetItem): number {
  return Math.max(align, page === 0 ? 12 : page);
}
