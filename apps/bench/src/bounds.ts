import { median, nanoseconds } from './clock.js';

/** What memory itself allows, measured in the same process as what is compared with it. */
export interface Bounds {
  /** `Uint32Array.fill`, nanoseconds per 8 bytes. */
  readonly fill: number;
  /** A plain loop that writes rising 64-bit entries as two lanes, nanoseconds per entry. */
  readonly loop: number;
}

/** Entries of one 4 KiB page table: both bounds write table by table, as page tables lie in memory. */
const TABLE_ENTRIES = 512;
const TABLES = 2048;

function writeTable(words: Uint32Array, from: number, start: number): void {
  let lo = start | 0;
  let hi = 0;
  const end = from + 2 * TABLE_ENTRIES;
  for (let at = from; at < end; at += 2) {
    words[at] = lo;
    words[at + 1] = hi;
    const next = (lo + 0x100) | 0;
    if (next >>> 0 < lo >>> 0) hi++;
    lo = next;
  }
}

/** Measures the bounds, `rounds` times each, and takes the medians. */
export function measureBounds(rounds = 9): Bounds {
  const words = new Uint32Array(2 * TABLE_ENTRIES * TABLES);
  const fills: number[] = [];
  const loops: number[] = [];
  const entries = TABLE_ENTRIES * TABLES;
  for (let round = 0; round < rounds + 2; round++) {
    const start = nanoseconds();
    words.fill(round);
    const filled = nanoseconds();
    for (let table = 0; table < TABLES; table++) writeTable(words, 2 * TABLE_ENTRIES * table, table + round);
    const written = nanoseconds();
    // The first rounds compile.
    if (round < 2) continue;
    fills.push((filled - start) / entries);
    loops.push((written - filled) / entries);
  }
  return { fill: median(fills), loop: median(loops) };
}
