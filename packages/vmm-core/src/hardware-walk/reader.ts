import type { MemoryTarget } from '@nvmmu/ptcache';

const NO_WORDS = new Uint32Array(0);

/** A view of memory that a reader hands out: `count` words from `words[at]`. One object serves many calls. */
export class MemoryWindow {
  words: Uint32Array = NO_WORDS;
  at = 0;
  count = 0;
}

/**
 * How a walk reads page-table memory. Addresses are bytes, multiples of 4 below 2^58. Implementing `read32` is enough;
 * `window` makes whole tables cheap to read.
 */
export interface MemoryReader {
  /** The 32-bit word at `addr`, or `undefined` when that memory is not there. */
  read32(target: MemoryTarget, addr: number): number | undefined;
  /**
   * Points `out` at the memory from `addr` on, as far as it is in one piece.
   *
   * @returns False when there is nothing at `addr`; `out` is then of no use.
   */
  window?(target: MemoryTarget, addr: number, out: MemoryWindow): boolean;
  /** The lowest address at or above `addr` that is there, or `undefined`; lets gaps be skipped. */
  next?(target: MemoryTarget, addr: number): number | undefined;
}

/** The words of one table, copied only when they are not in one piece. */
export class TableWords {
  words: Uint32Array = NO_WORDS;
  at = 0;
  /** A flag for each word that could not be read; absent when all could. */
  missing: Uint8Array | undefined = undefined;
}

const view = new MemoryWindow();

/**
 * Reads a table.
 *
 * @returns False when none of it is there.
 */
export function readTable(
  reader: MemoryReader,
  target: MemoryTarget,
  addr: number,
  count: number,
  out: TableWords,
): boolean {
  out.missing = undefined;
  if (reader.window?.(target, addr, view) === true && view.count >= count) {
    out.words = view.words;
    out.at = view.at;
    return true;
  }
  const first = reader.next === undefined ? addr : reader.next(target, addr);
  if (first === undefined || first >= addr + 4 * count) return false;
  return copyTable(reader, target, addr, count, out);
}

function copyTable(reader: MemoryReader, target: MemoryTarget, addr: number, count: number, out: TableWords): boolean {
  const words = new Uint32Array(count);
  let missing: Uint8Array | undefined;
  let found = 0;
  let i = 0;
  while (i < count) {
    if (reader.window?.(target, addr + 4 * i, view) === true && view.count > 0) {
      const length = Math.min(view.count, count - i);
      words.set(view.words.subarray(view.at, view.at + length), i);
      found += length;
      i += length;
      continue;
    }
    const word = reader.read32(target, addr + 4 * i);
    if (word !== undefined) {
      words[i] = word;
      found++;
      i++;
      continue;
    }
    missing ??= new Uint8Array(count);
    const next = reader.next === undefined ? addr + 4 * (i + 1) : reader.next(target, addr + 4 * i);
    // A reader that does not get on is asked word by word.
    const skip = Math.min(count, Math.max(i + 1, next === undefined ? count : Math.floor((next - addr) / 4)));
    missing.fill(1, i, skip);
    i = skip;
  }
  out.words = words;
  out.at = 0;
  out.missing = missing;
  return found > 0;
}
