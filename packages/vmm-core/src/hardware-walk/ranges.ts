import type { LevelFormat, MmuFormat, Root } from './format.js';
import { scanOptions, selectRun, type ListOptions } from './list-options.js';
import {
  pageFields,
  problemRange,
  rangeKind,
  type PageFields,
  type ProblemRange,
  type TableRange,
} from './range-types.js';
import type { MemoryReader } from './reader.js';
import { TableScan } from './scan.js';
import type { EntryRun, ScanVisitor, TableLink, TableProblem } from './scan-visitor.js';

/** A mapped range or empty range that may still grow. Numbers are multiples of 4096. */
interface OpenRange {
  readonly kind: 'mapped' | 'sparse' | 'nowhere';
  readonly level: number;
  readonly va: number;
  size: number;
  readonly addr: number;
  /** Only of a mapped range. */
  readonly page: PageFields | undefined;
}

/** Joins what a scan finds to ranges. */
class RangeMerger implements ScanVisitor {
  readonly #levels: readonly LevelFormat[];
  readonly #options: ListOptions;
  #open: OpenRange | undefined = undefined;
  /** A problem that may still grow; never together with #open. */
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
    if (this.#open !== undefined) this.#done.push(closeRange(this.#open, this.#levels));
    this.#open = undefined;
    if (this.#problem !== undefined) this.#done.push(this.#problem);
    this.#problem = undefined;
  }

  enter({ level, target, addr, entries }: TableLink): void {
    this.#options.totals?.addTable(this.#levels[level] as LevelFormat, target, addr, entries);
  }

  leave(): void {
    // Ranges go on across tables.
  }

  run(run: EntryRun): void {
    const { level, va, size, addr } = run;
    const { shift } = this.#levels[level] as LevelFormat;
    const kind = rangeKind(run.entry.state);
    if (!selectRun(this.#options, kind, shift, run)) return;
    const open = this.#open;
    if (open?.kind === kind && continues(open, run, shift)) {
      open.size += size;
      return;
    }
    this.finish();
    this.#open = { kind, level, va, size, addr, page: kind === 'mapped' ? pageFields(run) : undefined };
  }

  problem(problem: TableProblem): void {
    const { totals } = this.#options;
    if (totals !== undefined) totals.problems++;
    const next = problemRange(this.#levels, problem);
    const last = this.#problem;
    if (
      last?.problem === next.problem &&
      last.level === next.level &&
      last.why === next.why &&
      last.va + last.size === next.va &&
      last.index + last.count === next.index
    ) {
      this.#problem = { ...last, size: last.size + next.size, count: last.count + next.count };
      return;
    }
    this.finish();
    this.#problem = next;
  }
}

/** Whether a run of the same kind goes on where a range ends, in the same way. */
function continues(open: OpenRange, { level, va, entry, addr, tag }: EntryRun, shift: number): boolean {
  if (open.level !== level || open.va + open.size !== va) return false;
  const { page } = open;
  if (page === undefined) return true;
  return (
    open.addr + open.size === addr &&
    page.apertureCode === entry.apertureCode &&
    page.peer === entry.peer &&
    page.ro === entry.ro &&
    page.priv === entry.priv &&
    page.vol === entry.vol &&
    page.noAtomics === entry.noAtomics &&
    page.storageKind === entry.kind &&
    page.tagStep === entry.tagStep &&
    page.tag + (page.tagStep * open.size) / 2 ** shift === tag
  );
}

function closeRange({ kind, level, va, size, page }: OpenRange, levels: readonly LevelFormat[]): TableRange {
  const { name, shift } = levels[level] as LevelFormat;
  const place = { va: BigInt(va), size: BigInt(size), shift, level: name };
  if (kind === 'mapped') return { kind, ...place, ...(page as PageFields) };
  return { kind, ...place };
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
