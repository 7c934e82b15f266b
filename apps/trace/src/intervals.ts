/** Addresses from `start` up to, but not including, `end`. */
export interface Interval {
  readonly start: bigint;
  readonly end: bigint;
}

/** Disjoint intervals in address order. */
export class Intervals<T extends Interval> {
  readonly #list: T[] = [];

  get size(): number {
    return this.#list.length;
  }

  /** The interval that contains an address. */
  at(address: bigint): T | undefined {
    const found = this.#list[this.#above(address) - 1];
    return found !== undefined && address < found.end ? found : undefined;
  }

  /** The nearest interval that ends at or below an address, and the nearest that starts above it. */
  around(address: bigint): { below: T | undefined; above: T | undefined } {
    const index = this.#above(address);
    const below = this.#list[index - 1];
    return {
      below: below !== undefined && address < below.end ? this.#list[index - 2] : below,
      above: this.#list[index],
    };
  }

  /** Adds an interval behind all others. */
  append(interval: T): void {
    this.#list.push(interval);
  }

  /** Takes out what overlaps a range, whole, and puts other intervals in its place; they must be in order. */
  replace({ start, end }: Interval, make: (old: readonly T[]) => readonly T[]): void {
    let from = this.#above(start);
    const before = this.#list[from - 1];
    if (before !== undefined && before.end > start) from--;
    let to = from;
    while ((this.#list[to]?.start ?? end) < end) to++;
    this.#list.splice(from, to - from, ...make(this.#list.slice(from, to)));
  }

  /** Index of the first interval that starts above an address. */
  #above(address: bigint): number {
    let low = 0;
    let high = this.#list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const start = this.#list[middle]?.start;
      if (start !== undefined && start <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The parts of sorted intervals that lie outside sorted others. */
export function* subtract(intervals: Iterable<Interval>, others: readonly Interval[]): Generator<Interval> {
  let i = 0;
  for (const { start, end } of intervals) {
    let from = start;
    while (i > 0 && (others[i - 1]?.end ?? start) > start) i--;
    for (; from < end; i++) {
      const other = others[i];
      if (other === undefined || other.start >= end) break;
      if (other.start > from) yield { start: from, end: other.start };
      if (other.end > from) from = other.end;
    }
    if (from < end) yield { start: from, end };
  }
}
