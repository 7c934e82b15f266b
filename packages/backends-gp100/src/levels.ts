// The tables that formats 2 and 3 share: they differ in their entries and in the directories above PD0.
//
//   28    21 20              12 11    0
//  ├─ PD0 ──┼─────── SPT ──────┼ page ┤
//  │        ├ LPT 20:16 ┼─── page ────┤
//  └ an entry of PD0 names an LPT and an SPT, or is a page of 2 MiB

import type { FrameFunctions, Level, PageSize } from '@nvmmu/vmm-core';
import type { EntryFormat } from './entry-format.js';

const TABLE_ALIGN = 0x1000;
/** Sixteen tables of large pages share 4 KiB. */
const LPT_ALIGN = 0x100;

/** Small pages, 4 KiB: the only ones for scattered memory. */
export function smallTable(entries: EntryFormat, frames?: FrameFunctions): Level {
  return {
    type: 'SPT',
    bits: 9,
    entryBytes: 8,
    align: TABLE_ALIGN,
    unmapped: [0, 0],
    sparse: [entries.sparse, 0],
    sources: ['extents', 'scatter', 'pages'],
    write: entries.writePages,
    writeList: entries.writePageList,
    ...(frames && { frames }),
  };
}

/** Large pages, 64 KiB. */
export function largeTable(entries: EntryFormat): Level {
  return {
    type: 'LPT',
    bits: 5,
    entryBytes: 8,
    align: LPT_ALIGN,
    unmapped: [0, 0],
    sparse: [entries.sparse, 0],
    invalid: [entries.blocked, 0],
    sources: ['extents'],
    write: entries.writePages,
  };
}

/** PD0: the directory of pairs of small and large tables, whose entries can be pages of 2 MiB as well. */
export function dualDirectory(entries: EntryFormat, frames?: FrameFunctions): Level {
  return {
    type: 'PGD',
    bits: 8,
    entryBytes: 16,
    align: TABLE_ALIGN,
    unmapped: [0, 0, 0, 0],
    sparse: [entries.sparse, 0, 0, 0],
    encodePde: entries.encodeDualPde,
    sources: ['extents'],
    write: entries.writeWidePages,
    ...(frames && { frames }),
  };
}

/** A directory of 2^`bits` directories. Nothing writes pages at its level. */
export function directory(entries: EntryFormat, bits: number): Level {
  return {
    type: 'PGD',
    bits,
    entryBytes: 8,
    align: TABLE_ALIGN,
    unmapped: [0, 0],
    sparse: [entries.sparse, 0],
    encodePde: entries.encodeSinglePde,
    sources: [],
  };
}

/**
 * Lists page sizes, largest first. All but the last start on the way up from the large table; the last is that of the
 * small table.
 *
 * @param large - Levels from the large table up.
 * @param small - Levels from the small table up.
 * @param sizes - Shift and flags of each size, one more than there are levels from the large table up.
 */
export function pageSizes(
  large: readonly Level[],
  small: readonly Level[],
  sizes: readonly (readonly [shift: number, flags: number])[],
): readonly PageSize[] {
  const last = sizes.length - 1;
  return sizes.map(([shift, flags], i) => ({ shift, flags, levels: i < last ? large.slice(last - 1 - i) : small }));
}
