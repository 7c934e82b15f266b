import { PAGE, type Chip } from '@nvmmu/vmm-core';
import { teslaChip } from './chip.js';

/** nv50 (G80), the first chip with this MMU. */
export const nv50: Chip = teslaChip({ name: 'nv50', directoryOffset: 0x1400, bigFlags: PAGE.vram | PAGE.comp });
