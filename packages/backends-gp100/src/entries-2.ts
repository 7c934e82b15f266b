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

/** Entry that is not present but does not fault, at every level: volatile without valid. */
const SPARSE = PTE_VOL;
/** Large-page entry that is not present and keeps the hardware from the small table: privileged without valid. */
const BLOCKED = PTE_PRIV;

const PDE_APERTURE_SHIFT = 1;
const PDE_VOL = 1 << 3;
/** What a directory entry adds to the address of a table, by the table's memory. */
const PDE_BITS = {
  vram: 1 << PDE_APERTURE_SHIFT,
  host: (2 << PDE_APERTURE_SHIFT) | PDE_VOL,
  ncoh: 3 << PDE_APERTURE_SHIFT,
} as const;

/** What addresses are divided by: exact for a double, and a fraction would be lost in the lanes. */
const ADDR_UNIT = 1 << ADDR_SHIFT;

// The `|` below take the low 32 bits of a double by themselves, which is twice as fast as to cut them off before.

/** Writes a run of 8-byte page entries (small and large pages). */
const writePages: RunWriter = (words, at, _index, count, addr, map) => {
  const frame = addr / ADDR_UNIT;
  const lo = frame | map.typeLo;
  const hi = (frame / LANE) | map.typeHi;
  fillEntries(words, at, count, lo, hi, map.nextLo, map.nextHi);
  map.advanceTags(count);
};

/** Writes a run of 2 MiB page entries into 16-byte slots; the high halves become 0. */
const writeWidePages: RunWriter = (words, at, _index, count, addr, map) => {
  const frame = addr / ADDR_UNIT;
  const lo = frame | map.typeLo;
  const hi = (frame / LANE) | map.typeHi;
  fillWideEntries(words, at, count, lo, hi, map.nextLo, map.nextHi);
  map.advanceTags(count);
};

/** Writes 4 KiB page entries from a list of addresses. Their template is fixed: 4 KiB pages are never compressed. */
const writePageList: ListWriter = (words, at, pages, from, count, map) => {
  const typeLo = map.typeLo | 0;
  const typeHi = map.typeHi | 0;
  for (let i = 0; i < count; i++, at += 2) {
    const frame = pages[from + i]! / ADDR_UNIT;
    words[at] = frame | typeLo;
    words[at + 1] = (frame / LANE) | typeHi;
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
  const frame = table.addr / ADDR_UNIT;
  out[at] = lowLane(frame) | bits;
  out[at + 1] = highLane(frame);
  return true;
}

/** The entries of format 2. */
export const entries2: EntryFormat = {
  sparse: SPARSE,
  blocked: BLOCKED,
  writePages,
  writePageList,
  writeWidePages,
  encodeSinglePde,
  encodeDualPde,
};
