import { PAGE, type Chip } from '@nvmmu/vmm-core';
import { teslaChip } from './chip.js';

/** g84 and the discrete chips after it: the directory starts nearer to the head of the instance block. */
export const g84: Chip = teslaChip({ name: 'g84', directoryOffset: 0x200, bigFlags: PAGE.vram | PAGE.comp });
