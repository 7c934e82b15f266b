import type { Chip } from '@nvmmu/vmm-core';
import { gh100 } from './gh100.js';
import { gp100 } from './gp100.js';
import { gp10b } from './gp10b.js';
import { gv100 } from './gv100.js';
import { tu102 } from './tu102.js';

export { gh100, gp100, gp10b, gv100, tu102 };

/** Every chip of this package, oldest first. */
export const gp100Chips: readonly Chip[] = [gp100, gp10b, gv100, tu102, gh100];
