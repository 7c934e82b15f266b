// What the hardware of the toy makes of its tables.
//
//   TOP 35:28 (256 entries) → MID 27:20 (256) → LEAF 19:12 (256), entries of 4 bytes, tables of 1 KiB
//
//  31                                4   3    2   1    0
// ├─ page: addr >> 12, table: >> 10 ──┼ sp ┼ ro ┼ tb ┼ va ┤
//
//   va   a page     tb   a table     ro   read only     sp   nothing here, but no fault
//
// MID entries may be pages of 1 MiB. Physical addresses have 40 bits. The instance block's first word is the
// directory's address >> 10.

import { field, type EntryLayout, type LevelFormat, type MmuFormat } from '@nvmmu/vmm-core';

export const VALID = 1;
export const TABLE = 2;
export const RO = 4;
export const SPARSE = 8;
export const BITS = 8;
export const TABLE_SHIFT = 10;
export const PAGE_SHIFT = 12;
/** log2 of what the address field of a page entry is shifted down by, the field's own place included. */
export const PAGE_FIELD_SHIFT = 8;
export const TABLE_FIELD_SHIFT = 6;

const flags = [
  field('va', 0, 0, 'a page'),
  field('tb', 1, 1, 'a table'),
  field('ro', 2, 2, 'read only'),
  field('sp', 3, 3, 'no fault'),
];
const PAGE_LAYOUT: EntryLayout = { name: 'page', fields: [...flags, field('addr', 31, 4, 'page', { shift: 12 })] };
const TABLE_LAYOUT: EntryLayout = { name: 'table', fields: [...flags, field('addr', 31, 4, 'table', { shift: 10 })] };

function level(name: string, shift: number, child: number): LevelFormat {
  return {
    name,
    directory: child >= 0,
    shift,
    bits: BITS,
    entryBytes: 4,
    decode: (word, _w1, _w2, _w3, out) => {
      const addr = Math.floor(word / 16);
      if ((word & VALID) !== 0) {
        out.state = 'page';
        out.addr = addr * 2 ** PAGE_SHIFT;
        out.aperture = 'vram';
        out.ro = (word & RO) !== 0;
        out.priv = out.vol = out.noAtomics = false;
        out.kind = out.tag = out.tagStep = out.peer = out.block = out.apertureCode = 0;
      } else if ((word & TABLE) !== 0) {
        if (child < 0) {
          out.fail('a table below the last level');
          return;
        }
        out.state = 'table';
        out.child = child;
        out.childTarget = 'vram';
        out.childAddr = addr * 2 ** TABLE_SHIFT;
        out.childEntries = 1 << BITS;
        out.small = -1;
      } else {
        out.state = (word & SPARSE) !== 0 ? 'sparse' : 'none';
      }
    },
    layouts: child < 0 ? [PAGE_LAYOUT] : [TABLE_LAYOUT, PAGE_LAYOUT],
    layoutOf: (words) => (((words[0] ?? 0) & VALID) !== 0 || child < 0 ? PAGE_LAYOUT : TABLE_LAYOUT),
  };
}

export const toyFormat: MmuFormat = {
  version: 'toy',
  chip: 'toy',
  vaBits: 36,
  signExtended: false,
  levels: [level('TOP', 28, 1), level('MID', 20, 2), level('LEAF', 12, -1)],
  bothValidFaults: false,
  reasons: { pde: { number: 0, name: 'NO_TABLE' }, pte: { number: 1, name: 'NO_PAGE' } },
  instance: {
    bytes: 16,
    words: [{ offset: 0, fields: [field('directory', 29, 0, 'address', { shift: TABLE_SHIFT })] }],
    subcontexts: 0,
    decode: (inst, read) => {
      const word = read(0);
      if (word === undefined) return { kind: 'unreadable', addr: inst.addr };
      if (word === 0) return { kind: 'unbound', why: 'no directory' };
      return { kind: 'root', target: 'vram', addr: BigInt(word) << BigInt(TABLE_SHIFT) };
    },
  },
  apertures: ['vram'],
  addressBits: [40],
};
