import type { MemoryTarget } from '@nvmmu/vmm-core';
import type { DetailData } from './details.js';
import type { WordJournalData } from './word-journal.js';

/** One allocation of page-table memory in the course of a run. */
export interface AllocationInfo {
  readonly addr: number;
  /** Bytes. */
  readonly size: number;
  readonly target: MemoryTarget;
  /** What each word is before anything is written. */
  readonly fill: number;
  /** The step that allocated it. */
  readonly born: number;
  /** The step that released it, if one did. */
  died: number | undefined;
}

/** Where the tables of a space begin, from a step on. */
export interface RootChange {
  readonly step: number;
  /** Absent when there is no directory (any more). */
  readonly root: { readonly target: MemoryTarget; readonly addr: number; readonly limit: number } | undefined;
}

/** A page size of a space. */
export interface PageShift {
  readonly shift: number;
}

/** One address space of a run. */
export interface SpaceInfo {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly bigPage: number | undefined;
  readonly replay: boolean | undefined;
  /** First address and first address behind the end. */
  readonly start: number;
  readonly limit: number;
  readonly pages: readonly PageShift[];
  readonly created: number;
  closed: number | undefined;
  readonly roots: RootChange[];
}

/** A memory object, as far as the page shows it. */
export interface ObjectInfo {
  readonly id: string;
  readonly target: string;
}

/** Values in one row of {@link Recording.regions}. */
export const REGION_ROW = 5;

/**
 * Everything that the page needs to show any step of a run: plain data, made by a worker. State is not stored but how
 * it changes, so that a run of many steps stays small and any step can be reached forwards or backwards.
 */
export interface Recording {
  readonly title: string | undefined;
  readonly chip: string;
  readonly config: { readonly fbPage: number; readonly stolen: number; readonly tags: number };
  /** Operations that ran. */
  readonly count: number;
  /** Operations that the script has, if reading it went well. */
  readonly total: number;
  /** Why the run or the script ended early. */
  readonly error: string | undefined;
  /** By operation: where its line begins and ends in the script's text. */
  readonly lineFrom: Uint32Array;
  readonly lineTo: Uint32Array;
  readonly ret: Int16Array;
  /** Entries whose value changed. */
  readonly entries: Uint32Array;
  readonly tablesNew: Uint32Array;
  readonly tablesFreed: Uint32Array;
  readonly flushes: Uint32Array;
  readonly registerWrites: Uint32Array;
  /** Bytes of page-table memory after the step. */
  readonly bytes: Float64Array;
  /** Address space that the step acted on, -1 for none, and the addresses that it was about (`NaN` for none). */
  readonly space: Int32Array;
  readonly rangeFrom: Float64Array;
  readonly rangeTo: Float64Array;
  readonly allocations: readonly AllocationInfo[];
  /** By step: first row of {@link allocationEvents}; one more than steps. */
  readonly allocationAt: Uint32Array;
  /** Index of an allocation that was born, or `-1 - index` of one that died. */
  readonly allocationEvents: Int32Array;
  readonly words: WordJournalData;
  readonly spaces: readonly SpaceInfo[];
  readonly objects: readonly ObjectInfo[];
  /** By step: first row of {@link regions}; one more than steps. */
  readonly regionAt: Uint32Array;
  /** Rows of space (`index` added, `-1 - index` removed), address, size, flags, object (-1 for none). */
  readonly regions: Float64Array;
  readonly details: DetailData;
}

/** Bits of a region's flags; above them page index << 8 and referenced index << 12, each plus one and 0 for none. */
export const REGION = { mapref: 1, sparse: 2, part: 4, mapped: 8 } as const;

/** How much of a run is done. */
export interface Progress {
  readonly phase: 'read' | 'run' | 'pack';
  readonly done: number;
  readonly total: number;
}
