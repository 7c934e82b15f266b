import type { MemoryTarget } from '@nvmmu/ptcache';
import { hexDigits, paddedHex } from '../numbers.js';
import type { MemoryPiece } from './memory-image.js';

/** A line of a dump that can't be understood. */
export class DumpError extends Error {
  override readonly name = 'DumpError';
  /** Number of the line, from 1. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.line = line;
  }
}

/** Options of {@link parseDump}. */
export interface DumpOptions {
  /** Target of words before the first `# target:` line; by default they answer for every target. */
  readonly target?: MemoryTarget;
  /**
   * What a line `...` stands for: lines equal to the one before it (default, as {@link writeDump} means it), or lines
   * of zeros, as some register peek tools mean it.
   */
  readonly elided?: 'repeat' | 'zero';
  /** Most words that the dump may stand for, so that two far addresses around `...` can't ask for all memory; default 2^26. */
  readonly maxWords?: number;
}

/** Words that a line of {@link writeDump} holds. */
const WORDS_PER_LINE = 4;

const LINE = /^\s*(?:0x)?([0-9a-f]{1,16})(?:\s*<[^>]*>)?\s*:(.*)$/i;
const TARGET = /^\s*#\s*target:\s*(\S+)\s*$/i;
const TARGETS: readonly string[] = ['vram', 'host', 'ncoh'] satisfies MemoryTarget[];

/**
 * Writes memory as text: `ADDRESS: WORD WORD WORD WORD`, hexadecimal; where at least three lines are equal only the
 * first and the last are written, with `...` between. A line `# target: vram` says where what follows lives.
 *
 * @returns The lines, one at a time, without line ends.
 */
export function* writeDump(pieces: Iterable<MemoryPiece>): Generator<string> {
  let target: MemoryTarget | undefined;
  for (const piece of [...pieces].sort((a, b) => a.addr - b.addr)) {
    if (piece.target !== undefined && piece.target !== target) {
      target = piece.target;
      yield `# target: ${target}`;
    }
    yield* writePiece(piece);
  }
}

function* writePiece({ addr, words }: MemoryPiece): Generator<string> {
  const whole = words.length - (words.length % WORDS_PER_LINE);
  for (let at = 0; at < words.length;) {
    yield dumpLine(addr, words, at);
    // The last of a run of equal lines; only full lines count.
    let last = at;
    if (at < whole)
      while (last + WORDS_PER_LINE < whole && equalLines(words, at, last + WORDS_PER_LINE)) last += WORDS_PER_LINE;
    if (last - at >= 2 * WORDS_PER_LINE) {
      yield '...';
      at = last;
      yield dumpLine(addr, words, at);
    }
    at += WORDS_PER_LINE;
  }
}

function equalLines(words: Uint32Array, a: number, b: number): boolean {
  for (let i = 0; i < WORDS_PER_LINE; i++) if (words[a + i] !== words[b + i]) return false;
  return true;
}

function dumpLine(addr: number, words: Uint32Array, at: number): string {
  let line = `${paddedHex(addr + 4 * at, 10)}:`;
  for (let i = at; i < Math.min(at + WORDS_PER_LINE, words.length); i++) {
    line += ` ${(words[i] as number).toString(16).padStart(8, '0')}`;
  }
  return line;
}

/** Words of a piece from which on memory counts for more than time: it grows by a quarter then, and is not copied out. */
const LARGE_PIECE = 2 ** 20;

/** Collects words into pieces; a piece ends where the next word is not the next address. */
class PieceBuilder {
  readonly pieces: MemoryPiece[] = [];
  readonly #limit: number;
  #total = 0;
  #start = 0;
  #target: MemoryTarget | undefined = undefined;
  #words = new Uint32Array(WORDS_PER_LINE);
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get end(): number {
    return this.#start + 4 * this.#count;
  }

