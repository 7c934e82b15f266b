import fc from 'fast-check';
import { type MapState, MemoryObject, type Level } from '@nvmmu/vmm-core';
import { describe, expect, it } from 'vitest';
import { gf100, gm200, gm20b, gk104 } from '../src/index.js';
import { entries, entry, joinLanes, u64 } from '../../../tools/testing/lanes.js';
import { check, leafOf, stateOf, Tags, typeOf } from '../../../tools/testing/maps.js';
import { templateOf } from './support.js';

function run(level: Level, words: Uint32Array, index: number, count: number, addr: number, map: MapState): void {
  level.write!(words, 2 * index, index, count, addr, map);
}

const anyWord = fc.bigInt(0n, 2n ** 64n - 1n);
const anyFrame = fc.oneof(
  fc.bigInt(0n, 2n ** 28n - 1n),
  // Just below the end of the low lane, so that runs carry.
  fc.bigInt(2n ** 28n - 300n, 2n ** 28n),
  fc.constant(2n ** 45n - 1n),
);
const anyRuns = fc.array(
  fc.record({
    index: fc.nat(300),
    count: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 600 })),
    frame: anyFrame,
  }),
  { minLength: 1, maxLength: 4 },
);
const POISON = 0xcccc_cccc_cccc_ccccn;

function expectRun(words: Uint32Array, index: number, expected: bigint[]): void {
  expect(entries(words, index, expected.length)).toEqual(expected);
  expect(entry(words, index + expected.length)).toBe(POISON);
  if (index > 0) expect(entry(words, index - 1)).toBe(POISON);
}

describe('runs', () => {
  it('of small pages follow each other by one frame', () => {
    const words = new Uint32Array(32);
    const { map } = check(templateOf(gk104), 12, MemoryObject.video([[0x1234_5000n, 0x2000n]]));
    run(leafOf(templateOf(gk104), 12), words, 5, 2, 0x1234_5000, map);
    expect(entries(words, 5, 2)).toEqual([0x12_3451n, 0x12_3461n]);
  });

  it('of big pages follow each other by one big page', () => {
    const words = new Uint32Array(32);
    const memory = MemoryObject.video([[0x4000_0000n, 0x4_0000n]], { page: 17 });
    const { map } = check(templateOf(gk104), 17, memory, { kind: 0xfe });
    run(leafOf(templateOf(gk104), 17), words, 1, 2, 0x4000_0000, map);
    expect(entries(words, 1, 2)).toEqual([0xfe0_0040_0001n, 0xfe0_0040_0201n]);
  });

  it.each([
    ['no arguments: volatile', undefined, [0x5_007f_0001n, 0x5_007f_0011n, 0x5_0080_0011n]],
    [
      'any argument: not volatile',
      { ro: false, priv: false, kind: 0, vol: false },
      [0x4_007f_0001n, 0x4_007f_0011n, 0x4_0080_0011n],
    ],
  ])('of coherent memory, %s', (_what, args, expected) => {
    const words = new Uint32Array(8);
    const memory = MemoryObject.scatter('host', [
      [0x7f00_0000n, 0x2000n],
      [0x8000_1000n, 0x1000n],
    ]);
    const level = leafOf(templateOf(gk104), 12);
    const { map } = check(templateOf(gk104), 12, memory, args);
    run(level, words, 0, 2, 0x7f00_0000, map);
    run(level, words, 2, 1, 0x8000_1000, map);
    expect(entries(words, 0, 3)).toEqual(expected);
  });

  it('equal the rule in exact arithmetic', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(12n, 16n, 17n),
        anyWord,
        fc.oneof(fc.constant(0n), fc.constant(1n << 44n), anyWord),
        anyRuns,
        (shift, type, ctag, runs) => {
          const next = u64(((1n << shift) >> 8n) + ctag);
          const map = stateOf({ type, ctag, next });
          let expectedType = type;
          for (const { index, count, frame } of runs) {
            const first = (frame << 4n) | expectedType;
            const words = new Uint32Array(2 * (index + count + 1)).fill(0xcccc_cccc);
            run(leafOf(templateOf(gf100), shift === 12n ? 12 : 17), words, index, count, Number(frame << 12n), map);
            expectRun(
              words,
              index,
              Array.from({ length: count }, (_, n) => u64(first + BigInt(n) * next)),
            );
            expectedType = u64(expectedType + BigInt(count) * ctag);
            expect(typeOf(map)).toBe(expectedType);
          }
        },
      ),
    );
  });
});

