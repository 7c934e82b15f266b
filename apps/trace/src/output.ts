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

  constructor(stream: Writable = process.stdout) {
    this.#stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
      this.closed = true;
    });
    stream.on('close', () => {
      this.closed = true;
    });
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
    await Promise.race([once(this.#stream, 'drain'), once(this.#stream, 'close')]).catch(() => {
      this.closed = true;
    });
  }

  /** Ends a stream that is not standard output, after the last write. */
  async end(): Promise<void> {
    await this.drain();
    if (this.#stream === process.stdout || this.closed) return;
    this.#stream.end();
    await once(this.#stream, 'close');
  }
}
