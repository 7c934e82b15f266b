import type { Chip } from '@nvmmu/vmm-core';
import { gf100 } from './gf100.js';
import { gk104 } from './gk104.js';
import { gk20a } from './gk20a.js';
import { gm200 } from './gm200.js';
import { gm20b } from './gm20b.js';

export { format1 } from './format.js';
export type { Format1Chip } from './format.js';
export { gf100Kinds, gm200Kinds } from './kinds.js';
export { gf100, gk104, gk20a, gm200, gm20b };

/** All chips of this package, oldest first. */
export const gf100Chips: readonly Chip[] = [gf100, gk104, gk20a, gm200, gm20b];
