import type { MemoryTarget } from '@nvmmu/ptcache';
import { DecodedEntry } from './entry.js';

/**
 * What can be wrong with tables.
 *
 * - `malformed`: the entry says something that the hardware does not define.
 * - `unreadable`: the table, or part of it, is in memory that the reader does not have.
 * - `loop`: the entry points back at a directory above it.
 * - `repeat`: the table was met too often before.
 * - `conflict`: a valid large and a valid small entry for the same address, on chips that fault then.
 * - `budget`: the tables have more entries than the caller wanted to look at.
 */
export type ProblemKind = 'malformed' | 'unreadable' | 'loop' | 'repeat' | 'conflict' | 'budget';

/** A table, as the entry that points at it names it. Addresses and sizes are numbers, multiples of 4096. */
export interface TableLink {
  readonly level: number;
  readonly target: MemoryTarget;
  readonly addr: number;
  /** Entries that the table has. */
  readonly entries: number;
  /** Index of the entry that points at it; -1 for the top-level directory. */
  readonly index: number;
  /** First address that it covers, and how many bytes from there on. */
  readonly va: number;
  readonly size: number;
}

/** Entries that say the same: `page` (then physically contiguous), `sparse` or `nowhere`. One object serves all runs. */
export class EntryRun {
  level = 0;
  /** First entry, in its table. */
  index = 0;
  /** Entries. */
  count = 0;
  va = 0;
  /** Bytes covered, less than whole pages where small entries of a pair are in the way. */
  size = 0;
  /** What the first entry says. */
  readonly entry: DecodedEntry = new DecodedEntry();
  /** `page`: address and tag of the first page. */
  addr = 0;
  tag = 0;
}

/** Entries that can't be taken. */
export interface TableProblem {
  readonly kind: ProblemKind;
  /** Level and address of the table that holds the entries, or that can't be read or followed. */
  readonly level: number;
  readonly addr: number;
  readonly index: number;
  readonly count: number;
  readonly va: number;
  readonly size: number;
  readonly why: string;
}

/** Gets what a scan finds, in address order. */
export interface ScanVisitor {
  /** A table begins. The tables of a pair begin one after the other, large pages first. */
  enter(table: TableLink): void;
  /** The table, or the pair of tables, ends. */
  leave(): void;
  /** Some entries say the same. `run` is valid only during the call. */
  run(run: EntryRun): void;
  problem(problem: TableProblem): void;
}
