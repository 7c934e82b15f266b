import { PAGE, type Level, type PageSize } from '@nvmmu/vmm-core';
import { encodePde } from './directory.js';
import { DIRECTORY_BITS, ENTRY_BYTES, PDE_ABSENT, PDE_SHIFT } from './layout.js';
import { writeList, writeRun } from './writers.js';

// Two levels, one page size for each directory entry:
//
//  39              29 28              16 15        0
// ├─ directory 11 b ─┼─── table 13 b ───┼─ offset ──┤   64 KiB pages
// ├─ directory 11 b ─┼────── table 17 b ──────┼ ofs ─┤   4 KiB pages
//  39              29 28                    12 11  0

const BIG_SHIFT = 16;
const SMALL_SHIFT = 12;

const directory: Level = {
  type: 'PGD',
  bits: DIRECTORY_BITS,
  entryBytes: 0,
  align: 0,
  unmapped: PDE_ABSENT,
  encodePde,
  sources: [],
};

function table(pageShift: number): Level {
  return {
    type: 'PGT',
    bits: PDE_SHIFT - pageShift,
    entryBytes: ENTRY_BYTES,
    align: 0x1000,
    unmapped: [0, 0],
    sources: ['extents', 'scatter', 'pages'],
    write: writeRun,
    writeList,
  };
}

const bigLevels: readonly Level[] = [table(BIG_SHIFT), directory];
const smallLevels: readonly Level[] = [table(SMALL_SHIFT), directory];

/** The page sizes of a chip; `bigFlags` are the capabilities of its 64 KiB pages. */
export function pageSizes(bigFlags: number): readonly PageSize[] {
  return [
    { shift: BIG_SHIFT, flags: bigFlags, levels: bigLevels },
    { shift: SMALL_SHIFT, flags: PAGE.vram | PAGE.host, levels: smallLevels },
  ];
}
