// Format 3: 57 address bits in six levels.
//
//    56  55      47 46      38 37      29 28    21
//  ├ PD4 ┼── PD3 ───┼── PD2 ───┼── PD1 ───┼─ PD0 ──┼ …

import { type Level, PAGE, type PageSize } from '@nvmmu/vmm-core';
import { entries3 } from './entries-3.js';
import { directory, dualDirectory, largeTable, pageSizes, smallTable } from './levels.js';

const above: readonly Level[] = [
  dualDirectory(entries3),
  directory(entries3, 9),
  directory(entries3, 9),
  directory(entries3, 9),
  directory(entries3, 1),
];

const { sparse, vram, host, comp } = PAGE;

/** Page sizes of Hopper. The list says that 512 MiB pages hold video memory, but nothing writes them (KD-39). */
export const hopperPages: readonly PageSize[] = pageSizes(
  [largeTable(entries3), ...above],
  [smallTable(entries3), ...above],
  [
    [56, sparse],
    [47, sparse],
    [38, sparse],
    [29, sparse | vram | comp],
    [21, sparse | vram | comp],
    [16, sparse | vram | comp],
    [12, sparse | vram | host],
  ],
);
