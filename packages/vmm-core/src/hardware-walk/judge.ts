import type { MemoryTarget } from '@nvmmu/ptcache';
import { DecodedEntry } from './entry.js';
import { bigIntToWords, type EntryLayout } from './fields.js';
import type { LevelFormat, MmuFormat } from './format.js';
import { definedBits } from './annotate.js';
import { readTable, TableWords, type MemoryReader } from './reader.js';

/** What speaks for and against some memory being a table. */
export interface Verdict {
  /** Entries that make sense, those with tables weighed by how much sense the tables make. */
  readonly good: number;
  /** Entries that do not. */
  readonly bad: number;
  /** Whether the first 4 KiB have any content: a larger table without is likely one that starts later. */
  readonly early: boolean;
}

/** Entries with content that are looked at in one table: a table that is none shows it soon. */
const MAX_ENTRIES = 64;
/** Tables that are followed from one table. */
const MAX_CHILDREN = 8;
/** Bad entries, more than good ones, after which the rest of a table does not matter. */
const HOPELESS = 8;

/** What an empty table is worth: there are many, but few that well-formed entries point at. */
const EMPTY_QUALITY = 0.85;
/** Words in 4 KiB. */
const FIRST_WORDS = 0x400;

const NOTHING: Verdict = { good: 0, bad: 0, early: false };

/** Judges whether memory holds tables of one format. Verdicts are kept, so that shared tables are read once. */
export class TableJudge {
  readonly #format: MmuFormat;
  readonly #reader: MemoryReader;
  readonly #verdicts = new Map<string, Verdict>();
  readonly #undefined = new Map<EntryLayout, readonly number[]>();

  constructor(format: MmuFormat, reader: MemoryReader) {
    this.#format = format;
    this.#reader = reader;
  }

  /** Judges a table of a level; empty tables have nothing for or against them. */
  judge(level: number, target: MemoryTarget, addr: number): Verdict {
    const key = `${level} ${target} ${addr}`;
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    // Against tables that point back at themselves.
    this.#verdicts.set(key, NOTHING);
    const verdict = this.#read(level, target, addr);
    this.#verdicts.set(key, verdict);
    return verdict;
  }

  #read(level: number, target: MemoryTarget, addr: number): Verdict {
    const format = this.#format.levels[level] as LevelFormat;
    const stride = format.entryBytes / 4;
    const count = 2 ** format.bits;
    const table = new TableWords();
    if (!readTable(this.#reader, target, addr, count * stride, table)) return { good: 0, bad: 1, early: false };
    const { words, at } = table;
    const entry = new DecodedEntry();
    let good = 0;
    let bad = 0;
    let seen = 0;
    let children = 0;
    let early = false;
    for (let i = 0; i < count && seen < MAX_ENTRIES && bad <= good + HOPELESS; i++) {
      const p = at + i * stride;
      let any = 0;
      for (let k = 0; k < stride; k++) any |= words[p + k] as number;
      if (any === 0) continue;
      const raw = Array.from(words.subarray(p, p + stride));
      if (format.absent !== undefined && format.absent.every((word, k) => word === raw[k])) {
        // The driver's mark for "no table" speaks for a directory, a little.
        good += 0.1;
        if (p - at < FIRST_WORDS) early = true;
        continue;
      }
      seen++;
      const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = raw;
      format.decode(w0, w1, w2, w3, entry);
      if (entry.state === 'malformed' || this.#hasUndefinedBits(format, raw)) {
        bad++;
      } else if (entry.state === 'table') {
        const weight = children++ < MAX_CHILDREN ? this.#children(entry) : 0.5;
        good += weight;
        bad += 1 - weight;
      } else if (entry.state === 'none' || (format.warnings?.(raw).length ?? 0) > 0) {
        // Nothing is mostly all zeros.
        bad += 0.5;
      } else {
        good += entry.state === 'page' ? 1 : 0.5;
      }
      if (p - at < FIRST_WORDS) early = true;
    }
    return { good, bad, early };
  }

  /** How much sense the tables make that an entry points at, from 0 to 1. */
  #children(entry: DecodedEntry): number {
    const { child, childTarget, childAddr, small, smallTarget, smallAddr } = entry;
    const first = child < 0 ? undefined : this.judge(child, childTarget, childAddr);
    const second = small < 0 ? undefined : this.judge(small, smallTarget, smallAddr);
    return Math.min(first === undefined ? 1 : quality(first), second === undefined ? 1 : quality(second));
  }

  #hasUndefinedBits(format: LevelFormat, raw: readonly number[]): boolean {
    const layout = format.layoutOf(raw);
    let masks = this.#undefined.get(layout);
    if (masks === undefined) {
      masks = bigIntToWords(~definedBits(layout), raw.length);
      this.#undefined.set(layout, masks);
    }
    return masks.some((mask, i) => ((raw[i] as number) & mask) !== 0);
  }
}

/** The share of good entries; an empty table says little. */
export function quality({ good, bad }: Verdict): number {
  return good + bad === 0 ? EMPTY_QUALITY : good / (good + bad);
}
