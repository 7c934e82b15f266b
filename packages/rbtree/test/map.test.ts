import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { compareKeys, RbMap } from '../src/index.js';

test('a map is a sorted Map', () => {
  const command = fc.tuple(fc.constantFrom('set', 'set', 'delete'), fc.nat(40), fc.nat());
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120 }), fc.nat(41), fc.nat(41), (commands, from, to) => {
      const map = new RbMap<number, number>();
      const model = new Map<number, number>();
      for (const [what, key, value] of commands) {
        if (what === 'set') {
          expect(map.set(key, value)).toBe(map);
          model.set(key, value);
        } else {
          expect(map.delete(key)).toBe(model.delete(key));
        }
        map.verify();
      }
      const sorted = [...model].sort(([a], [b]) => a - b);
      expect([...map]).toEqual(sorted);
      expect([...map.keys()]).toEqual(sorted.map(([key]) => key));
      expect([...map.values()]).toEqual(sorted.map(([, value]) => value));
      expect([...map.range(from, to)]).toEqual(sorted.filter(([key]) => key >= from && key < to));
      expect([map.size, map.get(from), map.has(from)]).toEqual([model.size, model.get(from), model.has(from)]);
      expect(map.lowerBound(from)?.key).toBe(sorted.find(([key]) => key >= from)?.[0]);
      expect(map.upperBound(from)?.key).toBe(sorted.find(([key]) => key > from)?.[0]);
      expect(map.floor(from)?.key).toBe(sorted.findLast(([key]) => key <= from)?.[0]);
      expect([map.first()?.key, map.last()?.key]).toEqual([sorted[0]?.[0], sorted.at(-1)?.[0]]);
      const first = map.first();
      if (first !== undefined) {
        const second = map.next(first);
        expect(second?.key).toBe(sorted[1]?.[0]);
        if (second !== undefined) expect(map.prev(second)).toBe(first);
        expect(map.prev(first)).toBeUndefined();
        first.value = -1;
        expect(map.get(first.key)).toBe(-1);
        map.deleteEntry(first);
        expect(map.has(first.key)).toBe(false);
        expect(() => map.deleteEntry(first)).toThrow('the node is in no tree');
      }
      map.clear();
      expect([map.size, ...map]).toEqual([0]);
    }),
  );
});

test('entries may be deleted while a map or a range of it is walked', () => {
  const map = new RbMap(Array.from({ length: 10 }, (_, i) => [i, `v${i}`] as const));
  for (const [key] of map.range(2, 6)) map.delete(key);
  expect([...map.keys()]).toEqual([0, 1, 6, 7, 8, 9]);
  for (const [key] of map) if (key % 2 === 0) map.delete(key);
  expect([...map]).toEqual([
    [1, 'v1'],
    [7, 'v7'],
    [9, 'v9'],
  ]);
});

test('the order may be the caller’s, and decides what is the same key', () => {
  const map = new RbMap<string, number>(
    [
      ['b', 1],
      ['A', 2],
      ['B', 3],
    ],
    (a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : Number(a.toLowerCase() > b.toLowerCase())),
  );
  expect([...map]).toEqual([
    ['A', 2],
    ['b', 3],
  ]);
});

test('verify finds keys that have changed their order', () => {
  const map = new RbMap<{ n: number }, string>(undefined, (a, b) => a.n - b.n);
  for (const n of [1, 2, 3]) map.set({ n }, `${n}`);
  map.verify();
  map.first()!.key.n = 4;
  expect(() => map.verify()).toThrow(/out of order/);
});

test('types follow the entries', () => {
  expectTypeOf(new RbMap([[1n, 'a']] as const).get(1n)).toEqualTypeOf<'a' | undefined>();
});

describe('compareKeys', () => {
  test.each([
    [1, 2, -1],
    ['b', 'a', 1],
    [3n, 3n, 0],
    [2, 3n, -1],
    [0, -0, 0],
    [new Date(5), new Date(5), 0],
    [new Date(5), new Date(4), 1],
  ])('orders %s and %s', (a, b, order) => {
    expect(compareKeys(a, b)).toBe(order);
  });

  test.each([
    [NaN, 1],
    [1, NaN],
    [NaN, NaN],
    [1, '1'],
    [{}, {}],
    [undefined, 1],
    [new Date(NaN), new Date(NaN)],
    [new Date(5), 5n],
  ])('refuses %s and %s', (a, b) => {
    expect(() => compareKeys(a, b)).toThrow(/have no order/);
  });

  test('keys without an order are refused even as the first', () => {
    expect(() => new RbMap().set(NaN, 1)).toThrow(TypeError);
  });
});
