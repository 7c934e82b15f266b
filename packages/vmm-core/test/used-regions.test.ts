import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Region } from '../src/region.js';
import { RegionMap } from '../src/region-map.js';
import { StartIndex } from '../src/start-index.js';

const PAGE = 0x1000;

/** Addresses that share low lanes, high lanes and hash neighbours. */
const addresses = fc.oneof(
  fc.nat(200).map((n) => n * PAGE),
  fc.nat(50).map((n) => n * 2 ** 32),
  fc.nat(50).map((n) => 2 ** 48 - (n + 1) * PAGE),
  fc.nat(2 ** 36 - 1).map((n) => n * PAGE),
);

describe('an index by first addresses', () => {
  test('finds what a plain map finds', () => {
    const step = fc.record({ addr: addresses, insert: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const index = new StartIndex();
        const model = new Map<number, Region>();
        for (const { addr, insert } of steps) {
          const old = model.get(addr);
          expect(index.find(addr)).toBe(old);
          if (old !== undefined && !insert) {
            index.erase(old);
            model.delete(addr);
          } else if (old === undefined && insert) {
            const region = new Region(addr, PAGE);
            index.insert(region);
            model.set(addr, region);
          }
          expect(index.size).toBe(model.size);
        }
        for (const { addr } of steps) expect(index.find(addr)).toBe(model.get(addr));
      }),
      { seed: 4711, numRuns: 200 },
    );
  });

  test('takes no address for another one with the same hash', () => {
    // Enough for ten or so among 2^31 hashes.
    const count = 150_000;
    const index = new StartIndex();
    const scattered = (i: number): number => (Math.imul(i + 1, 0x9e37_79b1) >>> 0) * PAGE * 0x101;
    const there = Array.from({ length: count }, (_, i) => new Region(scattered(i), PAGE));
    for (const region of there) index.insert(region);
    expect(there.filter((region) => index.find(region.addr) !== region)).toEqual([]);
    const absent = Array.from({ length: count }, (_, i) => scattered(count + i));
    expect(absent.filter((addr) => index.find(addr) !== undefined)).toEqual([]);
  });

  test('a region that is not in it is not taken out', () => {
    const index = new StartIndex();
    index.insert(new Region(PAGE, PAGE));
    expect(() => {
      index.erase(new Region(0xabc000, PAGE));
    }).toThrow('the region at 0xabc000 is not indexed');
    expect(() => {
      index.erase(new Region(PAGE, PAGE));
    }).toThrow('the region at 0x1000 is not indexed');
  });
});

describe('searches between other calls', () => {
  /** Takes and gives back as told; after a pause in between, searches inside of regions. */
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 3, arbitrary: fc.record({ give: fc.nat(1000) }) },
    { weight: 1, arbitrary: fc.record({ find: fc.array(fc.nat(511), { minLength: 1, maxLength: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ verify: fc.constant(true) }) },
  );

  test('find what a plain list finds, however long nobody asked', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const pages = 512;
        const map = new RegionMap(0);
        map.append(new Region(0, pages * PAGE));
        const used: Region[] = [];
        for (const one of steps) {
          if ('take' in one) {
            const region = map.take(one.take * PAGE, 12, 0);
            if (region === undefined) continue;
            map.use(region);
            used.push(region);
          } else if ('give' in one) {
            const [region] = used.splice(one.give % Math.max(1, used.length), 1);
            if (region === undefined) continue;
            map.unuse(region);
            map.release(region);
          } else if ('find' in one) {
            for (const page of one.find) {
              const at = page * PAGE + 0x800;
              expect(map.find(at)).toBe(used.find(({ addr, end }) => at >= addr && at < end));
            }
          } else map.verify(0, pages * PAGE);
        }
        map.verify(0, pages * PAGE);
        for (const region of used) expect(map.find(region.addr)).toBe(region);
      }),
      { seed: 815, numRuns: 300 },
    );
  });
});
