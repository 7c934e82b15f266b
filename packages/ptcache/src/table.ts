import type { Bucket } from './bucket.js';
import type { MemoryTarget, TableMemory } from './memory.js';
import type { Parent } from './parent.js';

/**
 * A page table's memory, got from a pool (`nvkm_mmu_pt`). It stays valid until it is put back; a handle that was put
 * must not be used again, since the next `get` may hand out the same object.
 */
export class PooledTable {
  /** The words of `memory`, here too since each access to the table begins with them. */
  readonly words: Uint32Array;
  /** The allocation that holds the table. For a sub-allocated table it is the 4 KiB parent, neighbours included. */
  readonly memory: TableMemory;
  /** Byte offset of the table inside `memory`: 0 unless it is sub-allocated. */
  readonly base: number;
  /** `base` as an index into `words`. */
  readonly wordBase: number;
  /** Address of the table in bytes, as the GPU sees it: what a directory entry points at. */
  readonly addr: number;
  /** Whether the table is one slot of a 4 KiB parent. */
  readonly sub: boolean;
  /**
   * The cache bucket of a whole table, or the parent of a slot.
   * @internal
   */
  readonly owner: Bucket | Parent;
  /**
   * Where the pool lists a whole table among what it holds.
   * @internal
   */
  heldAt = -1;
  /**
   * Whether the table is handed out.
   * @internal
   */
  live: boolean;

  /**
   * Only pools make tables.
   * @internal
   */
  constructor(memory: TableMemory, base: number, sub: boolean, owner: Bucket | Parent) {
    this.words = memory.words;
    this.memory = memory;
    this.base = base;
    this.wordBase = base / 4;
    this.addr = memory.addr + base;
    this.sub = sub;
    this.owner = owner;
    this.live = true;
  }

  /** Where the memory lives. */
  get target(): MemoryTarget {
    return this.memory.target;
  }
}
