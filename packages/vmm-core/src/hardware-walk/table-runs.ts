import { pow2 } from '../numbers.js';
import { DecodedEntry } from './entry.js';
import type { LevelFormat } from './format.js';
import { WHY, type AddressWindow, type OpenTable, type Partner } from './open-tables.js';
import { contiguousEnd, isMissing, sameEnd } from './run-ends.js';
import { EntryRun, type ProblemKind, type ScanVisitor } from './scan-visitor.js';

/** Tells a visitor what the entries of open tables say, joined to runs. */
export class TableRuns {
  /** The entry that was read last, in the run that it starts. */
  readonly #run = new EntryRun();
  /** What that entry says. */
  readonly entry: DecodedEntry = this.#run.entry;
  /** Entries that may still be looked at. */
  left: number;
  readonly #levels: readonly LevelFormat[];
  readonly #bothValidFaults: boolean;
  readonly #visitor: ScanVisitor;
  readonly #window: AddressWindow;
  readonly #smallEntry = new DecodedEntry();

  constructor(
    levels: readonly LevelFormat[],
    bothValidFaults: boolean,
    visitor: ScanVisitor,
    window: AddressWindow,
    maxEntries: number,
  ) {
    this.#levels = levels;
    this.#bothValidFaults = bothValidFaults;
    this.#visitor = visitor;
    this.#window = window;
    this.left = maxEntries;
  }

  /** Tells the runs of a directory, up to the first entry that has tables. */
  tellDirectory(table: OpenTable): void {
    const from = table.index;
    table.index = this.left <= 0 ? table.end : this.#runs(table, undefined);
    this.left -= table.index - from;
  }

  /** Tells the runs of a table of pages, with those of the small pages beside it where it has none of its own. */
  tellPages(table: OpenTable, partner: Partner | undefined): void {
    this.left -= table.end - table.index;
    this.#runs(table, partner);
  }

