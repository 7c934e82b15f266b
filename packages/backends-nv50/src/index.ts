import type { Chip } from '@nvmmu/vmm-core';
import { g84 } from './g84.js';
import { mcp77 } from './mcp77.js';
import { nv50 } from './nv50.js';

export { formatT } from './format.js';
export type { FormatTChip, KindClasses } from './format.js';
export { teslaKinds } from './kinds.js';
export { g84, mcp77, nv50 };

/** All chips of this package, oldest first. */
export const nv50Chips: readonly Chip[] = [nv50, g84, mcp77];
