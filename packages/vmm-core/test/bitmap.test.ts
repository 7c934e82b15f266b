import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clearBits, createBitmap, findBit, hasBit, setBits } from '../src/bitmap.js';

const SIZE = 160;

/** A range that is not empty. */
const ranges = fc
  .tuple(fc.nat(SIZE - 1), fc.nat(SIZE - 1))
  .map(([a, b]) => [Math.min(a, b), Math.abs(a - b) + 1] as const);

const members = (map: Uint32Array): boolean[] => Array.from({ length: SIZE }, (_, at) => hasBit(map, at));

test('has a word for each 32 numbers begun', () => {
  expect([1, 32, 33, 512].map((size) => createBitmap(size).length)).toEqual([1, 1, 2, 16]);
});

test('ranges that are put in and taken out leave everything else as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), ranges), { maxLength: 12 }), (steps) => {
      const map = createBitmap(SIZE);
      const model = new Array<boolean>(SIZE).fill(false);
      for (const [puts, [from, count]] of steps) {
        if (puts) setBits(map, from, count);
        else clearBits(map, from, count);
        model.fill(puts, from, from + count);
        expect(members(map)).toEqual(model);
      }
    }),
  );
});

describe('borders of words', () => {
  test.each([
    [0, 32],
    [31, 1],
    [31, 2],
    [32, 32],
    [16, 32],
    [20, 100],
    [0, SIZE],
  ])('[%i, +%i)', (from, count) => {
    const inside = Array.from({ length: SIZE }, (_, at) => at >= from && at < from + count);
    const map = createBitmap(SIZE);
    setBits(map, from, count);
    expect(members(map)).toEqual(inside);
    setBits(map, 0, SIZE);
    clearBits(map, from, count);
    expect(members(map)).toEqual(inside.map((is) => !is));
  });
});

test('the first one in a range is that of a search one by one', () => {
  fc.assert(
    fc.property(
      fc.array(ranges, { maxLength: 4 }),
      fc.nat(SIZE),
      fc.nat(SIZE),
      fc.boolean(),
      (list, from, end, wanted) => {
        const map = createBitmap(SIZE);
        for (const [at, count] of list) setBits(map, at, count);
        let expected = from;
        while (expected < end && hasBit(map, expected) !== wanted) expected++;
        expect(findBit(map, from, end, wanted)).toBe(from < end ? expected : end);
      },
    ),
  );
});
