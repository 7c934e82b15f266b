import { Xorshift32 } from './xorshift.js';

/** Spreads the bits of a seed, so that neighbouring seeds start far apart (a finaliser of the murmur family). */
function spread(seed: number): number {
  let x = seed >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Choices that depend on a seed alone. */
export class Dice {
  readonly #source: Xorshift32;

  constructor(seed: number) {
    // 0 is the one state that the source can't start from.
    this.#source = new Xorshift32(spread(seed) || 0x9e3779b9);
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    return this.#source.below(bound);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True in `percent` of a hundred cases. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  /** One of the items; `undefined` when there are none. */
  pick<T>(items: readonly T[]): T | undefined {
    return items.length === 0 ? undefined : items[this.below(items.length)];
  }

  /** One of the items, which must not be empty. */
  of<T>(first: T, ...others: readonly T[]): T {
    const index = this.below(others.length + 1);
    return index === 0 ? first : (others[index - 1] as T);
  }

  /** One of the keys, as often as its weight says; `undefined` when all weights are 0. */
  weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K | undefined {
    const entries = Object.entries(weights) as [K, number][];
    const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
    if (total === 0) return undefined;
    let left = this.below(total);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return undefined;
  }

  /** A count that is mostly small: up to 4 half of the time, seldom near `limit`. */
  size(limit: number): number {
    const bound = this.chance(50) ? 4 : this.chance(75) ? 40 : limit;
    return 1 + this.below(Math.min(bound, limit));
  }
}
