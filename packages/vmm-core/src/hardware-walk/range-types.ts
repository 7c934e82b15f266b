import type { Aperture, EntryState } from './entry.js';
import type { LevelFormat } from './format.js';
import type { EntryRun, ProblemKind, TableProblem } from './scan-visitor.js';

/** Neighbouring pages that are mapped alike, to memory that follows on. */
export interface MappedRange {
  readonly kind: 'mapped';
  readonly va: bigint;
  readonly size: bigint;
  /** log2 of the page size. */
  readonly shift: number;
  /** Name of the level of the entries. */
  readonly level: string;
  /** Physical address of the first byte. */
  readonly addr: bigint;
  readonly aperture: Aperture;
  readonly apertureCode: number;
  readonly peer: number;
  readonly ro: boolean;
  readonly priv: boolean;
  readonly vol: boolean;
  readonly noAtomics: boolean;
  readonly storageKind: number;
  /** Compression tag line of the first page. */
  readonly tag: number;
  /** Tag lines from one page to the next; 0 when not compressed. */
  readonly tagStep: number;
}

/** Neighbouring entries of one level that are sparse, or mapped to nowhere. */
export interface EmptyRange {
  readonly kind: 'sparse' | 'nowhere';
  readonly va: bigint;
  readonly size: bigint;
  /** log2 of what one entry covers. */
  readonly shift: number;
  readonly level: string;
}

/** Entries that can't be followed. */
export interface ProblemRange {
  readonly kind: 'problem';
  readonly problem: ProblemKind;
  readonly va: bigint;
  readonly size: bigint;
  /** Level and address of the table: the one that holds the entries, or that can't be read or followed. */
  readonly level: string;
  readonly tableAddr: bigint;
  /** First entry: in that table for `malformed`, `conflict` and parts of a table, else in the directory above it. */
  readonly index: number;
  readonly count: number;
  readonly why: string;
}

/** One line of a listing. */
export type TableRange = MappedRange | EmptyRange | ProblemRange;

/** What a mapped range says of its pages. */
export type PageFields = Omit<MappedRange, 'kind' | 'va' | 'size' | 'shift' | 'level'>;

/** The kind of range that a run of entries makes. */
export function rangeKind(state: EntryState): 'mapped' | 'sparse' | 'nowhere' {
  return state === 'page' ? 'mapped' : state === 'sparse' ? 'sparse' : 'nowhere';
}

/** What a run of pages says of them. */
export function pageFields({ entry, addr, tag }: EntryRun): PageFields {
  return {
    addr: BigInt(addr),
    aperture: entry.aperture,
    apertureCode: entry.apertureCode,
    peer: entry.peer,
    ro: entry.ro,
    priv: entry.priv,
    vol: entry.vol,
    noAtomics: entry.noAtomics,
    storageKind: entry.kind,
    tag,
    tagStep: entry.tagStep,
  };
}

/** A problem as a range. */
export function problemRange(levels: readonly LevelFormat[], problem: TableProblem): ProblemRange {
  return {
    kind: 'problem',
    problem: problem.kind,
    va: BigInt(problem.va),
    size: BigInt(problem.size),
    level: (levels[problem.level] as LevelFormat).name,
    tableAddr: BigInt(problem.addr),
    index: problem.index,
    count: problem.count,
    why: problem.why,
  };
}
