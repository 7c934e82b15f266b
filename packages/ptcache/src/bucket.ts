import type { PageTablePool } from './pool.js';
import type { PooledTable } from './table.js';

/** How many tables of one size are kept instead of being released. */
export const BUCKET_LIMIT = 8;

/** The parked tables of one size, oldest first (`nvkm_mmu_ptc`). A ring, so that parking moves nothing. */
export class Bucket {
  readonly pool: PageTablePool;
  readonly size: number;
  /** Number of parked tables. It is the reference's counter, kept right when the cache is dumped (KD-36). */
  count = 0;
  readonly #ring: (PooledTable | undefined)[] = new Array<undefined>(BUCKET_LIMIT).fill(undefined);
  #head = 0;

  constructor(pool: PageTablePool, size: number) {
    this.pool = pool;
    this.size = size;
  }

  /** Adds a table behind the others. The caller has checked that there is room. */
  park(table: PooledTable): void {
    this.#ring[(this.#head + this.count) % BUCKET_LIMIT] = table;
    this.count++;
  }

  /** The table that has been parked longest, which stays parked. */
  oldest(): PooledTable | undefined {
    return this.#ring[this.#head];
  }

  /** Drops the table that `oldest` returned. */
  removeOldest(): void {
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) % BUCKET_LIMIT;
    this.count--;
  }

  /** The parked tables, oldest first. */
  parked(): PooledTable[] {
    const tables: PooledTable[] = [];
    for (let i = 0; i < this.count; i++) {
      const table = this.#ring[(this.#head + i) % BUCKET_LIMIT];
      if (table !== undefined) tables.push(table);
    }
    return tables;
  }
}
