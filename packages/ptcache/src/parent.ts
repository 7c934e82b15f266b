import { PAGE_BYTES } from './memory.js';
import type { PageTablePool } from './pool.js';
import type { PooledTable } from './table.js';

/** A 4 KiB table that is cut into equal slots (`nvkm_mmu_ptp`). */
export class Parent {
  readonly pool: PageTablePool;
  readonly table: PooledTable;
  /** log2 of the slot size in bytes. */
  readonly shift: number;
  /** Slots that are free. */
  free: number;
  /** Neighbours in the list of parents with a free slot. */
  prev: Parent | undefined = undefined;
  next: Parent | undefined = undefined;
  /** One bit for each slot, set while it is free: slot 0 is the low bit of the first word. */
  readonly #bits: Uint32Array;
  readonly #slots: number;

  constructor(pool: PageTablePool, table: PooledTable, shift: number) {
    this.pool = pool;
    this.table = table;
    this.shift = shift;
    this.#slots = PAGE_BYTES >> shift;
    this.free = this.#slots;
    this.#bits = new Uint32Array(Math.ceil(this.#slots / 32)).fill(0xffffffff);
    if (this.#slots < 32) this.#bits[0] = 2 ** this.#slots - 1;
  }

  /** Whether no slot is free: the parent is off the list then. */
  get isFull(): boolean {
    return this.free === 0;
  }

  /** Whether every slot is free. */
  get isEmpty(): boolean {
    return this.free === this.#slots;
  }

  /** Whether one slot is in use, so that giving it back ends the parent. */
  get isLastInUse(): boolean {
    return this.free === this.#slots - 1;
  }

  /** Takes the lowest free slot and returns its number. The caller has checked that there is one. */
  take(): number {
    const bits = this.#bits;
    let word = 0;
    while (bits[word] === 0) word++;
    const value = bits[word] as number;
    const low = value & -value;
    bits[word] = value ^ low;
    this.free--;
    return word * 32 + (31 - Math.clz32(low));
  }

  /** Frees a slot that is in use. */
  give(slot: number): void {
    this.#bits[slot >> 5] = (this.#bits[slot >> 5] as number) | (1 << (slot & 31));
    this.free++;
  }

  /** Counts the free slots from the bits, for `verify`. */
  countFree(): number {
    let count = 0;
    for (let slot = 0; slot < this.#slots; slot++) {
      if (((this.#bits[slot >> 5] as number) >>> (slot & 31)) & 1) count++;
    }
    return count;
  }
}
