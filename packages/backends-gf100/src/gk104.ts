import { PAGE, type Chip } from '@nvmmu/vmm-core';
import { discreteAperture } from './aperture.js';
import { fermiChip } from './chip.js';
import { gf100Kinds } from './kinds.js';

/** gk104 (Kepler): an absent big entry can hide the small pages below it. */
export const gk104: Chip = fermiChip({
  name: 'gk104',
  sparse: false,
  invalid: true,
  bigFlags: PAGE.vram | PAGE.comp,
  smallFlags: PAGE.vram | PAGE.host,
  aperture: discreteAperture,
  kinds: gf100Kinds,
  tableTarget: 'vram',
});
