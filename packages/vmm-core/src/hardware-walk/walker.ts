import type { MemoryTarget } from '@nvmmu/ptcache';
import { alignDown, bitField, pow2 } from '../numbers.js';
import { DecodedEntry } from './entry.js';
import type { FaultCause, LevelFormat, MmuFormat, Root } from './format.js';
import { MemoryWindow, type MemoryReader } from './reader.js';

/**
 * How a lookup ended. `unreadable`: an entry that it needed is in memory that the reader does not have; `malformed`: an
 * entry says something that the hardware does not define.
 */
export type WalkOutcome = 'mapped' | 'sparse' | 'nowhere' | 'fault' | 'malformed' | 'unreadable';

const PAGE_SHIFT = 12;

/** Entries that one lookup can read: one a level, and a bound for formats that name levels in a circle. */
const MAX_STEPS = 16;

/** Room for steps: after the last directory there may be two tables. */
const STEP_ROOM = MAX_STEPS + 2;

/** Words of the largest entry. */
const MAX_WORDS = 4;

/**
 * Translates addresses one after the other without allocating anything: the members hold the outcome of the last
 * {@link Walker.lookup} and are overwritten by the next one. `walk` is the comfortable form.
 */
export class Walker {
  readonly format: MmuFormat;
  outcome: WalkOutcome = 'fault';
  /** `mapped`: physical address of the 4 KiB piece that was looked up, in bytes. */
  addr = 0;
  /** `mapped`: aperture, flags, kind and so on. Its own `addr` and `tag` are those of the entry. */
  readonly page: DecodedEntry = new DecodedEntry();
  /** `mapped`: compression tag line of the page. */
  tag = 0;
  /** log2 of the page, of the sparse range, or of the range that the deciding entry covers. */
  shift = 0;
  /** Index in `format.levels` of the deciding entry, -1 if none was read. */
  level = -1;
  /** Address of the deciding entry. */
  entryAddr = 0;
  /** `fault`: why. */
  cause: FaultCause = 'pde';
  /** `malformed`: what is wrong. */
  problem = '';

  /** Number of entries that were read (or, the last one of `unreadable`, tried). */
  steps = 0;
  /** Level of each step. */
  readonly stepLevels: Uint8Array = new Uint8Array(STEP_ROOM);
  readonly stepTargets: MemoryTarget[] = Array.from({ length: STEP_ROOM }, () => 'vram');
  /** Address of the table of each step. */
  readonly stepTables: Float64Array = new Float64Array(STEP_ROOM);
  readonly stepIndices: Uint32Array = new Uint32Array(STEP_ROOM);
  /** Words of the entries, four for each step. */
  readonly stepWords: Uint32Array = new Uint32Array(STEP_ROOM * MAX_WORDS);

  readonly #reader: MemoryReader;
  readonly #rootTarget: MemoryTarget;
  readonly #rootAddr: number;
  /** First page address that is out of bounds. */
  readonly #end: number;
  readonly #directory = new DecodedEntry();
  readonly #other = new DecodedEntry();
  readonly #window = new MemoryWindow();

  /**
   * Prepares lookups in the address space at `root`, or as often as needed: the reader is asked anew every time.
   *
   * @throws RangeError when the directory's address is no multiple of 4 below 2^58.
   */
  constructor(format: MmuFormat, reader: MemoryReader, root: Root) {
    const addr = Number(root.addr);
    if (root.addr < 0n || root.addr > 1n << 58n || BigInt(addr) !== root.addr || addr % 4 !== 0) {
      throw new RangeError(`directory address 0x${root.addr.toString(16)} is not a multiple of 4 below 2^58`);
    }
    this.format = root.format ?? format;
    this.#reader = reader;
    this.#rootTarget = root.target;
    this.#rootAddr = addr;
    const space = pow2(this.format.vaBits);
    // The low 12 bits of the limit count as ones.
    this.#end = root.limit === undefined ? space : Math.min(space, (Number(root.limit >> 12n) + 1) * pow2(PAGE_SHIFT));
  }

