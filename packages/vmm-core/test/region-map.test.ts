import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantError } from '../src/errors.js';
import { PAGE_NONE, Region } from '../src/region.js';
import { RegionMap } from '../src/region-map.js';

const PAGE = 0x1000;

interface Plain {
  addr: number;
  size: number;
  used: boolean;
  page: number;
}

function plain(map: RegionMap): Plain[] {
  return [...map].map(({ addr, size, used, page }) => ({ addr, size, used, page }));
}

/** The regions as letters: `a` used, `.` free, one for each page, `|` between regions. */
function show(map: RegionMap): string {
  return [...map].map(({ size, used, part }) => (used ? (part ? 'p' : 'a') : '.').repeat(size / PAGE)).join('|');
}

function space(pages: number, block = 0): RegionMap {
  const map = new RegionMap(block);
  map.append(new Region(0, pages * PAGE));
  return map;
}

function take(map: RegionMap, pages: number, align = 12, page = PAGE_NONE): Region | undefined {
  const fits = map.fits(pages * PAGE, align, page);
  const region = map.take(pages * PAGE, align, page);
  expect(fits).toBe(region !== undefined);
  if (region === undefined) return undefined;
  region.page = page;
  map.use(region);
  return region;
}

function give(map: RegionMap, region: Region): void {
  map.unuse(region);
  region.page = PAGE_NONE;
  region.mapped = false;
  map.release(region);
}

/** The rule in plain words: the smallest free region that holds it, of equal ones the lowest. */
function expectedFit(
  regions: readonly Plain[],
  size: number,
  align: number,
  page: number,
  block: number,
): number | undefined {
  const unit = 2 ** align;
  const blockUnit = 2 ** block;
  const fits = regions.flatMap((region, i) => {
    if (region.used) return [];
    let { addr } = region;
    let end = addr + region.size;
    const [prev, next] = [regions[i - 1], regions[i + 1]];
    if (block > 0 && prev !== undefined && prev.page !== page) addr = Math.ceil(addr / blockUnit) * blockUnit;
    addr = Math.ceil(addr / unit) * unit;
    if (block > 0 && next !== undefined && next.page !== page) end = Math.floor(end / blockUnit) * blockUnit;
    return addr <= end && end - addr >= size ? [{ addr, size: region.size, start: region.addr }] : [];
  });
  fits.sort((a, b) => a.size - b.size || a.start - b.start);
  return fits[0]?.addr;
}

describe('against a sorted array', () => {
  const steps = fc.array(
    fc.tuple(
      fc.nat(9),
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(12, 12, 12, 13, 14, 15, 16, 18),
      fc.nat(999),
      fc.nat(2),
    ),
    { maxLength: 120, size: 'max' },
  );

  test.each([
    [0, 400],
    [15, 400],
    [16, 4000],
  ])('best fit with blocks of 2^%i', (block, pages) => {
    fc.assert(
      fc.property(steps, (list) => {
        const map = space(pages, block);
        const held: Region[] = [];
        for (const [what, count, align, choice, page] of list) {
          const before = plain(map);
          if (what < 6) {
            const wanted = block > 0 ? page : PAGE_NONE;
            const expected = expectedFit(before, count * PAGE, align, wanted, block);
            const region = take(map, count, align, wanted);
            // Plain comparisons: `expect` would take most of the time.
            if (region?.addr !== expected) expect(region?.addr).toBe(expected);
            if (region !== undefined) held.push(region);
          } else if (held.length > 0) {
            give(map, held.splice(choice % held.length, 1)[0]!);
          }
          map.verify(0, pages * PAGE);
          for (const { addr, size, used } of plain(map)) {
            for (const at of [addr, addr + size - 16]) {
              const found = map.find(at)?.addr;
              if (found !== (used ? addr : undefined)) expect(found).toBe(used ? addr : undefined);
            }
          }
        }
        for (const region of held) give(map, region);
        expect(plain(map)).toEqual([{ addr: 0, size: pages * PAGE, used: false, page: PAGE_NONE }]);
      }),
      { numRuns: 40 },
    );
  });

  test('many regions: the fit is still the best one', () => {
    const map = space(100_000);
    const held = Array.from({ length: 3000 }, (_, i) => take(map, 1 + (i % 7))!);
    // Holes of all sizes, none of which is aligned to 64 KiB by rule.
    held.forEach((region, i) => {
      if (i % 3 === 0) give(map, region);
    });
    for (const [count, align] of [
      [1, 16],
      [2, 15],
      [7, 12],
      [7, 20],
      [300, 18],
      [1, 13],
    ] as const) {
      const expected = expectedFit(plain(map), count * PAGE, align, PAGE_NONE, 0);
      expect(take(map, count, align)?.addr).toBe(expected);
      map.verify(0, 100_000 * PAGE);
    }
  });

  test('what does not fit is not found', () => {
    const map = space(8);
    expect(take(map, 9)).toBe(undefined);
    expect(map.fits(PAGE, 40, PAGE_NONE)).toBe(true);
    take(map, 1);
    expect(map.fits(PAGE, 40, PAGE_NONE)).toBe(false);
    expect(map.fits(8 * PAGE, 12, PAGE_NONE)).toBe(false);
  });
});

