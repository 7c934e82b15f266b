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

import {
  type ChildTables,
  highLane,
  LANE,
  type ListWriter,
  lowLane,
  type PooledTable,
  type RunWriter,
} from '@nvmmu/vmm-core';
import { fillEntries, fillWideEntries } from './fill-entries.js';
import type { EntryFormat } from './levels.js';

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

const PCF_NOT_PRESENT_SPARSE = 1;
const PCF_NO_SMALL_PAGES = 3;

/** Entry that is not present but does not fault, at every level. */
const SPARSE = PCF_NOT_PRESENT_SPARSE << PCF_SHIFT;
/** Large-page entry that is not present and keeps the hardware from the small table. */
const BLOCKED = PCF_NO_SMALL_PAGES << PCF_SHIFT;

const PDE_APERTURE_SHIFT = 1;
const PDE_PCF = { cached: 0, uncached: 1, cachedNoAts: 2 } as const;
/** What a directory entry adds to the address of a table, by the table's memory. */
const PDE_BITS = {
  vram: (1 << PDE_APERTURE_SHIFT) | (PDE_PCF.cachedNoAts << PCF_SHIFT),
  host: (2 << PDE_APERTURE_SHIFT) | (PDE_PCF.uncached << PCF_SHIFT),
  ncoh: (3 << PDE_APERTURE_SHIFT) | (PDE_PCF.cached << PCF_SHIFT),
} as const;

// The `|` below take the low 32 bits of a double by themselves, which is twice as fast as to cut them off before.

/** Writes a run of 8-byte page entries (small and large pages). */
const writePages: RunWriter = (words, at, _index, count, addr, map) => {
  const lo = addr | map.typeLo;
  const hi = (addr / LANE) | map.typeHi;
  fillEntries(words, at, count, lo, hi, map.nextLo, map.nextHi);
  map.advanceTags(count);
};

/** Writes a run of 2 MiB page entries into 16-byte slots; the high halves become 0. */
const writeWidePages: RunWriter = (words, at, _index, count, addr, map) => {
  const lo = addr | map.typeLo;
  const hi = (addr / LANE) | map.typeHi;
  fillWideEntries(words, at, count, lo, hi, map.nextLo, map.nextHi);
  map.advanceTags(count);
};

/** Writes 4 KiB page entries from a list of addresses. */
const writePageList: ListWriter = (words, at, pages, from, count, map) => {
  const typeLo = map.typeLo | 0;
  const typeHi = map.typeHi | 0;
  for (let i = 0; i < count; i++, at += 2) {
    const addr = pages[from + i]!;
    words[at] = addr | typeLo;
    words[at + 1] = (addr / LANE) | typeHi;
  }
};

/** Encodes a directory entry with one table below; all zero without one. */
function encodeSinglePde(child: ChildTables | undefined, out: Uint32Array): boolean {
  return encodeTable(child?.slot0, out, 0);
}

/** Encodes an entry of PD0: large-page table (slot 0) in the low half, small-page table (slot 1) in the high half. */
function encodeDualPde(child: ChildTables | undefined, out: Uint32Array): boolean {
  return encodeTable(child?.slot0, out, 0) && encodeTable(child?.slot1, out, 2);
}

function encodeTable(table: PooledTable | undefined, out: Uint32Array, at: number): boolean {
  if (table === undefined) {
    out[at] = 0;
    out[at + 1] = 0;
    return true;
  }
  // Not in the table: memory of a kind that a provider made up.
  const bits = PDE_BITS[table.target] as number | undefined;
  if (bits === undefined) return false;
  out[at] = lowLane(table.addr) | bits;
  out[at + 1] = highLane(table.addr);
  return true;
}

/** The entries of format 3. */
export const entries3: EntryFormat = {
  sparse: SPARSE,
  blocked: BLOCKED,
  writePages,
  writePageList,
  writeWidePages,
  encodeSinglePde,
  encodeDualPde,
};
