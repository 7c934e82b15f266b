import type { ChildTables, MemoryTarget } from '@nvmmu/vmm-core';
import { describe, expect, it } from 'vitest';
import { gk104 } from '../src/index.js';
import { entry } from '../../../tools/testing/lanes.js';
import { pageOf } from '../../../tools/testing/maps.js';
import { tableAt } from '../../../tools/testing/space.js';
import { templateOf } from './support.js';

const directory = pageOf(templateOf(gk104), 12).levels[1]!;

function encoded(child: ChildTables | undefined): bigint {
  const out = new Uint32Array(2).fill(0x5555_5555);
  expect(directory.encodePde!(child, out)).toBe(true);
  return entry(out, 0);
}

function pde(target: MemoryTarget, big?: number, small?: number): bigint {
  return encoded({
    pageShift: 12,
    slot0: big === undefined ? undefined : tableAt(big, 0x2000, target),
    slot1: small === undefined ? undefined : tableAt(small, 0x4_0000, target),
  });
}

describe('directory entries', () => {
  it.each<[MemoryTarget, bigint, bigint, bigint]>([
    ['vram', 0x1101n, 0x1101_0000_0000n, 0x1121_0000_1101n],
    ['host', 0x8_0000_1102n, 0x1106_0000_0000n, 0x112e_0000_1102n],
    ['ncoh', 0x1103n, 0x1103_0000_0000n, 0x1123_0000_1103n],
  ])('of tables in %s', (target, big, small, both) => {
    expect(pde(target, 0x11_0000)).toBe(big);
    expect(pde(target, undefined, 0x11_0000)).toBe(small);
    expect(pde(target, 0x11_0000, 0x11_2000)).toBe(both);
  });

  it('hold forty address bits of either table', () => {
    expect(pde('vram', 0xff_ffef_f000, 0xaa_aaaa_a000)).toBe(0xaaaa_aaa1_ffff_eff1n);
  });

  it('of missing tables are zero', () => {
    expect(encoded(undefined)).toBe(0n);
    expect(pde('vram')).toBe(0n);
  });

  it('can name tables in different memory', () => {
    const child = {
      pageShift: 17,
      slot0: tableAt(0x11_0000, 0x2000, 'host'),
      slot1: tableAt(0x12_0000, 0x4_0000, 'ncoh'),
    };
    expect(encoded(child)).toBe(0x120b_0000_1102n);
  });
});