  /** Adds words, `times` times over. */
  push(line: number, addr: number, target: MemoryTarget | undefined, words: readonly number[], times = 1): void {
    if (addr !== this.end || target !== this.#target) {
      this.finish();
      this.#start = addr;
      this.#target = target;
    }
    const length = words.length * times;
    this.#total += length;
    if (this.#total > this.#limit) throw new DumpError(line, `more than ${this.#limit} words`);
    if (this.#count + length > this.#words.length) {
      const needed = this.#count + length;
      const grown = new Uint32Array(needed < LARGE_PIECE ? 2 * needed : Math.ceil(1.25 * needed));
      grown.set(this.#words);
      this.#words = grown;
    }
    const end = this.#count + length;
    this.#words.set(words, this.#count);
    // Doubles what is there until it is long enough.
    for (let done = words.length; done < length; done *= 2) {
      this.#words.copyWithin(this.#count + done, this.#count, this.#count + Math.min(done, length - done));
    }
    this.#count = end;
  }

  finish(): void {
    const count = this.#count;
    if (count > 0) {
      const isLarge = count >= LARGE_PIECE;
      const words = isLarge ? this.#words.subarray(0, count) : this.#words.slice(0, count);
      if (isLarge) this.#words = new Uint32Array(WORDS_PER_LINE);
      this.pieces.push({ addr: this.#start, target: this.#target, words });
    }
    this.#count = 0;
  }
}

/**
 * Reads a text dump: lines `ADDRESS: WORD …`, as {@link writeDump} and the usual peek and hex-dump tools write them.
 * Addresses and words are hexadecimal with or without `0x`; words have up to 8 digits, or 16 for a 64-bit word. `...`
 * and `*` stand for left-out lines up to the address of the next line; empty lines and lines that start with `#` are
 * skipped; text after two blanks that is no word (a column of characters) is too.
 *
 * @throws DumpError for a line of any other form, an address that is no multiple of 4 or goes back into the memory of
 * the piece before it, or left-out lines that nothing bounds.
 */
export function parseDump(lines: Iterable<string>, options: DumpOptions = {}): MemoryPiece[] {
  const builder = new PieceBuilder(options.maxWords ?? 2 ** 26);
  let target = options.target;
  let last: readonly number[] = [];
  let elided: '...' | '*' | undefined;
  let number = 0;
  for (const line of lines) {
    number++;
    const text = line.trim();
    if (text === '') continue;
    if (text.startsWith('#')) {
      const named = TARGET.exec(text)?.[1]?.toLowerCase();
      if (named !== undefined) target = parseTarget(named, number);
      continue;
    }
    if (text === '...' || text === '*') {
      if (last.length === 0) throw new DumpError(number, `"${text}" before any words`);
      elided = text;
      continue;
    }
    const [, digits, rest] = LINE.exec(text) ?? [];
    if (digits === undefined || rest === undefined)
      throw new DumpError(number, `expected "ADDRESS: WORD …", got "${cut(text)}"`);
    const addr = parseAddress(digits, number);
    const words = parseWords(rest, number);
    if (elided !== undefined) {
      fill(builder, number, addr, target, elided === '...' && options.elided === 'zero' ? [0] : last);
      elided = undefined;
    }
    if (words.length === 0) continue;
    builder.push(number, addr, target, words);
    last = words;
  }
  if (elided !== undefined) throw new DumpError(number, 'left-out lines at the end have no address that bounds them');
  builder.finish();
  return builder.pieces;
}

function fill(
  builder: PieceBuilder,
  line: number,
  end: number,
  target: MemoryTarget | undefined,
  pattern: readonly number[],
): void {
  const bytes = 4 * pattern.length;
  const addr = builder.end;
  if (end < addr || (end - addr) % bytes !== 0) {
    throw new DumpError(line, `left-out lines from 0x${hexDigits(addr)} do not end at 0x${hexDigits(end)}`);
  }
  if (end > addr) builder.push(line, addr, target, pattern, (end - addr) / bytes);
}

function parseTarget(name: string, line: number): MemoryTarget {
  if (!TARGETS.includes(name)) throw new DumpError(line, `target "${cut(name)}" is not one of ${TARGETS.join(', ')}`);
  return name as MemoryTarget;
}

function parseAddress(digits: string, line: number): number {
  const addr = Number(`0x${digits}`);
  if (addr % 4 !== 0 || addr > 2 ** 53)
    throw new DumpError(line, `address 0x${digits} is not a multiple of 4 below 2^53`);
  return addr;
}

function parseWords(text: string, line: number): number[] {
  const words: number[] = [];
  for (const match of text.matchAll(/(\s*)(\S+)/gy)) {
    const [, space = '', token = ''] = match;
    const digits = token.replace(/^0x/i, '');
    if (/^[0-9a-f]{1,8}$/i.test(digits)) {
      words.push(Number(`0x${digits}`));
    } else if (/^[0-9a-f]{16}$/i.test(digits)) {
      words.push(Number(`0x${digits.slice(8)}`), Number(`0x${digits.slice(0, 8)}`));
    } else if (words.length > 0 && space.length >= 2) {
      break;
    } else {
      throw new DumpError(line, `"${cut(token)}" is not a word of up to 8 hexadecimal digits`);
    }
  }
  return words;
}

/** Input in messages, short and on one line. */
function cut(text: string): string {
  const clean = text.replace(/[^ -~]/g, '?');
  return clean.length > 40 ? `${clean.slice(0, 40)}…` : clean;
}
