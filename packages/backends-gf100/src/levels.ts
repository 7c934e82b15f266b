import type { Level, RunWriter } from '@nvmmu/vmm-core';
import { encodePde } from './directory.js';
import { ENTRY_BYTES, PDE_SPARSE, PTE_INVALID, PTE_SPARSE } from './layout.js';
import { writeHalfTagRun, writeList, writeRun } from './writers.js';

// Two levels; a directory entry points at a table of big pages, one of small pages, or both:
//
//  39              27 26        17 16                0
// ├─ directory 13 b ─┼─ LPT 10 b ─┼───── offset ───────┤   128 KiB pages
// ├─ directory 13 b ─┼─────── SPT 15 b ──────┼─ offset ─┤   4 KiB pages beside them
//                                          12 11     0
//  39              26 25        16 15                0
// ├─ directory 14 b ─┼─ LPT 10 b ─┼───── offset ───────┤   64 KiB pages
// ├─ directory 14 b ─┼─────── SPT 14 b ──────┼─ offset ─┤   4 KiB pages beside them

/** Width of an address. */
export const ADDRESS_BITS = 40;
/** log2 of the size of a small page. */
export const SMALL_SHIFT = 12;
const LPT_BITS = 10;
const TABLE_ALIGN = 0x1000;
const UNMAPPED = [0, 0] as const;

/** Sizes of a big page, as log2. */
export type BigShift = 16 | 17;

/** What the levels of a chip can do beside mapping. */
export interface LevelAbilities {
  /** Entries of all levels can be sparse. */
  readonly sparse: boolean;
  /** An absent big entry can keep the hardware from looking at the small pages below. */
  readonly invalid: boolean;
}

/** The three levels of an address space; page sizes share them. */
export interface Levels {
  readonly directory: Level;
  readonly big: Level;
  readonly small: Level;
}

/** log2 of the range that one directory entry covers. */
export function directoryShift(bigShift: BigShift): number {
  return bigShift + LPT_BITS;
}

function bigWriter(bigShift: BigShift, { sparse }: LevelAbilities): RunWriter {
  return bigShift === 16 && sparse ? writeHalfTagRun : writeRun;
}

/** Makes the levels for one size of big pages. */
export function makeLevels(bigShift: BigShift, abilities: LevelAbilities): Levels {
  const { sparse, invalid } = abilities;
  return {
    directory: {
      type: 'PGD',
      bits: ADDRESS_BITS - directoryShift(bigShift),
      entryBytes: ENTRY_BYTES,
      align: TABLE_ALIGN,
      unmapped: UNMAPPED,
      ...(sparse && { sparse: PDE_SPARSE }),
      encodePde,
      sources: [],
    },
    big: {
      type: 'LPT',
      bits: LPT_BITS,
      entryBytes: ENTRY_BYTES,
      align: TABLE_ALIGN,
      unmapped: UNMAPPED,
      ...(sparse && { sparse: PTE_SPARSE }),
      ...(invalid && { invalid: PTE_INVALID }),
      // The driver's later chips have no writer for host memory at this level (KD-39).
      sources: invalid ? ['extents'] : ['extents', 'scatter', 'pages'],
      write: bigWriter(bigShift, abilities),
    },
    small: {
      type: 'SPT',
      bits: directoryShift(bigShift) - SMALL_SHIFT,
      entryBytes: ENTRY_BYTES,
      align: TABLE_ALIGN,
      unmapped: UNMAPPED,
      ...(sparse && { sparse: PTE_SPARSE }),
      sources: ['extents', 'scatter', 'pages'],
      write: writeRun,
      writeList,
    },
  };
}
