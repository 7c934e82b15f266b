import type { MemoryTarget } from '@nvmmu/ptcache';
import { pow2 } from '../numbers.js';
import { DecodedEntry } from './entry.js';
import type { LevelFormat, MmuFormat, Root } from './format.js';
import { readTable, TableWords, type MemoryReader } from './reader.js';

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

/** Gets what a {@link TableScan} finds, in address order. Addresses and sizes are numbers, multiples of 4096. */
export interface ScanVisitor {
  /** A table begins. The tables of a pair begin one after the other, large pages first. */
  enter(level: number, target: MemoryTarget, addr: number, index: number, va: number, entries: number): void;
  /** The table, or the pair of tables, ends. */
  leave(): void;
  /**
   * `count` entries from `index` on that say the same: `page` (then physically contiguous), `sparse` or `nowhere`.
   * `size` is the bytes covered, less than whole pages where small entries of a pair are in the way; `entry` the first
   * entry, valid only during the call; `addr` and `tag` are those of the first page.
   */
  run(
    level: number,
    index: number,
    count: number,
    va: number,
    size: number,
    entry: DecodedEntry,
    addr: number,
    tag: number,
  ): void;
  /** `count` entries from `index` on of the table at `addr` of level `level` that can't be taken. */
  problem(
    kind: ProblemKind,
    level: number,
    addr: number,
    index: number,
    count: number,
    va: number,
    size: number,
    why: string,
  ): void;
}

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

/** A table that is being read. */
class Frame {
  level = 0;
  target: MemoryTarget = 'vram';
  addr = 0;
  va = 0;
  index = 0;
  end = 0;
  readonly words = new TableWords();
}

/** The table of small pages beside one of large pages. */
class Partner {
  level = 0;
  addr = 0;
  va = 0;
  /** log2 of the small entries in one large. */
  ratio = 0;
  entries = 0;
  readonly words = new TableWords();
  /** What keeps it from being read, if something does. */
  problem: 'unreadable' | 'repeat' | undefined = undefined;
}

const WHY = {
  unreadable: 'the table is in memory that is not there',
  repeat: 'the table was met too often',
  conflict: 'the large and the small entry are both valid',
} as const;

/** Deepest nesting of directories. */
const MAX_DEPTH = 16;
const PAGE_BYTES = 0x1000;

/**
 * Reads all tables of an address space in address order, a piece at a time: {@link TableScan.step} tells the visitor
 * about at most one directory entry that has tables, so that its caller can stream.
 */
export class TableScan {
  readonly #levels: readonly LevelFormat[];
  readonly #bothValidFaults: boolean;
  readonly #reader: MemoryReader;
  readonly #visitor: ScanVisitor;
  readonly #start: number;
  readonly #end: number;
  readonly #frames: Frame[] = [];
  #depth = 0;
  readonly #entry = new DecodedEntry();
  readonly #smallEntry = new DecodedEntry();
  readonly #large = new Frame();
  readonly #partner = new Partner();
  /** The part of #partner that is being told. */
  readonly #smallFrame = new Frame();
  /** Tables met so far, by level and target. */
  readonly #met = new Map<string, Set<number>>();
  #repeats: number;
  #entries: number;

  constructor(format: MmuFormat, reader: MemoryReader, root: Root, options: ScanOptions, visitor: ScanVisitor) {
    const used = root.format ?? format;
    this.#levels = used.levels;
    this.#bothValidFaults = used.bothValidFaults;
    this.#reader = reader;
    this.#visitor = visitor;
    const space = pow2(used.vaBits);
    const limit = root.limit === undefined ? space : (Number(root.limit >> 12n) + 1) * PAGE_BYTES;
    this.#start = Math.max(0, options.start ?? 0);
    this.#end = Math.min(space, limit, options.end ?? space);
    this.#repeats = options.maxRepeats ?? 0x10000;
    this.#entries = options.maxEntries ?? 2 ** 28;
    if (this.#start < this.#end) {
      this.#push(0, root.target, Number(root.addr), pow2((used.levels[0] as LevelFormat).bits), -1, 0, space);
    }
  }

