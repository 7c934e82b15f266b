/** One line of a log, or one piece of a line that is longer than the limit. */
export interface LogLine {
  /** 1-based number of the line; all pieces of one line have the same. */
  readonly number: number;
  /** The text without its line end. */
  readonly text: string;
  /** True for every piece of an overlong line but the first. */
  readonly continued: boolean;
}

interface Utf8Decoder {
  decode(input?: Uint8Array, options?: { stream?: boolean }): string;
}
// The Encoding standard's class, which browsers and Node both have but which the ES library does not declare.
const { TextDecoder } = globalThis as unknown as { TextDecoder: new (label: string, options: object) => Utf8Decoder };

/** Longest piece of a line that is looked at as a whole, in UTF-16 units. */
export const PIECE_LIMIT = 16384;
const CUT_WINDOW = 1024;

/**
 * Cuts chunks of text or UTF-8 bytes into lines. The result depends on the whole input only, not on how it was cut
 * into chunks. Memory is bounded by the chunk and the piece limit: a longer line comes in pieces, each cut at a blank
 * where there is one near the end. Invalid UTF-8 becomes U+FFFD.
 */
export class LineSplitter {
  readonly #emit: (line: LogLine) => void;
  readonly #limit: number;
  #carry = '';
  #number = 1;
  #continued = false;
  #decoder: Utf8Decoder | undefined;

  constructor(emit: (line: LogLine) => void, limit: number = PIECE_LIMIT) {
    this.#emit = emit;
    this.#limit = Math.max(limit, 64);
  }

  /** Takes the next chunk and emits the lines that it completes. */
  push(chunk: string | Uint8Array): void {
    if (typeof chunk === 'string') {
      this.#flushBytes();
      this.#text(chunk);
    } else {
      this.#decoder ??= new TextDecoder('utf-8', { ignoreBOM: true });
      this.#text(this.#decoder.decode(chunk, { stream: true }));
    }
  }

  /** Emits the last line if the input did not end with a line end. */
  end(): void {
    this.#flushBytes();
    if (this.#carry !== '') this.#line(this.#carry);
    this.#carry = '';
  }

  #flushBytes(): void {
    if (this.#decoder === undefined) return;
    const rest = this.#decoder.decode();
    this.#decoder = undefined;
    this.#text(rest);
  }

  #text(chunk: string): void {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf('\n', from);
      if (end < 0) break;
      const piece = chunk.slice(from, end);
      const line = this.#carry === '' ? piece : this.#carry + piece;
      this.#carry = '';
      this.#line(this.#pieces(line));
      from = end + 1;
    }
    this.#carry += from === 0 ? chunk : chunk.slice(from);
    if (this.#carry.length > this.#limit) this.#carry = this.#pieces(this.#carry);
  }

  /** Emits leading pieces until the rest is within the limit, and returns the rest. */
  #pieces(text: string): string {
    let from = 0;
    while (text.length - from > this.#limit) {
      let cut = from + this.#limit;
      const window = Math.min(CUT_WINDOW, this.#limit >> 1);
      // Looked for in a short slice: a search in the whole text could run back to its start each time.
      const blank = text.slice(cut - window, cut).lastIndexOf(' ');
      if (blank >= 0) cut += blank + 1 - window;
      this.#emit({ number: this.#number, text: text.slice(from, cut), continued: this.#continued });
      this.#continued = true;
      from = cut;
    }
    return from === 0 ? text : text.slice(from);
  }

  #line(text: string): void {
    let end = text.length;
    while (end > 0 && text.charCodeAt(end - 1) === 0x0d) end--;
    this.#emit({
      number: this.#number,
      text: end === text.length ? text : text.slice(0, end),
      continued: this.#continued,
    });
    this.#number++;
    this.#continued = false;
  }
}
