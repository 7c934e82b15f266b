import type { MemoryTarget } from '@nvmmu/ptcache';
import type { Aperture, DecodedEntry } from './entry.js';
import type { LevelFormat, MmuFormat, Root } from './format.js';
import { scanOptions, type ListOptions } from './list-options.js';
import type { MemoryReader } from './reader.js';
import { TableScan, type ProblemKind, type ScanVisitor } from './scan.js';

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

/** A mapped range or empty range that may still grow. Numbers are multiples of 4096. */
class OpenRange {
  kind: 'mapped' | 'sparse' | 'nowhere' = 'mapped';
  va = 0;
  size = 0;
  level = 0;
  addr = 0;
  aperture: Aperture = 'vram';
  apertureCode = 0;
  peer = 0;
  ro = false;
  priv = false;
  vol = false;
  noAtomics = false;
  storageKind = 0;
  tag = 0;
  tagStep = 0;
}

/** Joins what a scan finds to ranges. */
class RangeMerger implements ScanVisitor {
  readonly #levels: readonly LevelFormat[];
  readonly #options: ListOptions;
  readonly #open = new OpenRange();
  /** Whether #open holds something. */
  #pending = false;
  /** A problem that may still grow; never together with #pending. */
  #problem: ProblemRange | undefined = undefined;
  #done: TableRange[] = [];

  constructor(levels: readonly LevelFormat[], options: ListOptions) {
    this.#levels = levels;
    this.#options = options;
  }

  /** The ranges that can't grow any more. */
  takeDone(): readonly TableRange[] {
    const done = this.#done;
    if (done.length > 0) this.#done = [];
    return done;
  }

  finish(): void {
    if (this.#pending) this.#done.push(closeRange(this.#open, this.#levels));
    this.#pending = false;
    if (this.#problem !== undefined) this.#done.push(this.#problem);
    this.#problem = undefined;
  }

  enter(level: number, target: MemoryTarget, addr: number, _index: number, _va: number, entries: number): void {
    this.#options.totals?.addTable(this.#levels[level] as LevelFormat, target, addr, entries);
  }

  leave(): void {
    // Ranges go on across tables.
  }

  run(
    level: number,
    _index: number,
    count: number,
    va: number,
    size: number,
    entry: DecodedEntry,
    addr: number,
    tag: number,
  ): void {
    const { shift } = this.#levels[level] as LevelFormat;
    const { totals, kinds, apertures, shifts } = this.#options;
    const mapped = entry.state === 'page';
    const kind = mapped ? 'mapped' : entry.state === 'sparse' ? 'sparse' : 'nowhere';
    if (kind === 'mapped') totals?.addMapped(shift, entry.aperture, count, size);
    else totals?.addEmpty(kind, shift, count, size);
    if (kinds?.includes(kind) === false || shifts?.includes(shift) === false) return;
    if (mapped && apertures?.includes(entry.aperture) === false) return;
    if (this.#pending && this.#continues(level, kind, va, entry, addr, tag, shift)) {
      this.#open.size += size;
      return;
    }
    this.finish();
    const open = this.#open;
    open.kind = kind;
    open.va = va;
    open.size = size;
    open.level = level;
    if (mapped) {
      open.addr = addr;
      open.aperture = entry.aperture;
      open.apertureCode = entry.apertureCode;
      open.peer = entry.peer;
      open.ro = entry.ro;
      open.priv = entry.priv;
      open.vol = entry.vol;
      open.noAtomics = entry.noAtomics;
      open.storageKind = entry.kind;
      open.tag = tag;
      open.tagStep = entry.tagStep;
    }
    this.#pending = true;
  }

  #continues(
    level: number,
    kind: OpenRange['kind'],
    va: number,
    entry: DecodedEntry,
    addr: number,
    tag: number,
    shift: number,
  ): boolean {
    const open = this.#open;
    if (open.kind !== kind || open.level !== level || open.va + open.size !== va) return false;
    if (kind !== 'mapped') return true;
    return (
      open.addr + open.size === addr &&
      open.apertureCode === entry.apertureCode &&
      open.peer === entry.peer &&
      open.ro === entry.ro &&
      open.priv === entry.priv &&
      open.vol === entry.vol &&
      open.noAtomics === entry.noAtomics &&
      open.storageKind === entry.kind &&
      open.tagStep === entry.tagStep &&
      open.tag + (open.tagStep * open.size) / 2 ** shift === tag
    );
  }

  problem(
    problem: ProblemKind,
    level: number,
    addr: number,
    index: number,
    count: number,
    va: number,
    size: number,
    why: string,
  ): void {
    const { totals } = this.#options;
    if (totals !== undefined) totals.problems++;
    const name = (this.#levels[level] as LevelFormat).name;
    const last = this.#problem;
    if (
      last?.problem === problem &&
      last.level === name &&
      last.why === why &&
      last.va + last.size === BigInt(va) &&
      last.index + last.count === index
    ) {
      this.#problem = { ...last, size: last.size + BigInt(size), count: last.count + count };
      return;
    }
    this.finish();
    this.#problem = {
      kind: 'problem',
      problem,
      va: BigInt(va),
      size: BigInt(size),
      level: name,
      tableAddr: BigInt(addr),
      index,
      count,
      why,
    };
  }
}

function closeRange(open: OpenRange, levels: readonly LevelFormat[]): TableRange {
  const { name, shift } = levels[open.level] as LevelFormat;
  const place = { va: BigInt(open.va), size: BigInt(open.size), shift, level: name };
  if (open.kind !== 'mapped') return { kind: open.kind, ...place };
  return {
    kind: 'mapped',
    ...place,
    addr: BigInt(open.addr),
    aperture: open.aperture,
    apertureCode: open.apertureCode,
    peer: open.peer,
    ro: open.ro,
    priv: open.priv,
    vol: open.vol,
    noAtomics: open.noAtomics,
    storageKind: open.storageKind,
    tag: open.tag,
    tagStep: open.tagStep,
  };
}

/**
 * Lists an address space as ranges in address order, neighbours that are mapped alike joined into one. Only tables are
 * read, never what they map, and each range is yielded as soon as it can't grow any more.
 *
 * @throws RangeError for a `start` or `end` that is negative or turned around.
 */
export function* listRanges(
  format: MmuFormat,
  reader: MemoryReader,
  root: Root,
  options: ListOptions = {},
): Generator<TableRange> {
  const merger = new RangeMerger((root.format ?? format).levels, options);
  const scan = new TableScan(format, reader, root, scanOptions(options), merger);
  do yield* merger.takeDone();
  while (scan.step());
  merger.finish();
  yield* merger.takeDone();
}
