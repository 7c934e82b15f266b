import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChildTables, MemoryTarget } from '@nvmmu/vmm-core';
import { gh100 } from '../src/index.js';
import { wordPair, u64 } from '../../../tools/testing/lanes.js';
import { typeOf } from '../../../tools/testing/maps.js';
import { dirtyWords, entries, hex, leafOf, pageOf, table, templateMap } from './support.js';

const page = fc.bigInt(0n, (1n << 52n) - 1n).map((pfn) => pfn << 12n);
const lane64 = fc.bigInt(0n, (1n << 64n) - 1n);

describe.each([
  ['small pages', 12, 2],
  ['large pages', 16, 2],
  ['2 MiB pages', 21, 4],
])('%s', (_name, shift, stride) => {
  test('a run is what 64-bit arithmetic makes of it', () => {
    fc.assert(
      fc.property(page, lane64, fc.nat(40), fc.nat(20), (addr, type, count, index) => {
        const next = 1n << BigInt(shift);
        const words = dirtyWords((index + count + 1) * stride);
        const map = templateMap(pageOf(gh100, shift), type, next);
        leafOf(gh100, shift).write?.(words, index * stride, index, count, Number(addr), map);
        const expected = Array.from({ length: count }, (_, i) => u64((addr | type) + BigInt(i) * next));
        expect(entries(words, index * stride, count, stride).map(hex)).toEqual(expected.map(hex));
        expect(typeOf(map)).toBe(type);
        if (stride === 4) {
          expect(entries(words, index * stride + 2, count, stride).every((value) => value === 0n)).toBe(true);
        }
        expect(words.subarray(0, index * stride).every((word) => word === 0xcccccccc)).toBe(true);
        expect(words.subarray((index + count) * stride).every((word) => word === 0xcccccccc)).toBe(true);
      }),
    );
  });
});

test('a list of pages writes each address with the template', () => {
  fc.assert(
    fc.property(fc.array(page, { maxLength: 40 }), lane64, fc.nat(5), (addrs, type, skip) => {
      const from = Math.min(skip, addrs.length);
      const count = addrs.length - from;
      const words = dirtyWords(count * 2 + 2);
      const map = templateMap(pageOf(gh100, 12), type, 0x1000n);
      leafOf(gh100, 12).writeList?.(words, 0, Float64Array.from(addrs, Number), from, count, map);
      expect(entries(words, 0, count).map(hex)).toEqual(addrs.slice(from).map((addr) => hex(addr | type)));
      expect(words[count * 2]).toBe(0xcccccccc);
    }),
  );
});

describe('directory entries', () => {
  const child = (large?: ReturnType<typeof table>, small?: ReturnType<typeof table>): ChildTables => ({
    pageShift: 12,
    slot0: large,
    slot1: small,
  });

  test.each<[MemoryTarget, string]>([
    ['vram', '0x103012'],
    ['host', '0x10300c'],
    ['ncoh', '0x103006'],
  ])('a table at 0x103000 in %s is %s', (target, value) => {
    for (const shift of [29, 38, 47, 56]) {
      const out = dirtyWords(2);
      expect(leafOf(gh100, shift).encodePde?.(child(table(0x103000, target)), out)).toBe(true);
      expect(hex(wordPair(out, 0))).toBe(value);
    }
  });

  test('PD0 names the large table in its low half and the small table in its high half', () => {
    const pd0 = leafOf(gh100, 21);
    const out = dirtyWords(4);
    expect(pd0.encodePde?.(child(table(0x104300)), out)).toBe(true);
    expect(entries(out, 0, 2).map(hex)).toEqual(['0x104312', '0x0']);
    expect(pd0.encodePde?.(child(table(0x104300, 'host'), table(0x105000, 'ncoh')), out)).toBe(true);
    expect(entries(out, 0, 2).map(hex)).toEqual(['0x10430c', '0x105006']);
    expect(pd0.encodePde?.(undefined, out)).toBe(true);
    expect(entries(out, 0, 2)).toEqual([0n, 0n]);
  });

  test("a system table of NVIDIA's tests has their value", () => {
    const out = dirtyWords(4);
    expect(leafOf(gh100, 29).encodePde?.(child(table(0x9999999999000, 'host')), out)).toBe(true);
    expect(hex(wordPair(out, 0))).toBe('0x999999999900c');
    expect(leafOf(gh100, 21).encodePde?.(child(table(0x9999999999900, 'host')), out)).toBe(true);
    expect(hex(wordPair(out, 0))).toBe('0x999999999990c');
  });

  test('memory of an unknown kind has no entry', () => {
    expect(leafOf(gh100, 29).encodePde?.(child(table(0x103000, 'peer' as MemoryTarget)), dirtyWords(2))).toBe(false);
  });
});
