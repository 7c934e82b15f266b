import { PAGE, type Chip } from '@nvmmu/vmm-core';
import { integratedAperture } from './aperture.js';
import { fermiChip } from './chip.js';
import { gm200Kinds } from './kinds.js';

/** gm20b (Tegra X1): no video memory; non-coherent memory takes its place and coherent memory can't be mapped. */
export const gm20b: Chip = fermiChip({
  name: 'gm20b',
  sparse: true,
  invalid: true,
  bigFlags: PAGE.host | PAGE.comp,
  smallFlags: PAGE.host,
  aperture: integratedAperture,
  kinds: gm200Kinds,
  tableTarget: 'ncoh',
});
