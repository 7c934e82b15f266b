import type { MemoryTarget } from '@nvmmu/ptcache';
import { pow2 } from '../numbers.js';
import type { LevelFormat } from './format.js';
import { readTable, TableWords, type MemoryReader } from './reader.js';
import type { ScanVisitor, TableLink } from './scan-visitor.js';

/** The addresses that a scan looks at. */
export interface AddressWindow {
  readonly start: number;
  /** First address past the end. */
  readonly end: number;
}

/** A table that is being read. */
export class OpenTable {
  level = 0;
  target: MemoryTarget = 'vram';
  addr = 0;
  va = 0;
  /** The entries to read, from `index` to before `end`. */
  index = 0;
  end = 0;
  readonly words: TableWords = new TableWords();

  /** Selects the entries [from, to), of `unit` bytes each, that cover addresses in the window. */
  select(from: number, to: number, unit: number, window: AddressWindow): void {
    this.index = Math.max(from, Math.floor((window.start - this.va) / unit));
    this.end = Math.min(to, Math.ceil((window.end - this.va) / unit));
  }
}

/** The table of small pages beside one of large pages. */
export class Partner {
  readonly table: OpenTable = new OpenTable();
  entries = 0;
  /** log2 of the small entries in one large. */
  ratio = 0;
  /** What keeps it from being read, if something does. */
  problem: 'unreadable' | 'repeat' | undefined = undefined;
}

/** What is wrong, in words, where a kind of problem says all. */
export const WHY = {
  unreadable: 'the table is in memory that is not there',
  repeat: 'the table was met too often',
  conflict: 'the large and the small entry are both valid',
} as const;

/** Opens tables for a scan, and notes which were met. */
export class TableOpener {
  readonly #levels: readonly LevelFormat[];
  readonly #reader: MemoryReader;
  readonly #visitor: ScanVisitor;
  readonly #window: AddressWindow;
  /** Tables met so far, by level and target. */
  readonly #met = new Map<string, Set<number>>();
  #repeats: number;

  constructor(
    levels: readonly LevelFormat[],
    reader: MemoryReader,
    visitor: ScanVisitor,
    window: AddressWindow,
    maxRepeats: number,
  ) {
    this.#levels = levels;
    this.#reader = reader;
    this.#visitor = visitor;
    this.#window = window;
    this.#repeats = maxRepeats;
  }

  /** Reads a table into `table`, limited to the addresses that the scan looks at; false when it tells of a problem. */
  open(table: OpenTable, link: TableLink): boolean {
    const problem = this.#read(table, link);
    const unit = pow2((this.#levels[link.level] as LevelFormat).shift);
    if (problem !== undefined) {
      // Behind the entries that the table is said to have, its size is what an access faults on.
      const size = Math.min(link.size, link.entries * unit);
      this.#visitor.problem({ ...link, size, kind: problem, count: 1, why: WHY[problem] });
      return false;
    }
    table.select(0, link.entries, unit, this.#window);
    this.#visitor.enter(link);
    return true;
  }

  /** Reads the small table of a pair, whose problems are told only where it matters. */
  openPartner(partner: Partner, large: OpenTable | undefined, link: TableLink): boolean {
    const { shift } = this.#levels[link.level] as LevelFormat;
    partner.entries = link.entries;
    partner.ratio = large === undefined ? 0 : (this.#levels[large.level] as LevelFormat).shift - shift;
    partner.problem = this.#read(partner.table, link);
    if (partner.problem === undefined) this.#visitor.enter(link);
    return partner.problem === undefined;
  }

  #read(table: OpenTable, { level, target, addr, entries, va }: TableLink): 'unreadable' | 'repeat' | undefined {
    table.level = level;
    table.target = target;
    table.addr = addr;
    table.va = va;
    if (!this.#admit(level, target, addr)) return 'repeat';
    const count = (entries * (this.#levels[level] as LevelFormat).entryBytes) / 4;
    return readTable(this.#reader, target, addr, count, table.words) ? undefined : 'unreadable';
  }

  /** Notes a table; false when it was met too often. */
  #admit(level: number, target: MemoryTarget, addr: number): boolean {
    const key = `${level} ${target}`;
    let met = this.#met.get(key);
    if (met === undefined) this.#met.set(key, (met = new Set()));
    if (!met.has(addr)) {
      met.add(addr);
      return true;
    }
    return this.#repeats-- > 0;
  }
}
