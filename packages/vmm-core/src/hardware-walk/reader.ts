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
  const words = new Uint32Array(count);
  let missing: Uint8Array | undefined;
  let found = 0;
  for (let i = 0; i < count; i++) {
    const word = reader.read32(target, addr + 4 * i);
    if (word === undefined) {
      missing ??= new Uint8Array(count);
      missing[i] = 1;
    } else {
      words[i] = word;
      found++;
    }
  }
  out.words = words;
  out.at = 0;
  out.missing = missing;
  return found > 0;
}
