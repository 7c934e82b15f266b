import { PAGE, type Chip } from '@nvmmu/vmm-core';
import { teslaChip } from './chip.js';

/** mcp77 and the integrated chips after it: video memory is stolen system memory, so nothing can be compressed. */
export const mcp77: Chip = teslaChip({ name: 'mcp77', directoryOffset: 0x200, bigFlags: PAGE.vram });
