import { pow2 } from '../numbers.js';
import type { LevelFormat, MmuFormat, Root } from './format.js';
import { OpenTable, Partner, TableOpener } from './open-tables.js';
import type { MemoryReader } from './reader.js';
import type { ScanVisitor, TableLink } from './scan-visitor.js';
import { TableRuns } from './table-runs.js';

/** What a scan looks at. */
export interface ScanOptions {
  /** First address, a multiple of 4096; default 0. */
  readonly start?: number;
  /** First address past the end; default is the end of the address space. */
  readonly end?: number;
  /** How often in all a table may be met again before it is no longer followed; default 65536. */
  readonly maxRepeats?: number;
  /** How many entries to look at in all; default 2^28. */
  readonly maxEntries?: number;
}

/** Deepest nesting of directories. */
const MAX_DEPTH = 16;
const PAGE_BYTES = 0x1000;

/**
 * Reads all tables of an address space in address order, a piece at a time: {@link TableScan.step} tells the visitor
 * about at most one directory entry that has tables, so that its caller can stream.
 */
export class TableScan {
  readonly #levels: readonly LevelFormat[];
  readonly #visitor: ScanVisitor;
  readonly #end: number;
  readonly #opener: TableOpener;
  readonly #runs: TableRuns;
  /** The directories from the top-level one down, and how many of them are open. */
  readonly #directories: OpenTable[] = [];
  #depth = 0;
  readonly #large = new OpenTable();
  readonly #partner = new Partner();

  constructor(format: MmuFormat, reader: MemoryReader, root: Root, options: ScanOptions, visitor: ScanVisitor) {
    const { levels, vaBits, bothValidFaults } = root.format ?? format;
    const { start = 0, maxRepeats = 0x10000, maxEntries = 2 ** 28 } = options;
    const space = pow2(vaBits);
    const limit = root.limit === undefined ? space : (Number(root.limit >> 12n) + 1) * PAGE_BYTES;
    const window = { start: Math.max(0, start), end: Math.min(space, limit, options.end ?? space) };
    this.#levels = levels;
    this.#visitor = visitor;
    this.#end = window.end;
    this.#opener = new TableOpener(levels, reader, visitor, window, maxRepeats);
    this.#runs = new TableRuns(levels, bothValidFaults, visitor, window, maxEntries);
    if (window.start < window.end) {
      const entries = pow2((levels[0] as LevelFormat).bits);
      this.#push({ level: 0, target: root.target, addr: Number(root.addr), entries, index: -1, va: 0, size: space });
    }
  }

  /** Goes on; false when everything was told. */
  step(): boolean {
    if (this.#depth === 0) return false;
    const table = this.#directories[this.#depth - 1] as OpenTable;
    this.#runs.tellDirectory(table);
    if (this.#runs.left <= 0) {
      this.#overrun(table);
      return false;
    }
    if (table.index < table.end) {
      // The run ended at an entry with tables.
      const size = pow2((this.#levels[table.level] as LevelFormat).shift);
      this.#descend(table.index, table.va + table.index * size, size);
      table.index++;
    } else {
      this.#depth--;
      this.#visitor.leave();
    }
    return this.#depth > 0;
  }

  /** Ends the scan early. */
  #overrun({ level, addr, index, va: base }: OpenTable): void {
    const { bits, shift } = this.#levels[level] as LevelFormat;
    const va = base + Math.min(index, pow2(bits)) * pow2(shift);
    const size = this.#end - va;
    if (size > 0)
      this.#visitor.problem({ kind: 'budget', level, addr, index, count: 1, va, size, why: 'too many entries' });
    for (; this.#depth > 0; this.#depth--) this.#visitor.leave();
  }

  /** Follows the entry that was read last, which covers `size` bytes from `va` on. */
  #descend(index: number, va: number, size: number): void {
    const { child, childTarget, childAddr, childEntries, small, smallTarget, smallAddr, smallEntries } =
      this.#runs.entry;
    const link = { level: child, target: childTarget, addr: childAddr, entries: childEntries, index, va, size };
    if (small < 0 && this.#levels[child]?.directory === true) {
      this.#push(link);
      return;
    }
    const hasLarge = child >= 0 && this.#opener.open(this.#large, link);
    if (child >= 0 && !hasLarge) return;
    const partner = small < 0 ? undefined : this.#partner;
    const smallLink = { level: small, target: smallTarget, addr: smallAddr, entries: smallEntries, index, va, size };
    const hasSmall =
      partner !== undefined && this.#opener.openPartner(partner, hasLarge ? this.#large : undefined, smallLink);
    if (hasLarge) this.#runs.tellPages(this.#large, partner);
    else if (partner !== undefined) this.#runs.tellSmall(partner, 0, pow2((this.#levels[small] as LevelFormat).bits));
    if (hasLarge || hasSmall) this.#visitor.leave();
  }

  /** Opens a directory, unless that has no end. */
  #push(link: TableLink): void {
    const above = this.#directories.slice(0, this.#depth);
    if (above.some(({ addr, target }) => addr === link.addr && target === link.target)) {
      this.#visitor.problem({ ...link, kind: 'loop', count: 1, why: 'points back at a directory above it' });
      return;
    }
    if (this.#depth >= MAX_DEPTH) {
      this.#visitor.problem({ ...link, kind: 'loop', count: 1, why: 'directories without end' });
      return;
    }
    const table = (this.#directories[this.#depth] ??= new OpenTable());
    if (this.#opener.open(table, link)) this.#depth++;
  }
}
