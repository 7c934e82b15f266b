/** What a {@link WordJournalWriter} has written: plain data that can be handed from thread to thread. */
export interface WordJournalData {
  readonly chunks: readonly Uint32Array[];
  /** By step: the chunk that holds its runs, and where they begin and end in it. */
  readonly chunk: Uint32Array;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
}

/** Words of one run's head: allocation, first word, number of words. */
const HEAD = 3;
/** Equal words that end a run: a new head costs three. */
const GAP = 3;
const CHUNK_WORDS = 1 << 18;
/** A fence for the recorder's memory: 1 GiB. */
const LIMIT_WORDS = 2 ** 28;

/** The journal of a run outgrew what a page can hold. */
export class JournalFullError extends Error {
  override readonly name = 'JournalFullError';
}

/**
 * Writes down how memory changes from step to step. What is kept is the exclusive-or of a word before and after, so that
 * the same data leads forwards and back.
 */
export class WordJournalWriter {
  readonly #chunks: Uint32Array[] = [];
  readonly #chunk: number[] = [];
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  #words: Uint32Array = new Uint32Array(CHUNK_WORDS);
  #start = 0;
  #at = 0;
  #total = 0;

  constructor() {
    this.#chunks.push(this.#words);
  }

  /** Ends the step; what follows belongs to the next one. */
  endStep(): void {
    this.#chunk.push(this.#chunks.length - 1);
    this.#from.push(this.#start);
    this.#to.push(this.#at);
    this.#total += this.#at - this.#start;
    if (this.#total > LIMIT_WORDS) {
      throw new JournalFullError('the script changes more page-table memory than a page can keep a history of (1 GiB)');
    }
    this.#start = this.#at;
  }

  /**
   * Compares the words `[from, to)` of an allocation with its shadow, writes down what differs, and brings the shadow up
   * to date.
   *
   * @param entryWords - Words of one entry.
   * @returns How many entries changed, counted from `from`.
   */
  diff(
    allocation: number,
    shadow: Uint32Array,
    live: Uint32Array,
    from: number,
    to: number,
    entryWords: number,
  ): number {
    let entries = 0;
    let counted = -1;
    let i = from;
    while (i < to) {
      if (shadow[i] === live[i]) {
        i++;
        continue;
      }
      const first = i;
      let end = i + 1;
      for (i++; i < to && i < end + GAP; i++) if (shadow[i] !== live[i]) end = i + 1;
      const out = this.#reserve(HEAD + end - first);
      const words = this.#words;
      words[out] = allocation;
      words[out + 1] = first;
      words[out + 2] = end - first;
      for (let k = first; k < end; k++) {
        const xor = (shadow[k] as number) ^ (live[k] as number);
        words[out + HEAD + k - first] = xor;
        if (xor === 0) continue;
        shadow[k] = live[k] as number;
        const entry = Math.floor((k - from) / entryWords);
        if (entry !== counted) {
          entries++;
          counted = entry;
        }
      }
    }
    return entries;
  }

  /** Room for `count` words; all runs of one step stay in one chunk. */
  #reserve(count: number): number {
    const at = this.#at;
    if (at + count > this.#words.length) {
      const used = at - this.#start;
      const next = new Uint32Array(Math.max(CHUNK_WORDS, 2 * (used + count)));
      next.set(this.#words.subarray(this.#start, at));
      // A chunk that only this step has used is replaced, not left behind.
      if (this.#start === 0) this.#chunks[this.#chunks.length - 1] = next;
      else this.#chunks.push(next);
      this.#words = next;
      this.#start = 0;
      this.#at = used + count;
      return used;
    }
    this.#at = at + count;
    return at;
  }

  finish(): WordJournalData {
    return {
      chunks: this.#chunks,
      chunk: Uint32Array.from(this.#chunk),
      from: Uint32Array.from(this.#from),
      to: Uint32Array.from(this.#to),
    };
  }
}

/** Told about each run of a step: words `[first, first + count)` of an allocation; `xor[at]` belongs to `first`. */
export type RunVisitor = (allocation: number, first: number, count: number, xor: Uint32Array, at: number) => void;

/** Reads the runs of one step, in the order in which they were written. */
export function readRuns(journal: WordJournalData, step: number, visit: RunVisitor): void {
  const chunk = journal.chunks[journal.chunk[step] ?? 0];
  if (chunk === undefined) return;
  const to = journal.to[step] ?? 0;
  for (let at = journal.from[step] ?? 0; at < to;) {
    const count = chunk[at + 2] as number;
    visit(chunk[at] as number, chunk[at + 1] as number, count, chunk, at + HEAD);
    at += HEAD + count;
  }
}

/** Applies a run, in either direction. */
export function applyRun(words: Uint32Array, first: number, count: number, xor: Uint32Array, at: number): void {
  for (let i = 0; i < count; i++) words[first + i] = (words[first + i] as number) ^ (xor[at + i] as number);
}
