// Entries of page-table format 3, low bit at the right. Addresses stand where they are, unshifted and unmasked.
//
// Page entry: 8 bytes; in PD0 the low half of an entry whose high half is 0
//
//  63  61 60    52 51          12 11    8 7     3 2 1   0
// ├ peer ┼─ 0 ────┼─ addr >> 12 ─┼ kind ─┼─ PCF ─┼ ap ┼ v ┤
//
//   v    valid
//   ap   aperture: 0 video memory, 1 peer, 2 coherent, 3 non-coherent system memory
//   PCF  valid: 0x01 uncached, 0x02 privileged, 0x04 read only, 0x08 no atomics, 0x10 no access counters
//        not valid: 0 not present, 1 sparse, 3 no valid small page below (large entries)
//
// Directory entry: 8 bytes; in PD0 two of them, large-page table (address bits 51:8) low, small-page table high
//
//  63    52 51          12 11   6 5   3 2 1   0
// ├─ 0 ────┼─ addr >> 12 ─┼── 0 ─┼ PCF ┼ ap ┼ 0 ┤
//
//   ap   0 no table, 1 video memory, 2 coherent, 3 non-coherent
//   PCF  0 cached, 1 uncached, 2 and 3 the same without ATS; without a table: 0 not present, 1 sparse

import { type EntryFormat, entryFormat } from './entry-format.js';

/** The page entry is valid. */
export const PTE_VALID: number = 1 << 0;
/** Position of the aperture of a page entry. */
export const PTE_APERTURE_SHIFT = 1;
/** Position of the PCF of entries of every level. */
export const PCF_SHIFT = 3;
/** Position of the storage kind of a page entry. */
export const PTE_KIND_SHIFT = 8;

/** Bits of a valid page entry's PCF. The driver always switches access counters off and never atomics. */
export const PCF = { uncached: 0x01, priv: 0x02, ro: 0x04, noAccessCounters: 0x10 } as const;

const PCF_SPARSE = 1;
const PCF_NO_SMALL_PAGES = 3;

const PDE_APERTURE_SHIFT = 1;
const PDE_PCF = { cached: 0, uncached: 1, cachedNoAts: 2 } as const;

/** The entries of format 3. */
export const entries3: EntryFormat = entryFormat({
  addrScale: 1,
  sparse: PCF_SPARSE << PCF_SHIFT,
  blocked: PCF_NO_SMALL_PAGES << PCF_SHIFT,
  tableBits: {
    vram: (1 << PDE_APERTURE_SHIFT) | (PDE_PCF.cachedNoAts << PCF_SHIFT),
    host: (2 << PDE_APERTURE_SHIFT) | (PDE_PCF.uncached << PCF_SHIFT),
    ncoh: (3 << PDE_APERTURE_SHIFT) | (PDE_PCF.cached << PCF_SHIFT),
  },
});
