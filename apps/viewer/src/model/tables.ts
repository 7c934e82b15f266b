import {
  DecodedEntry,
  MemoryWindow,
  type EntryState,
  type LevelFormat,
  type MemoryReader,
  type MemoryTarget,
  type MmuFormat,
  type Root,
} from '@nvmmu/vmm-core';

/** One hardware table, by how the walk from the top gets to it. Addresses are numbers: tables are aligned. */
export interface TableRef {
  /** Index of the level in the format. */
  readonly level: number;
  readonly target: MemoryTarget;
  readonly addr: number;
  /** First address that it covers. */
  readonly va: number;
  readonly entries: number;
  /** Entry of the table above that points here; -1 for the top. */
  readonly index: number;
  /** The other table of a pair: of a large-page table the small one, and the other way round. */
  readonly partner: number | undefined;
}

/** States of entries as small numbers, for typed arrays and colours. */
export const STATES: readonly EntryState[] = ['none', 'blocked', 'sparse', 'nowhere', 'page', 'table', 'malformed'];
const CODE = new Map(STATES.map((state, code) => [state, code]));

/** What an entry that could not be read is. */
export const UNREAD: number = STATES.length;

/** Reads the tables of one address space. */
export class TableReader {
  readonly format: MmuFormat;
  readonly root: Root;
  readonly #reader: MemoryReader;
  readonly #window = new MemoryWindow();

  constructor(format: MmuFormat, reader: MemoryReader, root: Root) {
    this.format = root.format ?? format;
    this.#reader = reader;
    this.root = root;
  }

  /** The top-level directory. */
  top(): TableRef {
    const { target, addr } = this.root;
    const entries = 2 ** this.levelOf(0).bits;
    return { level: 0, target, addr: Number(addr), va: 0, entries, index: -1, partner: undefined };
  }

  levelOf(level: number): LevelFormat {
    const format = this.format.levels[level];
    if (format === undefined) throw new RangeError(`no level ${level}`);
    return format;
  }

  /** The words of an entry; `undefined` when its memory is not there. */
  words(table: TableRef, index: number): number[] | undefined {
    const { entryBytes } = this.levelOf(table.level);
    const words: number[] = [];
    for (let at = 0; at < entryBytes; at += 4) {
      const word = this.#reader.read32(table.target, table.addr + index * entryBytes + at);
      if (word === undefined) return undefined;
      words.push(word);
    }
    return words;
  }

  /** Takes an entry apart; `undefined` when its memory is not there. */
  entry(table: TableRef, index: number): DecodedEntry | undefined {
    const words = this.words(table, index);
    if (words === undefined) return undefined;
    return decode(this.levelOf(table.level), words);
  }

  /** The state of every entry, as indices of {@link STATES} or {@link UNREAD}. */
  states(table: TableRef): Uint8Array {
    const states = new Uint8Array(table.entries).fill(UNREAD);
    this.each(table, (index, entry) => {
      states[index] = CODE.get(entry.state) ?? UNREAD;
    });
    return states;
  }

  /** Decodes all entries in turn; the entry is good only until the next one. Unreadable ones are passed over. */
  each(table: TableRef, visit: (index: number, entry: DecodedEntry) => void): void {
    const level = this.levelOf(table.level);
    const stride = level.entryBytes / 4;
    const window = this.#window;
    const entry = new DecodedEntry();
    if (this.#reader.window?.(table.target, table.addr, window) === true) {
      const { words, at } = window;
      const count = Math.min(table.entries, Math.floor(window.count / stride));
      for (let i = 0; i < count; i++) {
        const p = at + i * stride;
        const word = (k: number): number => (k < stride ? (words[p + k] as number) : 0);
        level.decode(word(0), word(1), word(2), word(3), entry);
        visit(i, entry);
      }
      return;
    }
    for (let i = 0; i < table.entries; i++) {
      const words = this.words(table, i);
      if (words === undefined) continue;
      level.decode(words[0] ?? 0, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0, entry);
      visit(i, entry);
    }
  }

  /** The tables that a directory points at, large-page tables before small ones. */
  children(table: TableRef): TableRef[] {
    const children: TableRef[] = [];
    if (!this.levelOf(table.level).directory) return children;
    this.each(table, (index, entry) => {
      if (entry.state === 'table') children.push(...this.#pointed(table, index, entry));
    });
    return children;
  }

  /** The tables that one entry points at. */
  pointed(table: TableRef, index: number): TableRef[] {
    const entry = this.entry(table, index);
    return entry?.state === 'table' ? this.#pointed(table, index, entry) : [];
  }

  #pointed(table: TableRef, index: number, entry: DecodedEntry): TableRef[] {
    const va = table.va + index * 2 ** this.levelOf(table.level).shift;
    const refs: TableRef[] = [];
    const { child, small } = entry;
    if (child >= 0) {
      refs.push({
        level: child,
        target: entry.childTarget,
        addr: entry.childAddr,
        va,
        entries: entry.childEntries,
        index,
        partner: small >= 0 ? small : undefined,
      });
    }
    if (small >= 0) {
      refs.push({
        level: small,
        target: entry.smallTarget,
        addr: entry.smallAddr,
        va,
        entries: entry.smallEntries,
        index,
        partner: child >= 0 ? child : undefined,
      });
    }
    return refs;
  }

  /**
   * The tables on the way to an address, from the top to the one of `level`.
   *
   * @returns As far as there are tables; the last one is of that level only if there is one.
   */
  path(va: number, level: number): TableRef[] {
    const path = [this.top()];
    for (let table = path[0]; table !== undefined && table.level !== level && path.length < 16;) {
      const { shift } = this.levelOf(table.level);
      const index = Math.floor((va - table.va) / 2 ** shift);
      if (index < 0 || index >= table.entries) break;
      const below: TableRef[] = this.pointed(table, index);
      table = below.find((ref) => ref.level === level) ?? below[0];
      // A large-page table is not on the way to the small one.
      if (table === undefined || (table.level !== level && !this.levelOf(table.level).directory)) break;
      path.push(table);
    }
    return path;
  }

  /** The other table of a pair. */
  partnerOf(table: TableRef, path: readonly TableRef[]): TableRef | undefined {
    const above = path[path.length - 2];
    if (table.partner === undefined || above === undefined) return undefined;
    return this.pointed(above, table.index).find((ref) => ref.level === table.partner);
  }
}

/** Takes the words of an entry apart. */
export function decode(level: LevelFormat, words: readonly number[]): DecodedEntry {
  const entry = new DecodedEntry();
  level.decode(words[0] ?? 0, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0, entry);
  return entry;
}
