import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MapState } from '../src/map-state.js';
import { MemoryObject } from '../src/memory-object.js';
import { TagAllocator } from '../src/tags.js';

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });

function state(total = 8): { map: MapState; tags: TagAllocator; cleared: number[][] } {
  const cleared: number[][] = [];
  const tags = new TagAllocator(total, (...run) => cleared.push(run));
  const map = new MapState(tags);
  map.memory = MemoryObject.video([[0n, 0x1000n]]);
  return { map, tags, cleared };
}

test('tag steps are 64-bit sums in two lanes', () => {
  fc.assert(
    fc.property(u32, u32, u32, u32, fc.nat(4096), (lo, hi, stepLo, stepHi, count) => {
      const { map } = state();
      map.typeLo = lo;
      map.typeHi = hi;
      map.ctagLo = stepLo;
      map.ctagHi = stepHi;
      map.advanceTags(count);
      const sum = ((BigInt(hi) << 32n) | BigInt(lo)) + ((BigInt(stepHi) << 32n) | BigInt(stepLo)) * BigInt(count);
      const expected = BigInt.asUintN(64, sum);
      expect([BigInt(map.typeLo), BigInt(map.typeHi)]).toEqual([expected & 0xffff_ffffn, expected >> 32n]);
    }),
  );
});

test('a cleared template has the step to the next page and nothing else', () => {
  const { map } = state();
  Object.assign(map, { typeLo: 1, typeHi: 2, ctagLo: 3, ctagHi: 4, halfTag: 5, hasHalfTags: true });
  map.clearTemplate(0x1000, 7);
  expect(map).toMatchObject({
    typeLo: 0,
    typeHi: 0,
    nextLo: 0x1000,
    nextHi: 7,
    ctagLo: 0,
    ctagHi: 0,
    halfTag: 0,
    hasHalfTags: false,
  });
});

describe('tags', () => {
  test('are taken once for the map and given back once', () => {
    const { map, tags, cleared } = state();
    expect(map.obtainTags(4, true)).toBe(0);
    expect(cleared).toEqual([[0, 4]]);
    expect(tags.available).toBe(4);
    map.dropTags();
    map.dropTags();
    expect([tags.available, map.tags]).toEqual([8, undefined]);
  });

  test('that are not there leave the map without', () => {
    const { map } = state(2);
    expect(map.obtainTags(4, true)).toBe(undefined);
    expect(map.tags?.count).toBe(0);
    map.dropTags();
    expect(map.memory?.tags).toBe(undefined);
  });

  test('of another number are a mismatch', () => {
    const { map } = state();
    map.obtainTags(4, false);
    expect(map.obtainTags(2, false)).toBe('mismatch');
  });

  test('are not taken by raw maps', () => {
    const { map, tags } = state();
    map.withoutTags = true;
    expect(map.obtainTags(4, true)).toBe(undefined);
    expect([tags.available, map.tags]).toEqual([8, undefined]);
  });

  test('are not taken without an object', () => {
    const { map, tags } = state();
    map.memory = undefined;
    expect(map.obtainTags(4, true)).toBe(undefined);
    expect(tags.available).toBe(8);
    expect(() => map.dropTags()).not.toThrow();
  });
});
