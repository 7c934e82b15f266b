import { describe, expect, test } from 'vitest';
import {
  decodePte,
  decodeLog,
  readBufferEntry,
  readFaultRegisters,
  readNv50Report,
  readUnitReport,
} from '../src/index.js';

describe('hardware reports', () => {
  test('nv50: nibbles on old chips, bytes on newer ones', () => {
    const words = [0x0920, 0xc100, 0x000f, 0x0100, 0x1f00, 0x0120];
    expect(readNv50Report(words, false)).toMatchObject({
      engine: 0,
      engine_name: 'PGRAPH',
      reason: 2,
      reason_name: 'PAGE_NOT_PRESENT',
      client: 9,
      client_name: 'VFETCH',
      subclient: 0,
      inst: '0xfc100000',
      address: '0x201f000100',
      access: 1,
      access_name: 'read',
    });
    expect(readNv50Report([0x0c0b0200, 0, 0, 0, 0, 0], true)).toMatchObject({
      reason: 2,
      client_name: 'PROP',
      subclient_name: 'DST2D',
      access_name: 'write',
    });
  });

  test('gf100 to gp100: one type word, three layouts', () => {
    const at = [0x7f8a4, 0x00b3a000, 0x12, 0];
    expect(readUnitReport('gf100', 0, [...at.slice(0, 3), 0x01000102])).toMatchObject({
      engine_name: 'PGRAPH',
      reason_name: 'PAGE_NOT_PRESENT',
      hub: false,
      gpc: 1,
      client_name: 'TEX',
      access_name: 'read',
      inst: '0x7f8a4000',
      address: '0x1200b3a000',
    });
    expect(readUnitReport('gm107', 0, [...at.slice(0, 3), 0x000023c2])).toMatchObject({
      hub: true,
      client: 0x23,
      access: 1,
    });
    expect(readUnitReport('gp100', 4, [...at.slice(0, 3), 0x00110702])).toMatchObject({
      engine_name: 'BAR1',
      hub: true,
      client_name: 'HOST_CPU',
      access_name: 'WRITE',
      reason_name: 'PTE',
    });
    expect(readUnitReport('gp100', 4, [...at.slice(0, 3), 0x00020000])).not.toHaveProperty('access_name');
  });

  test('gv100 and tu102: buffer entry and registers', () => {
    const info = (0x80000000 | (2 << 24) | (1 << 16) | (0x13 << 8) | 2) >>> 0;
    expect(readBufferEntry('tu102', [0xffe51200, 1, 0x058db000, 0, 0, 0, 0x40, info])).toEqual({
      address: '0x58db000',
      inst: '0x1ffe51000',
      inst_aperture: 2,
      engine: 0x40,
      engine_name: 'GR',
      client: 0x13,
      client_name: 'PROP_0',
      hub: false,
      gpc: 2,
      reason: 2,
      reason_name: 'PTE',
      access: 1,
      access_name: 'VIRT_WRITE',
      valid: true,
      replayable: false,
    });
    expect(readFaultRegisters('tu102', [0xdeadb000, 0xff, 0xffffe0c0, 1, (0x80100800 | 0) >>> 0])).toMatchObject({
      address: '0xffdeadb000',
      inst: '0x1ffffe000',
      engine_name: 'BAR2',
      hub: true,
      client_name: 'HOST_CPU_NB',
      reason_name: 'PDE',
    });
  });
});

describe('page-table entry values', () => {
  test('format 2', () => {
    expect(decodePte(0xfe00000000765001n, '2')).toMatchObject({ valid: true, address: '0x7650000', kind: '0xfe' });
    expect(decodePte(0x8n, '2')).toMatchObject({ valid: false, sparse: true });
    expect(decodePte(0x20n, '2')).toMatchObject({ valid: false, sparse: false, priv: true });
    expect(decodePte(0xbeef41n, '2')).toMatchObject({ ro: true, address: '0xbeef000', aperture: 'vidmem' });
  });

  test('format 3, with the values that driver and documents agree on', () => {
    expect(decodePte(0x999999999968dn, '3')).toMatchObject({
      aperture: 'sys_coh',
      vol: true,
      ro: false,
      kind: '0x6',
      address: '0x9999999999000',
    });
    expect(decodePte(0x9999999999665n, '3')).toMatchObject({ ro: true, atomic_disable: true, vol: false });
    expect(decodePte(0x200000bbbbbbb663n, '3')).toMatchObject({ aperture: 'peer', peer: 1, address: '0xbbbbbbb000' });
    expect(decodePte(0x8n, '3')).toMatchObject({ valid: false, sparse: true });
    expect(decodePte(0x18n, '3').what).toContain('no valid small page');
  });

  test('formats T and 1', () => {
    expect(decodePte(0x1230181n, 'T')).toMatchObject({ valid: true, address: '0x1230000', aperture: 'vidmem' });
    expect(decodePte(0x1230181n, 'T').what).toContain('one of 8 entries');
    expect(decodePte(0x12345n | (0xfen << 36n), '1')).toMatchObject({
      valid: true,
      ro: true,
      address: '0x1234000',
      kind: '0xfe',
    });
    expect(decodePte(0n, '1')).toMatchObject({ valid: false, what: 'empty' });
  });

  test('a list ends at the first line that is no value, and needs its header', () => {
    expect(decodeLog('# gh100 pte\n0x8\n\n0x18\nend\n0x8\n').ptes.map(({ line }) => line)).toEqual([2, 4]);
    expect(decodeLog('0x8\n').ptes).toEqual([]);
    expect(decodeLog('# something else\n0x8\n').ptes).toEqual([]);
  });
});