  /** Tells the part [from, to) of a table of small pages. */
  tellSmall(partner: Partner, from: number, to: number): void {
    const { table, problem, entries } = partner;
    table.select(from, Math.min(to, entries), pow2((this.#levels[table.level] as LevelFormat).shift), this.#window);
    if (table.index >= table.end) return;
    if (problem === undefined) this.tellPages(table, undefined);
    else this.#problem(problem, table, table.index, table.end, WHY[problem]);
  }

  /** Entries [from, to) that can't be taken. */
  #problem(kind: ProblemKind, { level, addr, va }: OpenTable, from: number, to: number, why: string): void {
    const unit = pow2((this.#levels[level] as LevelFormat).shift);
    const count = to - from;
    this.#visitor.problem({ kind, level, addr, index: from, count, va: va + from * unit, size: count * unit, why });
  }

  /**
   * Tells the runs of a table from `table.index` on.
   *
   * @returns Index of the first entry that has tables (then in #run), or `table.end`.
   */
  #runs(table: OpenTable, partner: Partner | undefined): number {
    const format = this.#levels[table.level] as LevelFormat;
    const { words, at, missing } = table.words;
    const { decode } = format;
    const stride = format.entryBytes / 4;
    const unit = pow2(format.shift);
    const step = format.step ?? -1;
    const keep = ~(format.stepMask ?? 0);
    const end = table.end;
    const entry = this.#run.entry;
    let i = table.index;
    while (i < end) {
      const first = i;
      const p = at + i * stride;
      if (missing !== undefined && isMissing(missing, p, stride)) {
        do i++;
        while (i < end && isMissing(missing, at + i * stride, stride));
        this.#problem('unreadable', table, first, i, 'part of the table is not there');
        continue;
      }
      const w0 = words[p] as number;
      const w1 = stride > 1 ? (words[p + 1] as number) : 0;
      const w2 = stride > 2 ? (words[p + 2] as number) : 0;
      const w3 = stride > 2 ? (words[p + 3] as number) : 0;
      decode(w0, w1, w2, w3, entry);
      i++;
      if (entry.state === 'table') {
        if (format.directory) return first;
        entry.fail('a table of pages points at a table');
      }
      if (missing === undefined) {
        if (entry.state !== 'page') {
          i = sameEnd(words, at, i, end, stride, w0, w1, w2, w3);
        } else if (entry.block > 0) {
          // All entries of a block are the same; their pages follow each other.
          const last = Math.min(end, (Math.floor(first / pow2(entry.block)) + 1) * pow2(entry.block));
          i = sameEnd(words, at, i, last, stride, w0, w1, w2, w3);
        } else if (step > 0 && entry.tagStep === 0) {
          i = contiguousEnd(words, at, i, end, stride, w0, w1, step, keep);
        }
      }
      this.#tell(table, partner, first, i - first, unit);
    }
    return end;
  }

  /** Tells what `count` entries of `unit` bytes say, the first of which is in #run. */
  #tell(table: OpenTable, partner: Partner | undefined, first: number, count: number, unit: number): void {
    const run = this.#run;
    const entry = run.entry;
    switch (entry.state) {
      case 'page': {
        const inBlock = first & (pow2(entry.block) - 1);
        run.addr = entry.addr + inBlock * unit;
        run.tag = entry.tag + inBlock * entry.tagStep;
        if (partner !== undefined && this.#bothValidFaults) this.#checkBoth(table, partner, first, count);
        else this.#tellRun(table, first, count, unit);
        break;
      }
      case 'sparse':
      case 'nowhere':
        run.addr = 0;
        run.tag = 0;
        this.#tellRun(table, first, count, unit);
        break;
      case 'malformed':
        this.#problem('malformed', table, first, first + count, entry.problem);
        break;
      case 'none':
        if (partner !== undefined) this.tellSmall(partner, first << partner.ratio, (first + count) << partner.ratio);
        break;
      case 'blocked':
      case 'table':
        break;
    }
  }

  #tellRun({ level, va }: OpenTable, first: number, count: number, unit: number): void {
    const run = this.#run;
    run.level = level;
    run.index = first;
    run.count = count;
    run.va = va + first * unit;
    run.size = count * unit;
    this.#visitor.run(run);
  }

  /** Large pages, less those parts whose small entry is valid too. */
  #checkBoth(table: OpenTable, partner: Partner, first: number, count: number): void {
    const run = this.#run;
    const { ratio } = partner;
    const unit = pow2((this.#levels[partner.table.level] as LevelFormat).shift);
    const from = first << ratio;
    const to = (first + count) << ratio;
    const addr = run.addr;
    run.level = table.level;
    const piece = (a: number, b: number): void => {
      if (b <= a) return;
      run.index = a >> ratio;
      run.count = b - a === to - from ? count : Math.max(1, (b - a) >> ratio);
      run.va = table.va + a * unit;
      run.size = (b - a) * unit;
      run.addr = addr + (a - from) * unit;
      this.#visitor.run(run);
    };
    const last = Math.min(to, partner.entries);
    let done = from;
    for (let i = from; i < last;) {
      const start = i;
      const problem = this.#smallState(partner, i);
      do i++;
      while (i < last && this.#smallState(partner, i) === problem);
      if (problem === undefined) continue;
      piece(done, start);
      this.#problem(problem, partner.table, start, i, WHY[problem]);
      done = i;
    }
    piece(done, to);
  }

  /** What a small entry does to the large page above it. */
  #smallState({ table, problem }: Partner, index: number): 'conflict' | 'unreadable' | 'repeat' | undefined {
    if (problem !== undefined) return problem;
    const { words, at, missing } = table.words;
    const format = this.#levels[table.level] as LevelFormat;
    const stride = format.entryBytes / 4;
    const p = at + index * stride;
    if (missing !== undefined && isMissing(missing, p, stride)) return 'unreadable';
    const entry = this.#smallEntry;
    format.decode(words[p] as number, stride > 1 ? (words[p + 1] as number) : 0, 0, 0, entry);
    return entry.state === 'page' ? 'conflict' : undefined;
  }
}
