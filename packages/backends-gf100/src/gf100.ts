import { PAGE, type Chip } from '@nvmmu/vmm-core';
import { discreteAperture } from './aperture.js';
import { fermiChip } from './chip.js';
import { gf100Kinds } from './kinds.js';

/** gf100 (Fermi): no absent entry means anything but "look further". */
export const gf100: Chip = fermiChip({
  name: 'gf100',
  sparse: false,
  invalid: false,
  bigFlags: PAGE.vram | PAGE.comp,
  smallFlags: PAGE.vram | PAGE.host,
  aperture: discreteAperture,
  kinds: gf100Kinds,
  tableTarget: 'vram',
});
