import type { VmmError } from '@nvmmu/vmm-core';
import type { Operation } from './operations.js';
import type { EventRecord } from './results.js';

/** Log lines or events of one operation. */
export interface Recorded<T> {
  /** All of them, or the first 64 unless the runner keeps everything. */
  readonly items: readonly T[];
  readonly count: number;
  /** SHA-256 of all of them, each followed by a newline; only where there are more than 64. */
  readonly sha: string | undefined;
}

/** What one operation did. */
export interface StepResult {
  /** Number of the operation, from 0. */
  readonly index: number;
  readonly operation: Operation;
  /** 0, or a negative errno. */
  readonly ret: number;
  /** Why it was refused, when `ret` is not 0. */
  readonly error: VmmError | undefined;
  /** What a `get` returned. */
  readonly addr: bigint | undefined;
  /** The frame words after a `pfnmap`; those that were refused are 0. */
  readonly pfns: BigUint64Array | undefined;
  readonly log: Recorded<string>;
  readonly events: Recorded<EventRecord>;
  /** The regions, for a `dump`. */
  readonly vmas: readonly string[] | undefined;
  /** Hash of page-table memory; absent when the runner does not hash. */
  readonly mem: string | undefined;
  /** Time inside the call, in the unit of the runner's clock; 0 where nothing was called or there is no clock. */
  readonly time: number;
}
