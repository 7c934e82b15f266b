import type { KindTable } from '@nvmmu/vmm-core';

/** Kinds are seven bits wide; the driver drops the rest. */
export const KIND_MASK = 0x7f;

/** The table value of a kind that the chips don't have. */
export const KIND_INVALID = 0x7f;

// Memory type that a kind needs: 1 without, 2 with bank swizzle.
const ROWS = `
  01 7f 7f 7f 7f 7f 7f 7f 7f 7f 7f 7f 7f 7f 7f 7f
  01 01 01 01 7f 7f 7f 7f 02 02 02 02 7f 7f 7f 7f
  01 01 01 01 01 01 01 7f 02 02 02 02 02 02 02 7f
  7f 7f 7f 7f 7f 7f 7f 7f 7f 7f 7f 7f 7f 7f 7f 7f
  01 01 01 01 01 01 01 02 02 02 02 02 02 02 7f 7f
  7f 7f 7f 7f 01 01 01 7f 7f 7f 7f 7f 7f 7f 7f 7f
  01 01 01 01 01 01 01 7f 01 01 01 01 02 02 02 02
  01 7f 02 7f 01 7f 02 7f 01 01 02 02 01 01 7f 7f`;

/** Storage kinds of all three chips: the memory type (bank class) that each kind needs. */
export const teslaKinds: KindTable = {
  table: Uint8Array.from(ROWS.trim().split(/\s+/), (byte) => parseInt(byte, 16)),
  invalid: KIND_INVALID,
};