  /**
   * Looks up one 4 KiB page.
   *
   * @param va - Address; only bits 12 and up count, so that it is exact for every address width.
   */
  lookup(va: number): WalkOutcome {
    const page = alignDown(va, PAGE_SHIFT);
    const { levels } = this.format;
    const out = this.#directory;
    this.steps = 0;
    this.level = -1;
    this.entryAddr = 0;
    this.shift = this.format.vaBits;
    if (!(page >= 0 && page < this.#end)) {
      // Where no limit exists there is just no entry for the address.
      return this.#fault(this.format.reasons.limit === undefined ? 'pde' : 'limit');
    }
    let level = 0;
    let target = this.#rootTarget;
    let table = this.#rootAddr;
    let entries = Infinity;
    while (this.steps < MAX_STEPS) {
      const format = levels[level] as LevelFormat;
      const index = bitField(page, format.shift, format.bits);
      this.shift = format.shift;
      if (index >= entries) return this.#fault('size');
      if (!this.#read(format, level, target, table, index, out)) return (this.outcome = 'unreadable');
      if (out.state !== 'table') return this.#finish(format, level, index, page, out);
      if (out.small >= 0) return this.#pair(page, out);
      level = out.child;
      target = out.childTarget;
      table = out.childAddr;
      entries = out.childEntries;
    }
    return this.#malformed('directories without end');
  }

  /** The two tables of a dual entry, either of which may be missing. */
  #pair(page: number, pair: DecodedEntry): WalkOutcome {
    const { levels, bothValidFaults } = this.format;
    const small = levels[pair.small] as LevelFormat;
    const smallIndex = bitField(page, small.shift, small.bits);
    if (pair.child >= 0) {
      const large = levels[pair.child] as LevelFormat;
      const index = bitField(page, large.shift, large.bits);
      const entry = this.page;
      this.shift = large.shift;
      if (index >= pair.childEntries) return this.#fault('size');
      if (!this.#read(large, pair.child, pair.childTarget, pair.childAddr, index, entry)) {
        return (this.outcome = 'unreadable');
      }
      if (entry.state === 'page' && bothValidFaults && smallIndex < pair.smallEntries) {
        const at = this.entryAddr;
        const readable = this.#read(small, pair.small, pair.smallTarget, pair.smallAddr, smallIndex, this.#other);
        if (!readable) return (this.outcome = 'unreadable');
        if (this.#other.state === 'page') {
          this.shift = small.shift;
          return this.#fault('both');
        }
        this.level = pair.child;
        this.entryAddr = at;
      }
      if (entry.state !== 'none') return this.#finish(large, pair.child, index, page, entry);
    }
    this.shift = small.shift;
    if (smallIndex >= pair.smallEntries) return this.#fault('size');
    const entry = this.page;
    if (!this.#read(small, pair.small, pair.smallTarget, pair.smallAddr, smallIndex, entry)) {
      return (this.outcome = 'unreadable');
    }
    return this.#finish(small, pair.small, smallIndex, page, entry);
  }

  /** Ends a lookup at an entry that points at no table. */
  #finish(format: LevelFormat, level: number, index: number, page: number, entry: DecodedEntry): WalkOutcome {
    switch (entry.state) {
      case 'page': {
        // Entries of a contiguous block all hold the address and the tag of its first page.
        const inBlock = index & (pow2(entry.block) - 1);
        this.addr = entry.addr + inBlock * pow2(format.shift) + (page - alignDown(page, format.shift));
        this.tag = entry.tag + inBlock * entry.tagStep;
        if (entry !== this.page) copyPage(entry, this.page);
        return (this.outcome = 'mapped');
      }
      case 'sparse':
      case 'nowhere':
        return (this.outcome = entry.state);
      case 'malformed':
        return this.#malformed(entry.problem);
      case 'table':
        return this.#malformed(`level ${level} is a table of pages but points at a table`);
      case 'none':
      case 'blocked':
        return this.#fault(format.directory ? 'pde' : 'pte');
    }
  }

  #fault(cause: FaultCause): WalkOutcome {
    this.cause = cause;
    return (this.outcome = 'fault');
  }

  #malformed(problem: string): WalkOutcome {
    this.problem = problem;
    return (this.outcome = 'malformed');
  }

  /** Reads and decodes one entry, and notes the step. */
  #read(
    format: LevelFormat,
    level: number,
    target: MemoryTarget,
    table: number,
    index: number,
    out: DecodedEntry,
  ): boolean {
    const count = format.entryBytes / 4;
    const addr = table + index * format.entryBytes;
    const step = this.steps++;
    const words = this.stepWords;
    const at = step * MAX_WORDS;
    this.stepLevels[step] = level;
    this.stepTargets[step] = target;
    this.stepTables[step] = table;
    this.stepIndices[step] = index;
    this.level = level;
    this.entryAddr = addr;
    const view = this.#window;
    const reader = this.#reader;
    if (reader.window?.(target, addr, view) === true && view.count >= count) {
      const source = view.words;
      const from = view.at;
      words[at] = source[from] as number;
      words[at + 1] = count > 1 ? (source[from + 1] as number) : 0;
      words[at + 2] = count > 2 ? (source[from + 2] as number) : 0;
      words[at + 3] = count > 2 ? (source[from + 3] as number) : 0;
    } else {
      for (let i = 0; i < MAX_WORDS; i++) {
        const word = i < count ? reader.read32(target, addr + 4 * i) : 0;
        if (word === undefined) return false;
        words[at + i] = word;
      }
    }
    format.decode(words[at] as number, words[at + 1] as number, words[at + 2] as number, words[at + 3] as number, out);
    return true;
  }
}

function copyPage(from: DecodedEntry, to: DecodedEntry): void {
  to.state = from.state;
  to.addr = from.addr;
  to.aperture = from.aperture;
  to.apertureCode = from.apertureCode;
  to.peer = from.peer;
  to.ro = from.ro;
  to.priv = from.priv;
  to.vol = from.vol;
  to.noAtomics = from.noAtomics;
  to.kind = from.kind;
  to.tag = from.tag;
  to.tagStep = from.tagStep;
  to.block = from.block;
}

/** Makes a {@link Walker}. Throws as its constructor does. */
export function createWalker(format: MmuFormat, reader: MemoryReader, root: Root): Walker {
  return new Walker(format, reader, root);
}