describe('compression tags', () => {
  const memory = (size: bigint, page: number): MemoryObject => MemoryObject.video([[0x4000_0000n, size]], { page });

  function tagsFrom(first: number): Tags {
    const tags = new Tags(1000);
    if (first > 0) tags.allocator.obtain(MemoryObject.video([[0n, 0x1000n]]), first, false);
    return tags;
  }

  it('go up by one with each 128 KiB page', () => {
    const words = new Uint32Array(32);
    const { map } = check(templateOf(gm200), 17, memory(0x8_0000n, 17), { kind: 0xdb }, { tags: tagsFrom(3) });
    run(leafOf(templateOf(gm200), 17), words, 1, 3, 0x4000_0000, map);
    expect(entries(words, 1, 3)).toEqual([0x3db0_0040_0001n, 0x4db0_0040_0201n, 0x5db0_0040_0401n]);
    expect(typeOf(map)).toBe(0x6db0_0000_0001n);
  });

  it('go up by one with each 64 KiB page before gm200', () => {
    const words = new Uint32Array(32);
    const template = templateOf(gf100, 16);
    const { map } = check(template, 16, memory(0x4_0000n, 16), { kind: 0xdb }, { tags: tagsFrom(4) });
    run(leafOf(template, 16), words, 1, 4, 0x4000_0000, map);
    expect(entries(words, 1, 4)).toEqual([0x4db0_0040_0001n, 0x5db0_0040_0101n, 0x6db0_0040_0201n, 0x7db0_0040_0301n]);
  });

  it('go up by half a line with each 64 KiB page of gm200, also across runs', () => {
    const template = templateOf(gm200, 16);
    const expected = [0x4db0_0040_0001n, 0x1000_4db0_0040_0101n, 0x5db0_0040_0201n, 0x1000_5db0_0040_0301n];
    const words = new Uint32Array(32);
    const { map } = check(template, 16, memory(0x4_0000n, 16), { kind: 0xdb }, { tags: tagsFrom(4) });
    const before = typeOf(map);
    run(leafOf(template, 16), words, 1, 4, 0x4000_0000, map);
    expect(entries(words, 1, 4)).toEqual(expected);
    expect(typeOf(map)).toBe(before);

    const parts = new Uint32Array(32);
    const { map: again } = check(template, 16, memory(0x4_0000n, 16), { kind: 0xdb }, { tags: tagsFrom(4) });
    run(leafOf(template, 16), parts, 1, 1, 0x4000_0000, again);
    run(leafOf(template, 16), parts, 2, 3, 0x4001_0000, again);
    expect(parts).toEqual(words);
  });

  it('with half lines equal the rule in exact arithmetic', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(31), anyWord, anyRuns, (line, page, flags, runs) => {
        const template = templateOf(gm20b, 16);
        const type = flags & 0x0fff_ffff_ffffn;
        const map = stateOf({ type, ctag: 0n, next: 0x100n });
        map.hasHalfTags = true;
        map.halfTag = 2 * line + page;
        let half = BigInt(2 * line + page);
        for (const { index, count, frame } of runs) {
          const base = (frame << 4n) | type;
          const words = new Uint32Array(2 * (index + count + 1)).fill(0xcccc_cccc);
          run(leafOf(template, 16), words, index, count, Number(frame << 12n), map);
          const expected = Array.from({ length: count }, (_, n) => {
            const h = half + BigInt(n);
            return u64(u64(base + BigInt(n) * 0x100n) | ((h >> 1n) << 44n) | ((h & 1n) << 60n));
          });
          expectRun(words, index, expected);
          half += BigInt(count);
          expect(typeOf(map)).toBe(type);
        }
      }),
    );
  });

  it('leave a map without them alone on gm200', () => {
    const words = new Uint32Array(32);
    const template = templateOf(gm200, 16);
    const { map } = check(template, 16, memory(0x4_0000n, 16), { kind: 0xdb });
    run(leafOf(template, 16), words, 1, 2, 0x4000_0000, map);
    expect(entries(words, 1, 2)).toEqual([0xfe0_0040_0001n, 0xfe0_0040_0101n]);
    expect(joinLanes(map.nextLo, map.nextHi)).toBe(0x100n);
  });
});

describe('address lists', () => {
  it.each([
    ['gk104', gk104, [0x6_007f_0001n, 0x6_1234_5671n]],
    ['gm20b', gm20b, [0x007f_0001n, 0x1234_5671n]],
  ])('of non-coherent memory on %s', (_name, chip, expected) => {
    const words = new Uint32Array(8);
    const list = MemoryObject.pages('ncoh', [0x7f00_0000n, 0x12_3456_7000n]);
    const { map } = check(templateOf(chip), 12, list);
    leafOf(templateOf(chip), 12).writeList!(words, 0, list.starts, 0, 2, map);
    expect(entries(words, 0, 2)).toEqual(expected);
  });

  it('equal the rule in exact arithmetic', () => {
    fc.assert(
      fc.property(
        anyWord,
        fc.oneof(fc.constant(0n), anyWord),
        fc.array(anyFrame, { minLength: 2, maxLength: 50 }),
        fc.nat(1),
        (type, ctag, frames, from) => {
          const map = stateOf({ type, ctag, next: 0n });
          const starts = Float64Array.from(frames, (frame) => Number(frame << 12n));
          const count = frames.length - from;
          const words = new Uint32Array(2 * (count + 2)).fill(0xcccc_cccc);
          leafOf(templateOf(gf100), 12).writeList!(words, 2, starts, from, count, map);
          expectRun(
            words,
            1,
            frames.slice(from).map((frame, n) => (frame << 4n) | u64(type + BigInt(n) * ctag)),
          );
          expect(typeOf(map)).toBe(u64(type + BigInt(count) * ctag));
        },
      ),
    );
  });
});
