import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { MemoryReader, MemoryTarget, MemoryWindow } from '@nvmmu/vmm-core';
import { fileFailure } from './input.js';

/** Bytes that are read at a time. */
const CHUNK = 1 << 18;
/** Chunks that are kept. */
const KEPT = 256;

/**
 * A raw memory image in a file, read where a walk wants to look and no further: images of whole cards are larger than
 * what one would want in memory. Little-endian words; bytes after the last whole word do not count.
 */
export class FileMemory implements MemoryReader {
  readonly path: string;
  /** Address of its first byte. */
  readonly base: number;
  /** Bytes, a multiple of 4. */
  readonly size: number;
  /** Where the memory is; `undefined` answers for every target. */
  readonly target: MemoryTarget | undefined;
  readonly #file: number;
  readonly #chunks = new Map<number, Uint32Array>();

  /**
   * Opens a file.
   *
   * @throws Failure when it can't be read.
   */
  constructor(path: string, base: number, target: MemoryTarget | undefined) {
    this.path = path;
    this.base = base;
    this.target = target;
    try {
      this.#file = openSync(path, 'r');
      const info = fstatSync(this.#file);
      if (info.isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' });
      this.size = info.size - (info.size % 4);
    } catch (error) {
      throw fileFailure(path, error);
    }
  }

  read32(target: MemoryTarget, addr: number): number | undefined {
    const at = this.#offset(target, addr);
    return at === undefined ? undefined : this.#chunk(Math.floor(at / CHUNK))[(at % CHUNK) / 4];
  }

  window(target: MemoryTarget, addr: number, out: MemoryWindow): boolean {
    const at = this.#offset(target, addr);
    if (at === undefined) return false;
    out.words = this.#chunk(Math.floor(at / CHUNK));
    out.at = (at % CHUNK) / 4;
    out.count = out.words.length - out.at;
    return true;
  }

  next(target: MemoryTarget, addr: number): number | undefined {
    if (this.target !== undefined && this.target !== target) return undefined;
    if (addr < this.base) return this.size === 0 ? undefined : this.base;
    return addr < this.base + this.size ? addr : undefined;
  }

  /** All of it, in pieces of `bytes`, which must be a multiple of 4. */
  *pieces(bytes: number): Generator<{ addr: number; target: MemoryTarget | undefined; words: Uint32Array }> {
    for (let at = 0; at < this.size; at += bytes) {
      yield { addr: this.base + at, target: this.target, words: this.#read(at, Math.min(bytes, this.size - at)) };
    }
  }

  /** Closes the file. */
  close(): void {
    closeSync(this.#file);
  }

  #offset(target: MemoryTarget, addr: number): number | undefined {
    if (this.target !== undefined && this.target !== target) return undefined;
    const at = addr - this.base;
    return at >= 0 && at + 4 <= this.size && at % 4 === 0 ? at : undefined;
  }

  #chunk(number: number): Uint32Array {
    const known = this.#chunks.get(number);
    if (known !== undefined) return known;
    const [oldest] = this.#chunks.keys();
    if (this.#chunks.size >= KEPT && oldest !== undefined) this.#chunks.delete(oldest);
    const words = this.#read(number * CHUNK, Math.min(CHUNK, this.size - number * CHUNK));
    this.#chunks.set(number, words);
    return words;
  }

  #read(from: number, bytes: number): Uint32Array {
    const words = new Uint32Array(bytes / 4);
    const view = new Uint8Array(words.buffer);
    try {
      for (let done = 0; done < bytes;) {
        const count = readSync(this.#file, view, done, bytes - done, from + done);
        if (count === 0) break;
        done += count;
      }
    } catch (error) {
      throw fileFailure(this.path, error);
    }
    return words;
  }
}

/** Several memories as one; where two hold an address the first answers. */
export class JoinedMemory implements MemoryReader {
  readonly #parts: readonly MemoryReader[];

  constructor(parts: readonly MemoryReader[]) {
    this.#parts = parts;
  }

  read32(target: MemoryTarget, addr: number): number | undefined {
    for (const part of this.#parts) {
      const word = part.read32(target, addr);
      if (word !== undefined) return word;
    }
    return undefined;
  }

  window(target: MemoryTarget, addr: number, out: MemoryWindow): boolean {
    return this.#parts.some((part) => part.window?.(target, addr, out) === true);
  }

  next(target: MemoryTarget, addr: number): number | undefined {
    let nearest: number | undefined;
    for (const part of this.#parts) {
      const found = part.next?.(target, addr);
      if (found !== undefined && (nearest === undefined || found < nearest)) nearest = found;
    }
    return nearest;
  }
}