  /** Goes on; false when everything was told. */
  step(): boolean {
    if (this.#depth === 0) return false;
    const frame = this.#frames[this.#depth - 1] as Frame;
    const from = frame.index;
    frame.index = this.#entries <= 0 ? frame.end : this.#runs(frame, undefined);
    this.#entries -= frame.index - from;
    if (this.#entries <= 0) {
      this.#overrun(frame);
      return false;
    }
    if (frame.index < frame.end) {
      // The run ended at an entry with tables, which is in #entry.
      const shift = (this.#levels[frame.level] as LevelFormat).shift;
      this.#descend(frame.index, frame.va + frame.index * pow2(shift), pow2(shift));
      frame.index++;
    } else {
      this.#depth--;
      this.#visitor.leave();
    }
    return this.#depth > 0;
  }

  /** Ends the scan early. */
  #overrun(frame: Frame): void {
    const level = this.#levels[frame.level] as LevelFormat;
    const va = frame.va + Math.min(frame.index, pow2(level.bits)) * pow2(level.shift);
    const size = this.#end - va;
    if (size > 0)
      this.#visitor.problem('budget', frame.level, frame.addr, frame.index, 1, va, size, 'too many entries');
    for (; this.#depth > 0; this.#depth--) this.#visitor.leave();
  }

  /** Follows the entry in #entry, which covers `size` bytes from `va` on. */
  #descend(index: number, va: number, size: number): void {
    const { child, childTarget, childAddr, childEntries, small, smallTarget, smallAddr, smallEntries } = this.#entry;
    const format = this.#levels[child];
    if (small < 0 && format?.directory === true) {
      this.#push(child, childTarget, childAddr, childEntries, index, va, size);
      return;
    }
    const large = this.#large;
    const partner = this.#partner;
    const hasLarge = child >= 0 && this.#open(large, child, childTarget, childAddr, childEntries, index, va, size);
    if (child >= 0 && !hasLarge) return;
    const hasSmall =
      small >= 0 &&
      this.#openPartner(hasLarge ? large : undefined, small, smallTarget, smallAddr, smallEntries, index, va);
    if (hasLarge) {
      this.#entries -= large.end - large.index;
      this.#runs(large, small >= 0 ? partner : undefined);
    } else if (small >= 0) {
      this.#small(0, pow2((this.#levels[small] as LevelFormat).bits));
    }
    if (hasLarge || hasSmall) this.#visitor.leave();
  }

  /** Reads the small table of a pair, whose problems are told only where it matters. */
  #openPartner(
    large: Frame | undefined,
    level: number,
    target: MemoryTarget,
    addr: number,
    entries: number,
    index: number,
    va: number,
  ): boolean {
    const partner = this.#partner;
    const format = this.#levels[level] as LevelFormat;
    partner.level = level;
    partner.addr = addr;
    partner.va = va;
    partner.entries = entries;
    partner.ratio = large === undefined ? 0 : (this.#levels[large.level] as LevelFormat).shift - format.shift;
    if (!this.#admit(level, target, addr)) {
      partner.problem = 'repeat';
      return false;
    }
    const readable = readTable(this.#reader, target, addr, (entries * format.entryBytes) / 4, partner.words);
    partner.problem = readable ? undefined : 'unreadable';
    if (readable) this.#visitor.enter(level, target, addr, index, va, entries);
    return readable;
  }

  #push(
    level: number,
    target: MemoryTarget,
    addr: number,
    entries: number,
    index: number,
    va: number,
    size: number,
  ): void {
    for (let i = 0; i < this.#depth; i++) {
      const above = this.#frames[i] as Frame;
      if (above.addr === addr && above.target === target) {
        this.#visitor.problem('loop', level, addr, index, 1, va, size, 'points back at a directory above it');
        return;
      }
    }
    if (this.#depth >= MAX_DEPTH) {
      this.#visitor.problem('loop', level, addr, index, 1, va, size, 'directories without end');
      return;
    }
    const frame = (this.#frames[this.#depth] ??= new Frame());
    if (this.#open(frame, level, target, addr, entries, index, va, size)) this.#depth++;
  }

  /** Reads a table into `frame`, limited to the addresses that the scan looks at. */
  #open(
    frame: Frame,
    level: number,
    target: MemoryTarget,
    addr: number,
    entries: number,
    index: number,
    va: number,
    size: number,
  ): boolean {
    if (!this.#admit(level, target, addr)) {
      this.#visitor.problem('repeat', level, addr, index, 1, va, size, WHY.repeat);
      return false;
    }
    const format = this.#levels[level] as LevelFormat;
    if (!readTable(this.#reader, target, addr, (entries * format.entryBytes) / 4, frame.words)) {
      this.#visitor.problem('unreadable', level, addr, index, 1, va, size, WHY.unreadable);
      return false;
    }
    const unit = pow2(format.shift);
    frame.level = level;
    frame.target = target;
    frame.addr = addr;
    frame.va = va;
    frame.index = Math.max(0, Math.floor((this.#start - va) / unit));
    frame.end = Math.min(entries, Math.ceil((this.#end - va) / unit));
    this.#visitor.enter(level, target, addr, index, va, entries);
    return true;
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

  /**
   * Tells the runs of a table from `frame.index` on.
   *
   * @returns Index of the first entry that has tables (then in #entry), or `frame.end`.
   */
  #runs(frame: Frame, partner: Partner | undefined): number {
    const level = frame.level;
    const format = this.#levels[level] as LevelFormat;
    const { words, at, missing } = frame.words;
    const { decode } = format;
    const stride = format.entryBytes / 4;
    const unit = pow2(format.shift);
    const step = format.step ?? -1;
    const keep = ~(format.stepMask ?? 0);
    const end = frame.end;
    const entry = this.#entry;
    let i = frame.index;
    while (i < end) {
      const first = i;
      const p = at + i * stride;
      const va = frame.va + first * unit;
      if (missing !== undefined && isMissing(missing, p, stride)) {
        do i++;
        while (i < end && isMissing(missing, at + i * stride, stride));
        const size = (i - first) * unit;
        this.#visitor.problem(
          'unreadable',
          level,
          frame.addr,
          first,
          i - first,
          va,
          size,
          'part of the table is not there',
        );
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
      this.#tell(frame, partner, first, i - first, va, (i - first) * unit);
    }
    return end;
  }

  #tell(frame: Frame, partner: Partner | undefined, first: number, count: number, va: number, size: number): void {
    const entry = this.#entry;
    switch (entry.state) {
      case 'page': {
        const inBlock = first & (pow2(entry.block) - 1);
        const unit = size / count;
        const addr = entry.addr + inBlock * unit;
        const tag = entry.tag + inBlock * entry.tagStep;
        if (partner !== undefined && this.#bothValidFaults)
          this.#checkBoth(frame, partner, first, count, va, size, addr, tag);
        else this.#visitor.run(frame.level, first, count, va, size, entry, addr, tag);
        break;
      }
      case 'sparse':
      case 'nowhere':
        this.#visitor.run(frame.level, first, count, va, size, entry, 0, 0);
        break;
      case 'malformed':
        this.#visitor.problem('malformed', frame.level, frame.addr, first, count, va, size, entry.problem);
        break;
      case 'none':
        if (partner !== undefined) this.#small(first << partner.ratio, (first + count) << partner.ratio);
        break;
      case 'blocked':
      case 'table':
        break;
    }
  }

  /** The part [from, to) of the small-page table. */
  #small(from: number, to: number): void {
    const partner = this.#partner;
    const frame = this.#smallFrame;
    const unit = pow2((this.#levels[partner.level] as LevelFormat).shift);
    frame.level = partner.level;
    frame.addr = partner.addr;
    frame.va = partner.va;
    frame.words.words = partner.words.words;
    frame.words.at = partner.words.at;
    frame.words.missing = partner.words.missing;
    frame.index = Math.max(from, Math.floor((this.#start - partner.va) / unit));
    frame.end = Math.min(to, partner.entries, Math.ceil((this.#end - partner.va) / unit));
    if (frame.index >= frame.end) return;
    if (partner.problem !== undefined) {
      this.#smallProblem(partner.problem, frame.index, frame.end);
      return;
    }
    this.#entries -= frame.end - frame.index;
    this.#runs(frame, undefined);
  }

  /** Entries [from, to) of the small table that can't be taken. */
  #smallProblem(kind: 'unreadable' | 'repeat' | 'conflict', from: number, to: number): void {
    const { level, addr, va } = this.#partner;
    const unit = pow2((this.#levels[level] as LevelFormat).shift);
    this.#visitor.problem(kind, level, addr, from, to - from, va + from * unit, (to - from) * unit, WHY[kind]);
  }

  /** Large pages, less those parts whose small entry is valid too. */
  #checkBoth(
    frame: Frame,
    partner: Partner,
    first: number,
    count: number,
    va: number,
    size: number,
    addr: number,
    tag: number,
  ): void {
    const format = this.#levels[partner.level] as LevelFormat;
    const unit = pow2(format.shift);
    const from = first << partner.ratio;
    const to = (first + count) << partner.ratio;
    const piece = (a: number, b: number): void => {
      if (b <= a) return;
      const skip = (a - from) * unit;
      const bytes = (b - a) * unit;
      const pages = bytes === size ? count : Math.max(1, Math.floor((b - a) >> partner.ratio));
      this.#visitor.run(
        frame.level,
        first + ((a - from) >> partner.ratio),
        pages,
        va + skip,
        bytes,
        this.#entry,
        addr + skip,
        tag,
      );
    };
    const last = Math.min(to, partner.entries);
    let done = from;
    for (let i = from; i < last;) {
      const start = i;
      const problem = this.#smallState(i);
      do i++;
      while (i < last && this.#smallState(i) === problem);
      if (problem === undefined) continue;
      piece(done, start);
      this.#smallProblem(problem, start, i);
      done = i;
    }
    piece(done, to);
  }

  /** What a small entry does to the large page above it. */
  #smallState(index: number): 'conflict' | 'unreadable' | 'repeat' | undefined {
    const { words, level, problem } = this.#partner;
    if (problem !== undefined) return problem;
    const format = this.#levels[level] as LevelFormat;
    const stride = format.entryBytes / 4;
    const p = words.at + index * stride;
    if (words.missing !== undefined && isMissing(words.missing, p, stride)) return 'unreadable';
    const entry = this.#smallEntry;
    format.decode(words.words[p] as number, stride > 1 ? (words.words[p + 1] as number) : 0, 0, 0, entry);
    return entry.state === 'page' ? 'conflict' : undefined;
  }
}

function isMissing(missing: Uint8Array, at: number, count: number): boolean {
  for (let i = at; i < at + count; i++) if (missing[i] === 1) return true;
  return false;
}

/** First entry from `i` on that differs from the given words. */
function sameEnd(
  words: Uint32Array,
  at: number,
  i: number,
  end: number,
  stride: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
): number {
  if (stride === 2) {
    for (let p = at + 2 * i; i < end && words[p] === w0 && words[p + 1] === w1; p += 2) i++;
  } else if (stride === 1) {
    while (i < end && words[at + i] === w0) i++;
  } else {
    for (let p = at + 4 * i; i < end && words[p] === w0 && words[p + 1] === w1; p += 4) {
      if (words[p + 2] !== w2 || words[p + 3] !== w3) break;
      i++;
    }
  }
  return i;
}

/** First entry from `i` on that is not the page behind the one before it. */
function contiguousEnd(
  words: Uint32Array,
  at: number,
  i: number,
  end: number,
  stride: number,
  w0: number,
  w1: number,
  step: number,
  keep: number,
): number {
  let last = w0;
  for (let p = at + i * stride; i < end; p += stride) {
    const word = words[p] as number;
    if (word - last !== step || ((word ^ last) & keep) !== 0 || (stride > 1 && words[p + 1] !== w1)) break;
    last = word;
    i++;
  }
  return i;
}
