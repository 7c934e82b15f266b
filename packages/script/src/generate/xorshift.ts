/**
 * The 32-bit xorshift generator with shifts 13, 17 and 5. The same seed gives the same numbers everywhere, since it
 * uses 32-bit integer operations alone.
 */
export class Xorshift32 {
  #state: number;

  /** Starts at a seed, of which the low 32 bits count. 0, from which nothing else would follow, is taken as 1. */
  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** The next number from 0 to 2^32 - 1; never 0. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  /** The next number, modulo `bound`. */
  below(bound: number): number {
    return this.next() % bound;
  }
}
