import type { KindTable } from '@nvmmu/vmm-core';

const NONE = 0x07;

/**
 * Storage kinds from Turing on (`tu102_mmu_kind`): pitch, five depth and stencil formats, generic; and from 8 to e
 * their compressed forms, of which generic has two. 7 and f are not valid. Chips before Turing have the kinds of gm200.
 */
export const turingKinds: KindTable = {
  table: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, NONE, 6, 6, 2, 1, 3, 4, 5, NONE),
  invalid: NONE,
};
