import type { PooledTable } from '@nvmmu/ptcache';
import type { ChildTables, Level } from './backend.js';
import { createBitmap } from './bitmap.js';

/** Facts about one entry of a directory (`PageTable.entryFacts`). */
export const ENTRY = {
  /** The entry belongs to a sparse range. Kept while tables exist below it, which then start out sparse. */
  sparse: 1,
  /** A map wrote the entry as a page and nothing cleared it since. */
  mapped: 2,
} as const;

/** Facts about one large-page entry of a dual table (`PageTable.entryFacts`); none ever overwrites another. */
export const LPTE = {
  /** Belongs to a sparse range, taken at this level or inherited from a sparse directory entry. */
  sparse: 1,
  /** A map wrote the entry and nothing cleared it since. */
  mapped: 2,
  /** Control went over to the small pages since the first small reference came. */
  handedOver: 4,
  /** The small entries below were filled sparse on behalf of this entry (KD-03). */
  filled: 8,
} as const;

const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Uint32Array(0);
const NO_COUNTS = new Uint16Array(0);
const NO_CHILDREN: (PageTable | undefined)[] = [];

/**
 * The driver's record of the hardware tables below one directory entry (`nvkm_vmm_pt`): of one directory or table, or of
 * a pair of large- and small-page tables. Slot 0 stands for a `PGD`, `PGT` or `LPT`, slot 1 for an `SPT`.
 *
 * Reference counts count uses of entries; a hardware table exists exactly while its count is above zero.
 */
export class PageTable implements ChildTables {
  /** log2 of the page size that the record was made for: the only one it can hold where tables come alone. */
  pageShift: number;
  /** The hardware tables. */
  slot0: PooledTable | undefined = undefined;
  slot1: PooledTable | undefined = undefined;
  /** References to entries of slot 0 and of slot 1. A child table counts as one in its directory. */
  refs0 = 0;
  refs1 = 0;
  /** Whether the directory entry above is sparse, so that tables made here start out sparse. */
  inheritsSparse: boolean;

  /** Directories: the records below, by entry. */
  children: (PageTable | undefined)[] = NO_CHILDREN;
  /** Bits of {@link ENTRY} or {@link LPTE} for each entry of slot 0. */
  entryFacts: Uint8Array = NO_BYTES;
  /** Dual tables: references to small entries below each large one. */
  smallRefs: Uint16Array = NO_COUNTS;
  /** Dual tables: references to each large entry. */
  largeRefs: Uint16Array = NO_COUNTS;
  /** Dual tables: the small entries that a map wrote and nothing cleared since, as a bitmap. */
  smallMapped: Uint32Array = NO_WORDS;
  /** Raw spaces: references that `rawGet` took, by entry of slot 0 and of slot 1. */
  rawRefs0: Uint16Array = NO_COUNTS;
  rawRefs1: Uint16Array = NO_COUNTS;

  /**
   * Makes a record without hardware tables.
   *
   * @param level - Level of the table that the record is made for.
   * @param pair - For an `SPT`, the level of its large-page partner.
   */
  constructor(level: Level, pair: Level | undefined, inheritsSparse: boolean, pageShift: number) {
    this.pageShift = pageShift;
    this.inheritsSparse = inheritsSparse;
    const entries = 1 << level.bits;
    switch (level.type) {
      case 'PGD':
        this.children = new Array<PageTable | undefined>(entries).fill(undefined);
        this.entryFacts = new Uint8Array(entries);
        break;
      case 'PGT':
        this.entryFacts = new Uint8Array(entries);
        break;
      case 'LPT':
      case 'SPT': {
        const large = 1 << (pair ?? level).bits;
        this.entryFacts = new Uint8Array(large);
        this.smallRefs = new Uint16Array(large);
        break;
      }
    }
  }

  /** Gives the record its part for a small-page table of `entries` entries. */
  prepareSmall(entries: number): void {
    if (this.smallMapped.length === 0) this.smallMapped = createBitmap(entries);
  }

  /** Gives the record its part for a large-page table. */
  prepareLarge(): void {
    if (this.largeRefs.length === 0) this.largeRefs = new Uint16Array(this.smallRefs.length);
  }

  /** Makes a record of dual tables as new, for another directory entry. */
  renew(inheritsSparse: boolean, pageShift: number): void {
    this.inheritsSparse = inheritsSparse;
    this.pageShift = pageShift;
    this.slot0 = this.slot1 = undefined;
    this.refs0 = this.refs1 = 0;
    this.entryFacts.fill(0);
    this.smallRefs.fill(0);
    this.largeRefs.fill(0);
    this.smallMapped.fill(0);
    this.rawRefs0 = this.rawRefs1 = NO_COUNTS;
  }

  /** The hardware table of a slot. */
  table(slot: 0 | 1): PooledTable | undefined {
    return slot === 0 ? this.slot0 : this.slot1;
  }

  /** The references to entries of a slot. */
  refs(slot: 0 | 1): number {
    return slot === 0 ? this.refs0 : this.refs1;
  }
}
