import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChildTables, MemoryTarget } from '@nvmmu/vmm-core';
import { gp100 } from '../src/index.js';
import { low, wordPair, u64 } from '../../../tools/testing/lanes.js';
import { typeOf } from '../../../tools/testing/maps.js';
import { dirtyWords, entries, hex, leafOf, pageOf, table, templateMap } from './support.js';

const page = fc.bigInt(0n, (1n << 52n) - 1n).map((pfn) => pfn << 12n);
const lane64 = fc.bigInt(0n, (1n << 64n) - 1n);
// Small steps, steps near a full lane and anything: carries in every place.
const step = fc.oneof(
  fc.constantFrom(0n, 0x100n, 0x1000n, 0x20000n, 0x1000001000n, 0x20000020000n, 0xffffffffn, 0xffffffff00n),
  lane64,
);

describe.each([
  ['small pages', 12, 2],
  ['large pages', 16, 2],
  ['2 MiB pages', 21, 4],
])('%s', (_name, shift, stride) => {
  const level = leafOf(gp100, shift);

  test('a run is what 64-bit arithmetic makes of it', () => {
    fc.assert(
      fc.property(
        page,
        lane64,
        step,
        step,
        fc.nat(40),
        fc.nat(20),
        fc.nat(6),
        (addr, type, next, ctag, count, index, rest) => {
          const words = dirtyWords((index + count + rest) * stride);
          const map = templateMap(pageOf(gp100, shift), type, next, ctag);
          level.write?.(words, index * stride, index, count, Number(addr), map);
          const first = (addr >> 4n) | type;
          const expected = Array.from({ length: count }, (_, i) => u64(first + BigInt(i) * next));
          expect(entries(words, index * stride, count, stride).map(hex)).toEqual(expected.map(hex));
          expect(hex(typeOf(map))).toBe(hex(u64(type + BigInt(count) * ctag)));
          if (stride === 4) {
            const upper = entries(words, index * stride + 2, count, stride);
            expect(upper.every((value) => value === 0n)).toBe(true);
          }
          const around = [...words.subarray(0, index * stride), ...words.subarray((index + count) * stride)];
          expect(around.every((word) => word === 0xcccccccc)).toBe(true);
        },
      ),
    );
  });

  test('the template follows from run to run', () => {
    const words = dirtyWords(32 * stride);
    const ctag = 1n << 36n;
    const map = templateMap(pageOf(gp100, shift), 0xdb00000000000001n, 0x1000n + ctag, ctag);
    level.write?.(words, 0, 0, 3, 0x800_0000, map);
    level.write?.(words, 3 * stride, 3, 1, 0xfff_0000, map);
    expect(entries(words, 0, 4, stride).map(hex)).toEqual([
      '0xdb00000000800001',
      '0xdb00001000801001',
      '0xdb00002000802001',
      '0xdb00003000fff001',
    ]);
  });
});

test('a list of pages writes each address with the template', () => {
  const level = leafOf(gp100, 12);
  fc.assert(
    fc.property(fc.array(page, { maxLength: 40 }), lane64, fc.nat(5), fc.nat(20), (addrs, type, skip, index) => {
      const from = Math.min(skip, addrs.length);
      const count = addrs.length - from;
      const words = dirtyWords((index + count + 1) * 2);
      const map = templateMap(pageOf(gp100, 12), type, 0x100n);
      level.writeList?.(words, index * 2, Float64Array.from(addrs, Number), from, count, map);
      const expected = addrs.slice(from).map((addr) => (addr >> 4n) | type);
      expect(entries(words, index * 2, count).map(hex)).toEqual(expected.map(hex));
      expect(typeOf(map)).toBe(type);
      expect(words.subarray(0, index * 2).every((word) => word === 0xcccccccc)).toBe(true);
      expect(words.subarray((index + count) * 2).every((word) => word === 0xcccccccc)).toBe(true);
    }),
  );
});

describe('directory entries', () => {
  const pd1 = leafOf(gp100, 29);
  const pd0 = leafOf(gp100, 21);
  const child = (large?: ReturnType<typeof table>, small?: ReturnType<typeof table>): ChildTables => ({
    pageShift: 12,
    slot0: large,
    slot1: small,
  });

  test.each<[MemoryTarget, string]>([
    ['vram', '0x10302'],
    ['host', '0x1030c'],
    ['ncoh', '0x10306'],
  ])('a table at 0x103000 in %s is %s', (target, value) => {
    for (const shift of [29, 38, 47]) {
      const out = dirtyWords(2);
      expect(leafOf(gp100, shift).encodePde?.(child(table(0x103000, target)), out)).toBe(true);
      expect(hex(wordPair(out, 0))).toBe(value);
    }
  });

  test.each<[MemoryTarget, string]>([
    ['vram', '0x10432'],
    ['host', '0x1043c'],
    ['ncoh', '0x10436'],
  ])('a large table at 0x104300 in %s is %s in the low half', (target, value) => {
    const out = dirtyWords(4);
    expect(pd0.encodePde?.(child(table(0x104300, target)), out)).toBe(true);
    expect(entries(out, 0, 2).map(hex)).toEqual([value, '0x0']);
  });

  test('a pair of tables fills both halves', () => {
    const out = dirtyWords(4);
    expect(pd0.encodePde?.(child(table(0x104300), table(0x105000)), out)).toBe(true);
    expect(entries(out, 0, 2).map(hex)).toEqual(['0x10432', '0x10502']);
    expect(pd0.encodePde?.(child(undefined, table(0x105000, 'host')), out)).toBe(true);
    expect(entries(out, 0, 2).map(hex)).toEqual(['0x0', '0x1050c']);
  });

  test('nothing below is an entry of zero', () => {
    const single = dirtyWords(2);
    expect(pd1.encodePde?.(undefined, single)).toBe(true);
    expect(wordPair(single, 0)).toBe(0n);
    const dual = dirtyWords(4);
    expect(pd0.encodePde?.(undefined, dual)).toBe(true);
    expect(entries(dual, 0, 2)).toEqual([0n, 0n]);
  });

  test('addresses keep their high bits', () => {
    const out = dirtyWords(2);
    pd1.encodePde?.(child(table(0x1ff_ffff_ffff_f000, 'ncoh')), out);
    expect(hex(wordPair(out, 0))).toBe(hex((0x1ff_ffff_ffff_f000n >> 4n) | 6n));
  });

  test('memory of an unknown kind has no entry', () => {
    expect(pd1.encodePde?.(child(table(0x103000, 'peer' as MemoryTarget)), dirtyWords(2))).toBe(false);
    expect(pd0.encodePde?.(child(table(0x104300), table(0x103000, 'peer' as MemoryTarget)), dirtyWords(4))).toBe(false);
  });
});

test('address bits below the page run into the flags', () => {
  const words = dirtyWords(2);
  leafOf(gp100, 12).write?.(words, 0, 0, 1, 0x1234_5ff0, templateMap(pageOf(gp100, 12), 1n, 0x100n));
  expect(low(wordPair(words, 0))).toBe(0x12345ff);
});
