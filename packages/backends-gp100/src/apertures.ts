import type { MemoryTarget } from '@nvmmu/vmm-core';

/** Aperture number of page entries by the kind of memory that they name; memory that is not listed can't be mapped. */
export type Apertures = Readonly<Partial<Record<MemoryTarget, number>>>;

/** Chips with video memory of their own (`gf100_vmm_aper`). */
export const discrete: Apertures = { vram: 0, host: 2, ncoh: 3 };

/** Chips whose memory is the system's: what is non-coherent host memory elsewhere is their video memory. */
export const integrated: Apertures = { ncoh: 0 };
