import type { MmuFormat } from '@nvmmu/vmm-core';

/** Fault reasons under the names that gf100 has for them. */
export const GF100_REASONS: MmuFormat['reasons'] = {
  pde: { number: 0x0, name: 'PT_NOT_PRESENT' },
  size: { number: 0x1, name: 'PT_TOO_SHORT' },
  pte: { number: 0x2, name: 'PAGE_NOT_PRESENT' },
  limit: { number: 0x3, name: 'VM_LIMIT_EXCEEDED' },
  unbound: { number: 0x4, name: 'NO_CHANNEL' },
  priv: { number: 0x5, name: 'PAGE_SYSTEM_ONLY' },
  ro: { number: 0x6, name: 'PAGE_READ_ONLY' },
  aperture: { number: 0xa, name: 'COMPRESSED_SYSRAM' },
  kind: { number: 0xc, name: 'INVALID_STORAGE_TYPE' },
};

/** Fault reasons under the names that gk104 and later print. */
export const GK104_REASONS: MmuFormat['reasons'] = {
  pde: { number: 0x0, name: 'PDE' },
  size: { number: 0x1, name: 'PDE_SIZE' },
  pte: { number: 0x2, name: 'PTE' },
  limit: { number: 0x3, name: 'VA_LIMIT_VIOLATION' },
  unbound: { number: 0x4, name: 'UNBOUND_INST_BLOCK' },
  priv: { number: 0x5, name: 'PRIV_VIOLATION' },
  ro: { number: 0x6, name: 'RO_VIOLATION' },
  aperture: { number: 0xa, name: 'UNSUPPORTED_APERTURE' },
  kind: { number: 0xc, name: 'UNSUPPORTED_KIND' },
  both: { number: 0xe, name: 'BOTH_PTES_VALID' },
};
