import { once } from 'node:events';
import type { Writable } from 'node:stream';

const CHUNK = 1 << 16;

/**
 * Standard output, or another stream, a line at a time: gathers lines into large writes and waits while the reader is
 * slow. When the reader has gone, writes are dropped and `closed` says so.
 */
export class Output {
  /** Whether nobody reads any more. */
  closed = false;
  readonly #stream: Writable;
  #text = '';
  /** Ends the wait for a slow reader. */
  #wake: (() => void) | undefined = undefined;

  constructor(stream: Writable = process.stdout) {
    this.#stream = stream;
    const gone = (): void => {
      this.closed = true;
      this.#wake?.();
    };
    // What went wrong is for whoever owns the stream; here it only means that nobody reads.
    stream.on('error', gone);
    stream.on('close', gone);
    stream.on('drain', () => this.#wake?.());
  }

  /** Adds a line; `await drain()` now and then lets the reader keep up. */
  line(text = ''): void {
    this.#text += text;
    this.#text += '\n';
  }

  /** Whether enough has gathered for a write. */
  get full(): boolean {
    return this.#text.length >= CHUNK;
  }

  /** Writes what has gathered, and waits while the reader is slow. */
  async drain(): Promise<void> {
    if (this.#text === '' || this.closed) {
      this.#text = '';
      return;
    }
    const text = this.#text;
    this.#text = '';
    if (this.#stream.write(text)) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }

  /** Ends a stream that is not standard output, after the last write. */
  async end(): Promise<void> {
    await this.drain();
    if (this.#stream === process.stdout || this.closed) return;
    this.#stream.end();
    await once(this.#stream, 'close');
  }
}
