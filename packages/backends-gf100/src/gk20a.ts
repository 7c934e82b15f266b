import { PAGE, type Chip } from '@nvmmu/vmm-core';
import { discreteAperture } from './aperture.js';
import { fermiChip } from './chip.js';
import { gf100Kinds } from './kinds.js';

/** gk20a (Tegra K1): no video memory, but the apertures of discrete cards, so nothing can be compressed. */
export const gk20a: Chip = fermiChip({
  name: 'gk20a',
  sparse: false,
  invalid: true,
  bigFlags: PAGE.host | PAGE.comp,
  smallFlags: PAGE.host,
  aperture: discreteAperture,
  kinds: gf100Kinds,
  tableTarget: 'ncoh',
});
