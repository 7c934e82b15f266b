import type { ChildTables, MemoryTarget } from '@nvmmu/vmm-core';
import { describe, expect, it } from 'vitest';
import { nv50 } from '../src/index.js';
import { entry } from '../../../tools/testing/lanes.js';
import { pageOf } from '../../../tools/testing/maps.js';
import { tableAt } from '../../../tools/testing/space.js';
import { templateOf } from './support.js';

const directory = pageOf(templateOf(nv50), 12).levels[1]!;

function pde(pageShift: number, size: number, target: MemoryTarget, addr = 0x10_6000): bigint | undefined {
  const child: ChildTables = { pageShift, slot0: tableAt(addr, size, target), slot1: undefined };
  return encoded(child);
}

function encoded(child: ChildTables | undefined): bigint | undefined {
  const out = new Uint32Array(2).fill(0x5555_5555);
  if (directory.encodePde!(child, out)) return entry(out, 0);
  expect(out).toEqual(new Uint32Array(2).fill(0x5555_5555));
  return undefined;
}

describe('directory entries', () => {
  it.each<[number, number, MemoryTarget, bigint]>([
    [12, 0x10_0000, 'vram', 0x10_6003n],
    [12, 0x10_0000, 'ncoh', 0x10_600fn],
    [12, 0x10_0000, 'host', 0x10_600bn],
    [16, 0x1_0000, 'vram', 0x10_6001n],
    [16, 0x1_0000, 'ncoh', 0x10_600dn],
    [16, 0x1_0000, 'host', 0x10_6009n],
    [12, 0x4_0000, 'vram', 0x10_6023n],
    [12, 0x2_0000, 'vram', 0x10_6043n],
    [12, 0x1_0000, 'vram', 0x10_6063n],
  ])('of pages of shift %i, table of %i bytes in %s', (shift, size, target, value) => {
    expect(pde(shift, size, target)).toBe(value);
  });

  it('hold forty address bits', () => {
    expect(pde(12, 0x10_0000, 'vram', 0xff_ffef_f000)).toBe(0xff_ffef_f003n);
  });

  it('of missing tables are not zero', () => {
    expect(encoded(undefined)).toBe(0xdead_cafe_0000_0000n);
    expect(encoded({ pageShift: 12, slot0: undefined, slot1: undefined })).toBe(0xdead_cafe_0000_0000n);
    expect(directory.unmapped).toEqual([0, 0xdead_cafe]);
  });

  it('can not say other page sizes or lengths; nothing is written then', () => {
    expect(pde(14, 0x1_0000, 'vram')).toBeUndefined();
    expect(pde(12, 0x8_0000, 'vram')).toBeUndefined();
    expect(pde(12, 0x1000, 'vram')).toBeUndefined();
  });
});
