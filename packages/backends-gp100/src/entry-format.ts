import {
  type ChildTables,
  highLane,
  LANE,
  type Level,
  type ListWriter,
  lowLane,
  type MemoryTarget,
  type PooledTable,
  type RunWriter,
} from '@nvmmu/vmm-core';
import { fillEntries, fillList, fillWideEntries } from './fill-entries.js';

/** What tells the entries of one format from those of another. */
export interface EntryTraits {
  /** What an address is multiplied by to stand in an entry: a power of two, so that the product is exact. */
  readonly addrScale: number;
  /** Low lane of an entry that is not present but does not fault, at every level. */
  readonly sparse: number;
  /** Low lane of a large-page entry that is not present and keeps the hardware from the small table. */
  readonly blocked: number;
  /** What a directory entry adds to the address of a table, by the table's memory. */
  readonly tableBits: Readonly<Record<MemoryTarget, number>>;
}

/** The entries of one format, as levels need them. */
export interface EntryFormat {
  /** As in {@link EntryTraits}. */
  readonly sparse: number;
  /** As in {@link EntryTraits}. */
  readonly blocked: number;
  /** Writes pages of tables with 8-byte entries. */
  readonly writePages: RunWriter;
  /** Writes 2 MiB pages into the 16-byte entries of PD0; the high halves become 0. */
  readonly writeWidePages: RunWriter;
  /** Writes 4 KiB pages from a list of addresses. Their template is fixed, since they are never compressed. */
  readonly writePageList: ListWriter;
  /** Encodes a directory entry with one table below; all zero without one. */
  readonly encodeSinglePde: NonNullable<Level['encodePde']>;
  /** Encodes an entry of PD0: large-page table (slot 0) in the low half, small-page table (slot 1) in the high half. */
  readonly encodeDualPde: NonNullable<Level['encodePde']>;
}

/** Makes writers and encoders from what a format's entries look like. */
export function entryFormat({ addrScale, sparse, blocked, tableBits }: EntryTraits): EntryFormat {
  function encodeTable(table: PooledTable | undefined, out: Uint32Array, at: number): boolean {
    if (table === undefined) {
      out[at] = 0;
      out[at + 1] = 0;
      return true;
    }
    // Not listed: memory of a kind that a provider made up.
    const bits = tableBits[table.target] as number | undefined;
    if (bits === undefined) return false;
    const frame = table.addr * addrScale;
    out[at] = lowLane(frame) | bits;
    out[at + 1] = highLane(frame);
    return true;
  }

  // Here and in `fillList`, `|` takes the low 32 bits of a double by itself: twice as fast as to cut them off before.
  return {
    sparse,
    blocked,
    writePages(words, at, _index, count, addr, map) {
      const frame = addr * addrScale;
      fillEntries(words, at, count, frame | map.typeLo, (frame / LANE) | map.typeHi, map.nextLo, map.nextHi);
      map.advanceTags(count);
    },
    writeWidePages(words, at, _index, count, addr, map) {
      const frame = addr * addrScale;
      fillWideEntries(words, at, count, frame | map.typeLo, (frame / LANE) | map.typeHi, map.nextLo, map.nextHi);
      map.advanceTags(count);
    },
    writePageList(words, at, pages, from, count, map) {
      fillList(words, at, pages, from, count, addrScale, map.typeLo, map.typeHi);
    },
    encodeSinglePde: (child: ChildTables | undefined, out) => encodeTable(child?.slot0, out, 0),
    encodeDualPde: (child: ChildTables | undefined, out) =>
      encodeTable(child?.slot0, out, 0) && encodeTable(child?.slot1, out, 2),
  };
}
