import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
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

test('an allocation beyond the limit does not count for an injected failure', () => {
  const provider = new BumpProvider({ base: 0x1000, limit: 0x4000 });
  provider.failAfter(1);
  expect(provider.allocate(0x8000, 0x1000, true)).toBeUndefined();
  expect(provider.allocate(0x1000, 0x1000, true)?.addr).toBe(0x1000);
  expect(provider.allocate(0x1000, 0x1000, true)).toBeUndefined();
  expect(provider.allocate(0x1000, 0x1000, true)?.addr).toBe(0x2000);
});

describe('words', () => {
  const SIZE = 0x8000; // of this size only here
  const LARGE = 0x1_0004;
  const take = (provider: BumpProvider, size: number, zero = true) => provider.allocate(size, 0x1000, zero)!;

  test('of small allocations of all providers are next to each other in 256 KiB, and never overlap', () => {
    const [one, two] = [new BumpProvider(), new BumpProvider()];
    const all = Array.from({ length: 16 }, (_, i) => take(i % 2 === 0 ? one : two, SIZE).words);
    const breaks = all.slice(1).filter(({ buffer, byteOffset }, i) => {
      const before = all[i]!;
      if (buffer === before.buffer) expect(byteOffset).toBe(before.byteOffset + SIZE);
      else expect([byteOffset, before.byteOffset + 2 * SIZE > 0x4_0000]).toEqual([0, true]);
      return buffer !== before.buffer;
    });
    // Eight to a slab: two that begin anywhere in one.
    expect(breaks.length).toBeGreaterThanOrEqual(1);
    expect(breaks.length).toBeLessThanOrEqual(2);
    expect(new Set(all.map(({ buffer }) => buffer.byteLength))).toEqual(new Set([0x4_0000]));
  });

  test('serve later allocations of the same size, of any provider, overwritten', () => {
    const one = new BumpProvider();
    const [a, b] = [take(one, SIZE), take(one, SIZE)];
    for (const { words } of [a, b]) words.fill(0x1234);
    one.free(a);
    one.free(b);
    const two = new BumpProvider();
    const zeroed = take(two, SIZE);
    const poisoned = take(two, SIZE, false);
    expect([zeroed.words === b.words, poisoned.words === a.words]).toEqual([true, true]);
    expect([new Set(zeroed.words), new Set(poisoned.words)]).toEqual([new Set([0]), new Set([0xcccccccc])]);
    expect([a.words, b.words].includes(take(two, SIZE).words)).toBe(false);
  });

  test('of large allocations do not', () => {
    const provider = new BumpProvider();
    const memory = take(provider, LARGE, false);
    expect([memory.words.length, memory.words.buffer.byteLength]).toEqual([LARGE / 4, LARGE]);
    provider.free(memory);
    expect(take(provider, LARGE).words).not.toBe(memory.words);
    // 64 KiB is not large.
    const small = take(provider, 0x1_0000);
    provider.free(small);
    expect(take(provider, 0x1_0000).words).toBe(small.words);
  });

  test('are kept up to 16 MiB', () => {
    const provider = new BumpProvider();
    const all = Array.from({ length: 300 }, () => take(provider, 0x1_0000));
    for (const memory of all) provider.free(memory);
    const before = new Set(all.map(({ words }) => words));
    const again = Array.from({ length: 300 }, () => take(provider, 0x1_0000)).filter(({ words }) => before.has(words));
    expect(again.length).toBeLessThanOrEqual(256);
    expect(again.length).toBeGreaterThan(200);
    // What was taken again makes room.
    for (const memory of again) provider.free(memory);
    const last = take(provider, 0x1_0000);
    expect(again.some(({ words }) => words === last.words)).toBe(true);
  });
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
  [0, 0x1000, 'size 0x0 is not a positive multiple of 4'],
  [-4, 0x1000, 'size -0x4 is not a positive multiple of 4'],
  [6, 0x1000, 'size 0x6 is not a positive multiple of 4'],
  [0x1000, 0x3000, 'alignment 0x3000 is not a power of two'],
  [0x1000, 0, 'alignment 0x0 is not a power of two'],
  [0x1000, NaN, 'alignment NaN is not a power of two'],
])('a request for %d bytes aligned to %d is refused', (size, align, message) => {
  expect(() => new BumpProvider().allocate(size, align, true)).toThrow(new RangeError(message));
});

test('bad options and counts are refused', () => {
  expect(() => new BumpProvider({ base: -1 })).toThrow(new RangeError('base -0x1 is no address'));
  expect(() => new BumpProvider({ limit: 1.5 })).toThrow(new RangeError('limit 1.5 is no address'));
  expect(() => new BumpProvider({ limit: -1 })).toThrow(new RangeError('limit -0x1 is no address'));
  expect(new BumpProvider({ limit: 0 }).allocate(4, 0x1000, true)).toBeUndefined();
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

test('alignments beyond 32 bits', () => {
  const provider = new BumpProvider();
  expect(provider.allocate(0x1000, 2 ** 40, true)?.addr).toBe(2 ** 40);
  expect(() => provider.allocate(0x1000, 2 ** 40 + 0x1000, true)).toThrow('is not a power of two');
  expect(() => provider.allocate(0x1000, 3 * 2 ** 30, true)).toThrow('is not a power of two');
});
