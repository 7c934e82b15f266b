import type { Aperture } from './entry.js';
import type { LevelFormat } from './format.js';

/** How much is mapped with one page size in one aperture. */
export interface MappedTotal {
  readonly shift: number;
  readonly aperture: Aperture;
  readonly pages: number;
  readonly bytes: bigint;
}

/** How much is sparse (or mapped to nowhere) by entries of one size. */
export interface EntryTotal {
  readonly shift: number;
  readonly entries: number;
  readonly bytes: bigint;
}

/** Tables of one level. A table that several entries share counts once. */
export interface TableTotal {
  readonly level: string;
  readonly tables: number;
  readonly bytes: bigint;
}

interface Sum {
  count: number;
  bytes: number;
}

/** Totals of a listing, which grow while it runs. */
export class TableTotals {
  /** Things that were wrong with tables. */
  problems = 0;
  readonly #mapped = new Map<string, Sum & { readonly shift: number; readonly aperture: Aperture }>();
  readonly #sparse = new Map<number, Sum>();
  readonly #nowhere = new Map<number, Sum>();
  readonly #tables = new Map<string, Sum>();
  readonly #met = new Set<string>();

  /** Mapped memory, largest pages first. */
  get mapped(): MappedTotal[] {
    return [...this.#mapped.values()]
      .sort((a, b) => b.shift - a.shift)
      .map(({ shift, aperture, count, bytes }) => ({ shift, aperture, pages: count, bytes: BigInt(bytes) }));
  }

  /** Sparse ranges, largest first. */
  get sparse(): EntryTotal[] {
    return entryTotals(this.#sparse);
  }

  /** Ranges that are mapped to nowhere, largest first. */
  get nowhere(): EntryTotal[] {
    return entryTotals(this.#nowhere);
  }

  /** Tables by level, in the order in which they were met. */
  get tables(): TableTotal[] {
    return [...this.#tables].map(([level, { count, bytes }]) => ({ level, tables: count, bytes: BigInt(bytes) }));
  }

  /** Bytes of all tables: the overhead. */
  get tableBytes(): bigint {
    return this.tables.reduce((sum, { bytes }) => sum + bytes, 0n);
  }

  /** Mapped bytes in all. */
  get mappedBytes(): bigint {
    return this.mapped.reduce((sum, { bytes }) => sum + bytes, 0n);
  }

  /**
   * Counts mapped pages.
   * @internal
   */
  addMapped(shift: number, aperture: Aperture, pages: number, bytes: number): void {
    const key = `${shift} ${aperture}`;
    const sum = this.#mapped.get(key);
    if (sum === undefined) this.#mapped.set(key, { shift, aperture, count: pages, bytes });
    else add(sum, pages, bytes);
  }

  /**
   * Counts entries that are sparse or mapped to nowhere.
   * @internal
   */
  addEmpty(kind: 'sparse' | 'nowhere', shift: number, entries: number, bytes: number): void {
    const sums = kind === 'sparse' ? this.#sparse : this.#nowhere;
    const sum = sums.get(shift);
    if (sum === undefined) sums.set(shift, { count: entries, bytes });
    else add(sum, entries, bytes);
  }

  /**
   * Counts a table, once.
   * @internal
   */
  addTable(level: LevelFormat, target: string, addr: number, entries: number): void {
    const key = `${level.name} ${target} ${addr}`;
    if (this.#met.has(key)) return;
    this.#met.add(key);
    const bytes = entries * level.entryBytes;
    const sum = this.#tables.get(level.name);
    if (sum === undefined) this.#tables.set(level.name, { count: 1, bytes });
    else add(sum, 1, bytes);
  }
}

function add(sum: Sum, count: number, bytes: number): void {
  sum.count += count;
  sum.bytes += bytes;
}

function entryTotals(sums: ReadonlyMap<number, Sum>): EntryTotal[] {
  return [...sums]
    .sort(([a], [b]) => b - a)
    .map(([shift, { count, bytes }]) => ({ shift, entries: count, bytes: BigInt(bytes) }));
}
