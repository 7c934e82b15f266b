import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Region } from '../src/region.js';
import { RegionMap } from '../src/region-map.js';

const PAGE = 0x1000;
const LIMIT = 2 ** 46;

/** The rule in plain words: of the free regions that hold it behind an aligned address, the smallest, then the lowest. */
function expectedFit(map: RegionMap, size: number, align: number): number | undefined {
  const unit = 2 ** align;
  const fits = [...map]
    .filter(({ used }) => !used)
    .map((region) => ({ region, at: Math.ceil(region.addr / unit) * unit }))
    .filter(({ region, at }) => at + size <= region.end)
    .sort((a, b) => a.region.size - b.region.size || a.region.addr - b.region.addr);
  return fits[0]?.at;
}

/** Sizes of a few pages, of some GiB, and of both. */
const sizes = fc
  .tuple(fc.constantFrom(0, 0, 0, 1, 2), fc.integer({ min: 1, max: 6 }))
  .map(([high, low]) => high * 2 ** 32 + low * PAGE);

const steps = fc.array(
  fc.record({
    size: sizes,
    // More alignments than are looked after at a time.
    align: fc.constantFrom(12, 13, 14, 15, 16, 17, 20),
    give: fc.boolean(),
    choice: fc.nat(10_000),
  }),
  { minLength: 40, maxLength: 80, size: 'max' },
);

test('among hundreds of misfits, the fit is the one that trying all of them finds', () => {
  fc.assert(
    fc.property(fc.array(sizes, { minLength: 150, maxLength: 250, size: 'max' }), steps, (first, list) => {
      const map = new RegionMap(0);
      map.append(new Region(0, LIMIT));
      const held: Region[] = [];
      const get = (size: number, align: number): void => {
        const expected = expectedFit(map, size, align);
        const region = map.take(size, align, 0);
        // Plain comparisons: `expect` would take most of the time.
        if (region?.addr !== expected) expect(region?.addr).toBe(expected);
        if (region === undefined) return;
        map.use(region);
        held.push(region);
      };
      const give = (choice: number): void => {
        const [region] = held.splice(choice % held.length, 1);
        if (region === undefined) return;
        map.unuse(region);
        map.release(region);
      };
      for (const size of first) get(size, 12);
      // Every other one is free: no two of them join.
      const [free, kept] = [held.filter((_, i) => i % 2 === 0), held.filter((_, i) => i % 2 === 1)];
      held.splice(0, held.length, ...kept);
      for (const region of free) {
        map.unuse(region);
        map.release(region);
      }
      for (const { size, align, give: back, choice } of list) {
        get(size, align);
        if (back) give(choice);
      }
      map.verify(0, LIMIT);
      while (held.length > 0) give(held.length * 7);
      expect([...map].map(({ addr, size, used }) => ({ addr, size, used }))).toEqual([
        { addr: 0, size: LIMIT, used: false },
      ]);
    }),
    { seed: 1717, numRuns: 40 },
  );
});