describe('split and merge', () => {
  test.each([
    [0, 2, 'aa|pp'],
    [1, 2, 'a|pp|p'],
    [2, 2, 'aa|pp'],
    [0, 4, 'aaaa'],
  ])('a piece at page %i of %i pages', (at, count, shown) => {
    const map = space(4);
    const region = take(map, 4)!;
    const piece = map.split(region, at * PAGE, count * PAGE);
    expect([piece.addr, piece.size]).toEqual([at * PAGE, count * PAGE]);
    expect(show(map)).toBe(shown);
    map.verify(0, 4 * PAGE);
  });

  test('a piece goes to one neighbour, to the other, or to both', () => {
    for (const [withPrev, withNext, shown] of [
      [true, false, 'aa|p'],
      [false, true, 'a|pp'],
      [true, true, 'aaa'],
      [false, false, 'a|p|p'],
    ] as const) {
      const map = space(3);
      const region = take(map, 3)!;
      const piece = map.split(region, PAGE, PAGE);
      const merged = map.merge(withPrev ? region : undefined, piece, withNext ? piece.next : undefined, PAGE);
      expect(show(map)).toBe(shown);
      expect(merged.addr).toBe(withPrev ? 0 : PAGE);
      map.verify(0, 3 * PAGE);
    }
  });

  test('the end of a region goes to the next, its beginning to the one before', () => {
    const map = space(8);
    const region = take(map, 8)!;
    const piece = map.split(region, 4 * PAGE, 4 * PAGE);
    expect(map.merge(undefined, region, piece, PAGE)).toBe(piece);
    expect(show(map)).toBe('aaa|ppppp');
    expect(map.merge(region, piece, undefined, 2 * PAGE)).toBe(region);
    expect(show(map)).toBe('aaaaa|ppp');
    map.verify(0, 8 * PAGE);
  });

  test('both ways at once is no sense', () => {
    const map = space(3);
    const region = take(map, 3)!;
    const piece = map.split(region, PAGE, PAGE);
    expect(() => map.merge(region, piece, piece.next, 0x800)).toThrow(InvariantError);
  });

  test('a piece has the state of what it was cut from', () => {
    const map = space(4);
    const region = take(map, 4, 12, 3)!;
    region.mapref = region.sparse = true;
    region.refd = 2;
    const piece = map.split(region, PAGE, PAGE);
    expect(piece).toMatchObject({ mapref: true, sparse: true, page: 3, refd: 2, part: true });
    expect(region.part).toBe(false);
  });
});

describe('verify finds', () => {
  const broken = (spoil: (map: RegionMap, region: Region) => void): (() => void) => {
    const map = space(16);
    take(map, 2);
    const region = take(map, 2)!;
    take(map, 2);
    map.verify(0, 16 * PAGE);
    spoil(map, region);
    return () => map.verify(0, 16 * PAGE);
  };

  test.each<[string, RegExp, (map: RegionMap, region: Region) => void]>([
    ['a gap', /does not begin where/, (_map, region) => void (region.size -= PAGE)],
    ['an overlap', /does not begin where/, (_map, region) => void (region.size += PAGE)],
    ['an empty region', /is empty|does not begin/, (_map, region) => void (region.size = 0)],
    ['free regions side by side', /free like the one before/, (map) => map.append(new Region(16 * PAGE, PAGE))],
    ['a region in both kinds', /not found in its tree/, (map) => void ([...map].at(-1)!.used = true)],
    ['a part of nothing', /part of nothing/, (map) => void (map.first!.part = true)],
    ['a torn list', /broken list/, (_map, region) => void (region.prev = undefined)],
    ['a region in no tree', /in no tree|not found/, (map, region) => map.unuse(region)],
    ['a free region that is mapped', /free but mapped/, (map) => void ([...map].at(-1)!.mapped = true)],
    ['a free region that is referenced', /free but mapped/, (map) => void ([...map].at(-1)!.refd = 1)],
  ])('%s', (_what, message, spoil) => {
    expect(broken(spoil)).toThrow(message);
  });

  test('a list that ends before the trees do', () => {
    const map = space(16);
    take(map, 2);
    take(map, 2);
    [...map][1]!.next = undefined;
    expect(() => map.verify(0, 4 * PAGE)).toThrow('regions and trees differ');
  });

  test('regions that do not reach the end', () => {
    const map = space(4);
    expect(() => map.verify(0, 5 * PAGE)).toThrow(/regions end at 0x4000, not at 0x5000/);
  });
});
