import { PAGE, type Chip } from '@nvmmu/vmm-core';
import { discreteAperture } from './aperture.js';
import { fermiChip } from './chip.js';
import { gm200Kinds } from './kinds.js';

/** gm200 (Maxwell): sparse entries, and big pages by address space. */
export const gm200: Chip = fermiChip({
  name: 'gm200',
  sparse: true,
  invalid: true,
  bigFlags: PAGE.vram | PAGE.comp,
  smallFlags: PAGE.vram | PAGE.host,
  aperture: discreteAperture,
  kinds: gm200Kinds,
  tableTarget: 'vram',
});
