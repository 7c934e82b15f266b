import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BumpProvider, type TableMemory } from '../src/index.js';

test('addresses rise, are aligned to 4 KiB at least, and are never used twice', () => {
  const provider = new BumpProvider();
  const a = provider.allocate(0x1800, 0x100, true);
  const b = provider.allocate(0x20, 0x10000, true);
  expect([a?.addr, b?.addr, provider.cursor]).toEqual([0x100000, 0x110000, 0x110020]);
  if (b) provider.free(b);
  expect(provider.allocate(0x1000, 0x1000, true)?.addr).toBe(0x111000);
});

test('memory is zero, or 0xcc bytes where zero was not asked for', () => {
  const provider = new BumpProvider({ base: 0, target: 'ncoh' });
  const poisoned = provider.allocate(0x1000, 0x1000, false);
  expect(poisoned).toMatchObject({ addr: 0, size: 0x1000, target: 'ncoh' });
  expect(new Set(poisoned?.words)).toEqual(new Set([0xcccccccc]));
  expect(new Set(provider.allocate(0x1000, 0x1000, true)?.words)).toEqual(new Set([0]));
});

test('an armed failure happens once, after the count of successful allocations, and a later one replaces it', () => {
  const provider = new BumpProvider();
  const works = () => provider.allocate(0x1000, 0x1000, true) !== undefined;
  provider.failAfter(2);
  expect([works(), works(), works(), works(), works(), works()]).toEqual([true, true, false, true, true, true]);
  provider.failAfter(0);
  provider.failAfter(1);
  expect([works(), works(), works()]).toEqual([true, false, true]);
  provider.failAfter(0);
  provider.failAfter(undefined);
  expect(works()).toBe(true);
});

test('a failed allocation does not move the cursor', () => {
  const provider = new BumpProvider();
  provider.failAfter(0);
  provider.allocate(0x1000, 0x100000, true);
  expect(provider.cursor).toBe(0x100000);
});

test('instance blocks share the cursor and are left out of injected failures', () => {
  const seen: [number, boolean][] = [];
  const provider = new BumpProvider({ onAllocate: (m, zero) => seen.push([m.addr, zero]) });
  provider.failAfter(1);
  expect(provider.allocateInstance(0x1000)?.addr).toBe(0x100000);
  expect(provider.allocateInstance(0x6000)?.addr).toBe(0x101000);
  expect(provider.allocate(0x1000, 0x1000, false)?.addr).toBe(0x107000);
  expect(provider.allocateInstance(0x1000)?.words[0]).toBe(0);
  expect(provider.allocate(0x1000, 0x1000, false)).toBeUndefined();
  expect(seen).toEqual([
    [0x100000, true],
    [0x101000, true],
    [0x107000, false],
    [0x108000, true],
  ]);
});

test('memory ends at the limit', () => {
  const provider = new BumpProvider({ base: 0x1000, limit: 0x4000 });
  expect(provider.allocate(0x4000, 0x1000, true)).toBeUndefined();
  expect(provider.allocate(0x3000, 0x1000, true)?.addr).toBe(0x1000);
  expect(provider.allocateInstance(4)).toBeUndefined();
  expect(new BumpProvider().allocate(2 ** 53 - 0x1000, 0x1000, true)).toBeUndefined();
});

test('only live allocations of this provider can be freed', () => {
  const provider = new BumpProvider();
  const memory = provider.allocate(0x1000, 0x1000, true) as TableMemory;
  expect(() => provider.free({ ...memory })).toThrow(TypeError);
  provider.free(memory);
  expect(() => provider.free(memory)).toThrow('memory at 0x100000 is not a live allocation of this provider');
});

test.each([
  [0, 0x1000],
  [6, 0x1000],
  [0x1000, 0x3000],
  [0x1000, 0],
  [0x1000, NaN],
])('a request for %d bytes aligned to %d is refused', (size, align) => {
  expect(() => new BumpProvider().allocate(size, align, true)).toThrow(RangeError);
});

test('bad options and counts are refused', () => {
  expect(() => new BumpProvider({ base: -1 })).toThrow(RangeError);
  expect(() => new BumpProvider({ limit: 1.5 })).toThrow(RangeError);
  expect(() => new BumpProvider().failAfter(-1)).toThrow('cannot fail after -1 allocations');
  expect(() => new BumpProvider().failAfter(0.5)).toThrow(RangeError);
});

test('find and allocations know what is live, whatever was freed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ size: fc.integer({ min: 1, max: 5 }), keep: fc.boolean() })),
      fc.nat(),
      (list, at) => {
        const provider = new BumpProvider({ base: 0x5000 });
        let live: TableMemory[] = [];
        for (const { size } of list) live.push(provider.allocate(size * 0x900, 0x1000, true) as TableMemory);
        live = live.filter((memory, i) => list[i]?.keep || provider.free(memory));
        expect(provider.allocations()).toEqual(live);
        const probe = at % (provider.cursor + 0x1000);
        for (const addr of [
          probe,
          0x4fff,
          0x5000,
          ...live.flatMap((m) => [m.addr, m.addr + m.size - 1, m.addr + m.size]),
        ]) {
          expect(provider.find(addr)).toBe(live.find((m) => m.addr <= addr && addr < m.addr + m.size));
        }
      },
    ),
  );
  const provider = new BumpProvider();
  const all = Array.from({ length: 300 }, () => provider.allocate(0x1000, 0x1000, true) as TableMemory);
  all.forEach((memory, i) => i % 5 !== 0 && provider.free(memory));
  expect(all.map((memory) => provider.find(memory.addr + 0xfff) === memory)).toEqual(all.map((_, i) => i % 5 === 0));
});
