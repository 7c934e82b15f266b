import type { MemoryTarget } from '@nvmmu/vmm-core';

/** Number of the memory that holds a page, for its entry; `undefined` where the chip can't map such memory. */
export type ApertureOf = (target: MemoryTarget) => number | undefined;

const DISCRETE = { vram: 0, host: 2, ncoh: 3 } as const;

/** Apertures of discrete cards (`gf100_vmm_aper`). gk20a uses them too, although it has no video memory. */
export function discreteAperture(target: MemoryTarget): number {
  return DISCRETE[target];
}

/** Apertures of gm20b and gp10b (`gk20a_vmm_aper`): the one memory there is counts as video memory. */
export function integratedAperture(target: MemoryTarget): number | undefined {
  return target === 'ncoh' ? 0 : undefined;
}
