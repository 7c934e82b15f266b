// Format 2: 49 address bits in five levels.
//
//   48 47 46      38 37      29 28    21
//  ├ PD3 ┼── PD2 ───┼── PD1 ───┼─ PD0 ──┼ …

import { type Level, PAGE, type PageSize } from '@nvmmu/vmm-core';
import { entries2 } from './entries-2.js';
import { frameFunctions } from './frames.js';
import { directory, dualDirectory, largeTable, pageSizes, smallTable } from './levels.js';

const SMALL_BYTES = 0x1000;
const WIDE_BYTES = 0x20_0000;

const above: readonly Level[] = [
  dualDirectory(entries2, frameFunctions(4, WIDE_BYTES)),
  directory(entries2, 9),
  directory(entries2, 9),
  directory(entries2, 2),
];
const large: readonly Level[] = [largeTable(entries2), ...above];
const small: readonly Level[] = [smallTable(entries2, frameFunctions(2, SMALL_BYTES)), ...above];

const { sparse, vram, host, comp } = PAGE;

/** Page sizes of chips with video memory of their own. */
export const discretePages: readonly PageSize[] = pageSizes(large, small, [
  [47, sparse],
  [38, sparse],
  [29, sparse],
  [21, sparse | vram | comp],
  [16, sparse | vram | comp],
  [12, sparse | vram | host],
]);

/** Page sizes of chips whose memory is the system's. */
export const integratedPages: readonly PageSize[] = pageSizes(large, small, [
  [47, sparse],
  [38, sparse],
  [29, sparse],
  [21, sparse | host | comp],
  [16, sparse | host | comp],
  [12, sparse | host],
]);
