import { ScriptError } from './errors.js';

/** One line of a text. */
export interface TextLine {
  /** Number, from 1. */
  readonly number: number;
  /** The text without its line end. */
  readonly text: string;
  /** Whether a line end followed; false for a last line that just stops. */
  readonly complete: boolean;
}

/** Chunks of bytes (UTF-8) or of text, as streams and files give them. */
export type ByteSource = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

/** Options of the line readers. */
export interface LineOptions {
  /** Longest line that is accepted, in bytes (in UTF-16 units for text); default 16 MiB. */
  readonly maxLine?: number;
}

const DEFAULT_MAX_LINE = 16 * 1024 * 1024;
const LF = 0x0a;

function tooLong(line: number, limit: number): ScriptError {
  const shown = limit % 0x100000 === 0 ? `${limit / 0x100000} MiB` : `${limit} bytes`;
  return new ScriptError({ line }, `the line is longer than ${shown}`);
}

/** Offset of the first byte that is not part of a UTF-8 character. */
function firstBadByte(bytes: Uint8Array): number {
  // A decoder that streams complains as soon as it has seen the offending byte, so halving finds it.
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, middle + 1), { stream: true });
      low = middle + 1;
    } catch {
      high = middle;
    }
  }
  return low;
}

/**
 * Cuts chunks into lines. It keeps no more than one line in memory, and refuses to keep one that is too long. Lines
 * end in LF or CR LF; a byte-order mark at the start is dropped.
 */
export class LineSplitter {
  readonly #limit: number;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  /** Pieces of the line that has begun: all bytes, or all text. */
  #pieces: (Uint8Array | string)[] = [];
  #pending = 0;
  #number = 0;

  constructor(options: LineOptions = {}) {
    this.#limit = options.maxLine ?? DEFAULT_MAX_LINE;
  }

  /**
   * Takes the next chunk and yields the lines that it completes. The chunk must not change until it is used up.
   *
   * @throws ScriptError for a line that is too long or not UTF-8.
   */
  *push(chunk: Uint8Array | string): Generator<TextLine, void, undefined> {
    let start = 0;
    for (;;) {
      const end = typeof chunk === 'string' ? chunk.indexOf('\n', start) : chunk.indexOf(LF, start);
      const stop = end < 0 ? chunk.length : end;
      if (this.#pending + (stop - start) > this.#limit) throw tooLong(this.#number + 1, this.#limit);
      const piece = typeof chunk === 'string' ? chunk.slice(start, stop) : chunk.subarray(start, stop);
      if (end < 0) {
        if (piece.length > 0) {
          // Copied, since the owner of the chunk may reuse its memory for the next one.
          this.#pieces.push(typeof piece === 'string' ? piece : piece.slice());
          this.#pending += piece.length;
        }
        return;
      }
      yield this.#take(piece, true);
      start = end + 1;
    }
  }

  /** Says that there are no more chunks and returns the last line, if it had no line end. */
  end(): TextLine | undefined {
    return this.#pending === 0 ? undefined : this.#take('', false);
  }

  #take(last: Uint8Array | string, complete: boolean): TextLine {
    this.#number++;
    let text: string;
    if (this.#pieces.length === 0) {
      text = this.#decode(last);
    } else {
      if (last.length > 0) this.#pieces.push(last);
      text = this.#join();
      this.#pieces = [];
      this.#pending = 0;
    }
    if (this.#number === 1 && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    if (text.endsWith('\r')) text = text.slice(0, -1);
    return { number: this.#number, text, complete };
  }

  #join(): string {
    const [first] = this.#pieces;
    if (this.#pieces.length === 1 && first !== undefined) return this.#decode(first);
    if (this.#pieces.every((piece) => typeof piece === 'string')) return this.#pieces.join('');
    const encoder = new TextEncoder();
    const parts = this.#pieces.map((piece) => (typeof piece === 'string' ? encoder.encode(piece) : piece));
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return this.#decode(bytes);
  }

  #decode(bytes: Uint8Array | string): string {
    if (typeof bytes === 'string') return bytes;
    try {
      return this.#decoder.decode(bytes);
    } catch (error) {
      const at = firstBadByte(bytes);
      throw new ScriptError({ line: this.#number }, `not valid UTF-8 at byte ${at + 1} of the line`, { cause: error });
    }
  }
}

/** Reads lines from chunks, in bounded memory. Throws as {@link LineSplitter} does. */
export async function* readLines(
  source: ByteSource,
  options: LineOptions = {},
): AsyncGenerator<TextLine, void, undefined> {
  const splitter = new LineSplitter(options);
  for await (const chunk of source) yield* splitter.push(chunk);
  const last = splitter.end();
  if (last !== undefined) yield last;
}

/** Cuts a text that is in memory into lines. Throws as {@link LineSplitter} does. */
export function* splitLines(
  text: string | Uint8Array,
  options: LineOptions = {},
): Generator<TextLine, void, undefined> {
  const splitter = new LineSplitter(options);
  yield* splitter.push(text);
  const last = splitter.end();
  if (last !== undefined) yield last;
}
