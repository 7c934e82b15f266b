import type { MapArguments, PageSize } from './backend.js';
import type { MemoryObject } from './memory-object.js';
import type { TagAllocator, TagRecord } from './tags.js';

const NO_PAGE: PageSize = { shift: 0, flags: 0, levels: [] };

/**
 * What a map is asked for, and its state while it is checked and written (`nvkm_vmm_map`). The core fills the upper part,
 * the backend's `valid` the template, and the writers carry the template on from run to run and from table to table.
 * One object serves all maps of a space, one at a time.
 *
 * Entry values are two unsigned 32-bit lanes: 64-bit sums are exact that way and cost no BigInt.
 */
export class MapState {
  /** Where it goes, in bytes. */
  addr = 0;
  size = 0;
  /** The object that is mapped. */
  memory: MemoryObject | undefined = undefined;
  /** Where in the object the map starts, in bytes. */
  offset = 0;
  /** The offset where it is not exact as a number: never aligned to anything then. */
  exactOffset: bigint | undefined = undefined;
  args: MapArguments | undefined = undefined;
  /** The page size chosen. */
  page: PageSize = NO_PAGE;

  /** Flag bits and fixed address bits of an entry, low and high lane. */
  typeLo = 0;
  typeHi = 0;
  /** What the next page's entry is larger by. */
  nextLo = 0;
  nextHi = 0;
  /** What the template is larger by for each page already written: the compression tag step. */
  ctagLo = 0;
  ctagHi = 0;
  /** Running counter for chips whose tags advance by half lines (gm200 with 64 KiB pages). */
  halfTag = 0;
  /** Whether entries take their tag from {@link halfTag}. */
  hasHalfTags = false;

  /** Tag record that this map took a reference on, if any. */
  tags: TagRecord | undefined = undefined;

  /** Position in the object's page list, and the bytes of the current extent that are used up. */
  cursor = 0;
  used = 0;

  /** Whether compression tags must not be taken (raw interface). */
  withoutTags = false;
  readonly #tagAllocator: TagAllocator;

  constructor(tagAllocator: TagAllocator) {
    this.#tagAllocator = tagAllocator;
  }

  /** Starts with what is asked for: nothing is checked or taken yet. */
  begin(
    addr: number,
    size: number,
    memory: MemoryObject,
    offset: number,
    exactOffset: bigint | undefined,
    args: MapArguments | undefined,
  ): void {
    this.addr = addr;
    this.size = size;
    this.memory = memory;
    this.offset = offset;
    this.exactOffset = exactOffset;
    this.args = args;
    this.tags = undefined;
    this.withoutTags = false;
  }

  /** Lets go of the object and of the tags, which are the region's now. */
  end(): void {
    this.memory = undefined;
    this.tags = undefined;
  }

  /** Sets the template back to zero: what a backend's `valid` starts from. */
  clearTemplate(nextLo: number, nextHi: number): void {
    this.typeLo = this.typeHi = 0;
    this.nextLo = nextLo;
    this.nextHi = nextHi;
    this.ctagLo = this.ctagHi = 0;
    this.halfTag = 0;
    this.hasHalfTags = false;
  }

  /** Advances the template by the tag steps of `count` pages. */
  advanceTags(count: number): void {
    if (this.ctagLo === 0 && this.ctagHi === 0) return;
    // Exact: a lane times a table's entry count stays far below 2^53.
    const lo = this.typeLo + this.ctagLo * count;
    this.typeLo = lo >>> 0;
    this.typeHi = (this.typeHi + this.ctagHi * count + Math.floor(lo / 0x1_0000_0000)) >>> 0;
  }

  /**
   * Asks for `count` compression tags of the mapped object.
   *
   * @param clear - Whether fresh tags are cleared, with an event.
   * @returns The first tag, `undefined` when the object must go without, `'mismatch'` when the object has another
   * number of tags (to be refused with `EINVAL`).
   */
  obtainTags(count: number, clear: boolean): number | undefined | 'mismatch' {
    if (this.withoutTags || this.memory === undefined) return undefined;
    const record = this.#tagAllocator.obtain(this.memory, count, clear);
    if (record === 'mismatch') return record;
    this.tags = record;
    return record.count > 0 ? record.first : undefined;
  }

  /** Gives back the tag reference that this map took, after a failure. */
  dropTags(): void {
    if (this.tags !== undefined && this.memory !== undefined) this.#tagAllocator.drop(this.memory, this.tags);
    this.tags = undefined;
  }
}
