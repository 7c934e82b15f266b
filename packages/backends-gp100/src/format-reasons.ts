import type { MmuFormat } from '@nvmmu/vmm-core';

/** The causes that all chips from gp100 on report, under the driver's names. */
const SHARED = {
  pde: { number: 0x0, name: 'PDE' },
  size: { number: 0x1, name: 'PDE_SIZE' },
  pte: { number: 0x2, name: 'PTE' },
  limit: { number: 0x3, name: 'VA_LIMIT_VIOLATION' },
  unbound: { number: 0x4, name: 'UNBOUND_INST_BLOCK' },
  priv: { number: 0x5, name: 'PRIV_VIOLATION' },
  ro: { number: 0x6, name: 'RO_VIOLATION' },
  aperture: { number: 0xa, name: 'UNSUPPORTED_APERTURE' },
  kind: { number: 0xc, name: 'UNSUPPORTED_KIND' },
} as const;

/**
 * Fault reasons by generation. On Pascal the driver still prints the names of the chips before it, where 0xf is called
 * poisoned; what the hardware means is an atomic violation.
 */
export const MMU_REASONS: Readonly<Record<'pascal' | 'volta', MmuFormat['reasons']>> = {
  pascal: { ...SHARED, atomic: { number: 0xf, name: 'INFO_TYPE_POISONED' } },
  volta: { ...SHARED, atomic: { number: 0xf, name: 'ATOMIC_VIOLATION' } },
};
