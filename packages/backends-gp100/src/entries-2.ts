// Entries of page-table format 2, low bit at the right. Addresses are stored shifted right by 4: address bit 12 is
// entry bit 8. Nothing is masked: address bits above the field run into the fields above it.
//
// Page entry: 8 bytes; in PD0 the low half of an entry whose high half is 0
//
//  63    56 55                 8  7   6   5   4   3   2 1   0
// ├─ kind ─┼ tag, addr >> 12 ───┼ na ┼ ro┼ pr┼ en┼vol┼ ap ┼ v ┤
//
//   v    valid. Without it vol means sparse, and pr (large entries only) that the small table holds nothing here.
//   ap   aperture: 0 video memory, 1 peer, 2 coherent, 3 non-coherent system memory
//   en   encrypted, na: atomics disabled; never set
//   tag  bits 55:36, video memory only; the address of a video page ends at bit 32
//
// Single directory entry: 8 bytes
//
//  63 54 53                    8  7     4   3   2 1   0
// ├─ 0 ─┼─ addr >> 12 ───────────┼── 0 ──┼vol┼ ap ┼ 0 ┤
//
//   ap   0 no table, 1 video memory, 2 coherent, 3 non-coherent: not the numbering of page entries
//   vol  set for tables in coherent memory; without a table: sparse
//
// Dual directory entry: 16 bytes, two of these; the low half names the table of large pages, which is aligned to 256
// bytes only, so that address bits 11:8 show as bits 7:4. Bit 0 of the low half set: a 2 MiB page instead.

import { type EntryFormat, entryFormat } from './entry-format.js';

const LANE_BITS = 32;

/** The page entry is valid. */
export const PTE_VALID: number = 1 << 0;
/** Position of the aperture of a page entry. */
export const PTE_APERTURE_SHIFT = 1;
/** The aperture field of a page entry. */
export const PTE_APERTURE: number = 3 << PTE_APERTURE_SHIFT;
/** Volatile: not cached. */
export const PTE_VOL: number = 1 << 3;
/** For privileged accesses only. */
export const PTE_PRIV: number = 1 << 5;
/** Read only. */
export const PTE_RO: number = 1 << 6;
/** Position of the compression tag in the high lane. */
export const PTE_TAG_SHIFT_HI: number = 36 - LANE_BITS;
/** Position of the storage kind in the high lane. */
export const PTE_KIND_SHIFT_HI: number = 56 - LANE_BITS;
/** By how much addresses are shifted right in entries of every level. */
export const ADDR_SHIFT = 4;

const PDE_APERTURE_SHIFT = 1;
const PDE_VOL = 1 << 3;

/** The entries of format 2. */
export const entries2: EntryFormat = entryFormat({
  addrScale: 1 / (1 << ADDR_SHIFT),
  sparse: PTE_VOL,
  blocked: PTE_PRIV,
  tableBits: {
    vram: 1 << PDE_APERTURE_SHIFT,
    host: (2 << PDE_APERTURE_SHIFT) | PDE_VOL,
    ncoh: 3 << PDE_APERTURE_SHIFT,
  },
});
