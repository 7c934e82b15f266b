import type { MemoryObject } from './memory-object.js';

/** Compression tags that a memory object owns, shared by all its mappings. */
export interface TagRecord {
  /** First tag line; meaningless when `count` is 0. */
  readonly first: number;
  /** Number of tag lines; 0 when none were free, so that the object stays uncompressed. */
  readonly count: number;
  /** Mappings that use the record. */
  references: number;
}

interface Block {
  first: number;
  count: number;
}

/**
 * Hands out runs of compression tag lines, first fit in ascending order, and keeps the tag records of memory objects
 * (`nvkm_memory_tags_get`, `nvkm_memory_tags_put`).
 */
export class TagAllocator {
  /** Free blocks in ascending order, never adjacent. Chips have few tag users at a time, so an array will do. */
  readonly #free: Block[];
  readonly #cleared: (first: number, count: number) => void;

  /**
   * Makes an allocator with all lines free.
   *
   * @param total - Tag lines of the device.
   * @param cleared - Told which lines are cleared.
   */
  constructor(total: number, cleared: (first: number, count: number) => void) {
    this.#free = total > 0 ? [{ first: 0, count: total }] : [];
    this.#cleared = cleared;
  }

  /** Tag lines that are free. */
  get available(): number {
    return this.#free.reduce((sum, block) => sum + block.count, 0);
  }

  /**
   * Takes one reference on the tag record of `memory`, making the record if there is none. When too few lines are free
   * in one piece the record has none: not an error.
   *
   * @returns The record, or `'mismatch'` when the object has tags, but not `count` of them.
   */
  obtain(memory: MemoryObject, count: number, clear: boolean): TagRecord | 'mismatch' {
    const existing = memory.tags;
    if (existing !== undefined) {
      if (existing.count > 0 && existing.count !== count) return 'mismatch';
      existing.references++;
      return existing;
    }
    const first = count > 0 ? this.#take(count) : undefined;
    if (first !== undefined && clear) this.#cleared(first, count);
    const record: TagRecord = { first: first ?? 0, count: first === undefined ? 0 : count, references: 1 };
    memory.tags = record;
    return record;
  }

  /** Drops one reference; with the last one the lines are free and the object has no record any more. */
  drop(memory: MemoryObject, record: TagRecord): void {
    if (--record.references > 0) return;
    if (record.count > 0) this.#release(record.first, record.count);
    memory.tags = undefined;
  }

  #take(count: number): number | undefined {
    const at = this.#free.findIndex((block) => block.count >= count);
    const block = this.#free[at];
    if (block === undefined) return undefined;
    const first = block.first;
    if (block.count === count) {
      this.#free.splice(at, 1);
    } else {
      block.first += count;
      block.count -= count;
    }
    return first;
  }

  #release(first: number, count: number): void {
    const found = this.#free.findIndex((block) => block.first > first);
    const at = found < 0 ? this.#free.length : found;
    const below = this.#free[at - 1];
    const above = this.#free[at];
    const joinsBelow = below !== undefined && below.first + below.count === first;
    const joinsAbove = above !== undefined && first + count === above.first;
    if (joinsBelow) {
      below.count += count + (joinsAbove ? above.count : 0);
      if (joinsAbove) this.#free.splice(at, 1);
    } else if (joinsAbove) {
      above.first = first;
      above.count += count;
    } else {
      this.#free.splice(at, 0, { first, count });
    }
  }
}
