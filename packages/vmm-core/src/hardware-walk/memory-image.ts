import type { MemoryTarget } from '@nvmmu/ptcache';
import { hex } from '../numbers.js';
import type { MemoryReader, MemoryWindow } from './reader.js';

/** One piece of memory of an image. An allocation of page-table memory is one as it is. */
export interface MemoryPiece {
  /** Address of the first byte, a multiple of 4. */
  readonly addr: number;
  /** Where it lives; `undefined` answers for every target. */
  readonly target: MemoryTarget | undefined;
  readonly words: Uint32Array;
}

const PAGE_BYTES = 0x1000;
/** Slots for pieces found before, a power of two. */
const RECENT = 64;

/** The pieces for one target, in address order. */
class PieceList {
  readonly pieces: MemoryPiece[] = [];
  /** Pieces found before, by the low bits of the page number: walks come back to the same tables. */
  #recent: (MemoryPiece | undefined)[] = new Array<MemoryPiece | undefined>(RECENT).fill(undefined);

  find(addr: number): MemoryPiece | undefined {
    const slot = (addr / PAGE_BYTES) & (RECENT - 1);
    const recent = this.#recent[slot];
    if (recent !== undefined && addr >= recent.addr && addr < recent.addr + 4 * recent.words.length) return recent;
    const piece = this.pieces[this.#above(addr) - 1];
    if (piece === undefined || addr >= piece.addr + 4 * piece.words.length) return undefined;
    this.#recent[slot] = piece;
    return piece;
  }

  add(piece: MemoryPiece): void {
    const at = this.#above(piece.addr);
    const below = this.pieces[at - 1];
    const above = this.pieces[at];
    const end = piece.addr + 4 * piece.words.length;
    if ((below !== undefined && below.addr + 4 * below.words.length > piece.addr) || (above?.addr ?? Infinity) < end) {
      throw new RangeError(`memory from ${hex(piece.addr)} to ${hex(end)} overlaps other memory of the image`);
    }
    this.pieces.splice(at, 0, piece);
  }

  remove(addr: number): boolean {
    const at = this.#above(addr) - 1;
    if (this.pieces[at]?.addr !== addr) return false;
    this.pieces.splice(at, 1);
    this.#recent.fill(undefined);
    return true;
  }

  next(addr: number): number | undefined {
    return this.find(addr) === undefined ? this.pieces[this.#above(addr)]?.addr : addr;
  }

  /** Index of the first piece that starts above `addr`. */
  #above(addr: number): number {
    let from = 0;
    let to = this.pieces.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.pieces[middle] as MemoryPiece).addr <= addr) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/**
 * Memory to walk: live allocations of page-table memory, raw images, parsed dumps, or all together. What was added is
 * viewed, not copied, so that later changes show.
 */
export class MemoryImage implements MemoryReader {
  readonly #lists: Readonly<Record<MemoryTarget | 'any', PieceList>> = {
    vram: new PieceList(),
    host: new PieceList(),
    ncoh: new PieceList(),
    any: new PieceList(),
  };

  /** Makes an image of `pieces`. Throws as {@link MemoryImage.add} does. */
  constructor(pieces: Iterable<MemoryPiece> = []) {
    for (const piece of pieces) this.add(piece);
  }

  /**
   * Adds a piece.
   *
   * @throws RangeError when its address is no multiple of 4 from 0 to 2^58, or it overlaps a piece of the same target.
   */
  add(piece: MemoryPiece): void {
    if (!Number.isInteger(piece.addr) || piece.addr < 0 || piece.addr > 2 ** 58 || piece.addr % 4 !== 0) {
      throw new RangeError(`memory address ${String(piece.addr)} is not a multiple of 4 from 0 to ${hex(2 ** 58)}`);
    }
    if (piece.words.length > 0) this.#lists[piece.target ?? 'any'].add(piece);
  }

  /**
   * Adds raw bytes, little-endian, which are viewed where they are aligned to 4 bytes and copied otherwise. Bytes after
   * the last whole word are left out.
   *
   * @throws RangeError as {@link MemoryImage.add} does.
   */
  addBytes(target: MemoryTarget | undefined, addr: number, bytes: Uint8Array): void {
    const length = bytes.length >>> 2;
    const source = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    this.add({ target, addr, words: new Uint32Array(source.buffer, source.byteOffset, length) });
  }

  /**
   * Takes the piece that starts at `piece.addr` out again.
   *
   * @returns Whether there was one.
   */
  remove(piece: Pick<MemoryPiece, 'addr' | 'target'>): boolean {
    return this.#lists[piece.target ?? 'any'].remove(piece.addr);
  }

  /** All pieces, by target and then in address order. */
  *pieces(): Generator<MemoryPiece> {
    for (const key of ['vram', 'host', 'ncoh', 'any'] as const) yield* this.#lists[key].pieces;
  }

  /** The word at `addr`, or `undefined` when no piece holds it or `addr` is no multiple of 4. */
  read32(target: MemoryTarget, addr: number): number | undefined {
    const piece = this.#find(target, addr);
    // Anything but a whole word of the piece reads as undefined by itself.
    return piece?.words[(addr - piece.addr) / 4];
  }

  /** Points `out` at the rest of the piece that holds `addr`; false when there is none. */
  window(target: MemoryTarget, addr: number, out: MemoryWindow): boolean {
    const piece = this.#find(target, addr);
    if (piece === undefined) return false;
    out.words = piece.words;
    out.at = (addr - piece.addr) / 4;
    out.count = piece.words.length - out.at;
    return Number.isInteger(out.at);
  }

  /** The lowest address at or above `addr` that a piece holds. */
  next(target: MemoryTarget, addr: number): number | undefined {
    const here = this.#lists[target].next(addr);
    const any = this.#lists.any.next(addr);
    return here === undefined || any === undefined ? (here ?? any) : Math.min(here, any);
  }

  #find(target: MemoryTarget, addr: number): MemoryPiece | undefined {
    return this.#lists[target].find(addr) ?? this.#lists.any.find(addr);
  }
}
