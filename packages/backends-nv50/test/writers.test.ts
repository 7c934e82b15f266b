import fc from 'fast-check';
import { type MapState, MemoryObject, type Level } from '@nvmmu/vmm-core';
import { describe, expect, it } from 'vitest';
import { nv50 } from '../src/index.js';
import { entries, entry, u64 } from '../../../tools/testing/lanes.js';
import { check, type EntryTemplate, pageOf, stateOf, Tags, typeOf } from '../../../tools/testing/maps.js';
import { templateOf } from './support.js';

const template = templateOf(nv50);
const small = pageOf(template, 12).levels[0]!;
const big = pageOf(template, 16).levels[0]!;

/** The rule as the driver has it, in exact arithmetic: entries of one run, and the template after it. */
function modelRun(index: number, count: number, addr: bigint, { type, next, ctag }: EntryTemplate): [bigint[], bigint] {
  const written: bigint[] = [];
  let current = u64(addr + type);
  let i = index;
  let left = count;
  while (left > 0) {
    let b = 7;
    while (2 ** b > left || i % 2 ** b !== 0) b--;
    for (let n = 0; n < 2 ** b; n++) written.push(current | (BigInt(b) << 7n));
    current = u64(current + 2n ** BigInt(b) * next);
    i += 2 ** b;
    left -= 2 ** b;
  }
  return [written, u64(type + BigInt(count) * ctag)];
}

function run(level: Level, words: Uint32Array, index: number, count: number, addr: number, map: MapState): void {
  level.write!(words, 2 * index, index, count, addr, map);
}

const hexList = (values: bigint[]): string[] => values.map((value) => `0x${value.toString(16)}`);

describe('runs', () => {
  it('form the largest blocks that index and count allow', () => {
    const words = new Uint32Array(64);
    const { map } = check(template, 12, MemoryObject.video([[0x1234_5000n, 0xe000n]]));
    run(small, words, 3, 14, 0x1234_5000, map);
    expect(hexList(entries(words, 3, 14))).toEqual([
      '0x12345001',
      ...Array.from({ length: 4 }, () => '0x12346101'),
      ...Array.from({ length: 8 }, () => '0x1234a181'),
      '0x12352001',
    ]);
    expect(entry(words, 2)).toBe(0n);
    expect(entry(words, 17)).toBe(0n);
  });

  it('never form a block across two extents', () => {
    const words = new Uint32Array(16);
    const { map } = check(
      template,
      12,
      MemoryObject.video([
        [0x40_0000n, 0x3000n],
        [0x80_0000n, 0x10000n],
      ]),
    );
    run(small, words, 0, 3, 0x40_0000, map);
    run(small, words, 3, 5, 0x80_0000, map);
    expect(hexList(entries(words, 0, 8))).toEqual([
      '0x400081',
      '0x400081',
      '0x402001',
      '0x800001',
      '0x801101',
      '0x801101',
      '0x801101',
      '0x801101',
    ]);
  });

  it('form blocks in scatter lists too', () => {
    const words = new Uint32Array(64);
    const pieces = MemoryObject.scatter('ncoh', [
      [0x8000_0000n, 0x3000n],
      [0x9000_0000n, 0x2000n],
    ]);
    const { map } = check(template, 12, pieces);
    run(small, words, 0x10, 3, 0x8000_0000, map);
    run(small, words, 0x13, 2, 0x9000_0000, map);
    expect(hexList(entries(words, 0x10, 5))).toEqual([
      '0x800000b1',
      '0x800000b1',
      '0x80002031',
      '0x90000031',
      '0x90001031',
    ]);
  });

  it.each([
    [1, ['0x000af00001000081', '0x000ef00001020001'], '0x0010f00000000001'],
    [2, ['0x000b700001000081', '0x0013700001020001'], '0x0017700000000001'],
  ])('give a block the tag of its first page (mode %i)', (comp, [first, last], after) => {
    const words = new Uint32Array(64);
    const tags = new Tags(64);
    tags.allocator.obtain(MemoryObject.video([[0n, 0x1000n]]), 5, false);
    const { map, refusal } = check(
      template,
      16,
      MemoryObject.video([[0x100_0000n, 0x3_0000n]], { page: 16 }),
      { kind: 0x70, comp },
      { tags },
    );
    expect(refusal).toBeUndefined();
    run(big, words, 2, 3, 0x100_0000, map);
    expect(entries(words, 2, 3)).toEqual([BigInt(first!), BigInt(first!), BigInt(last!)]);
    expect(typeOf(map)).toBe(BigInt(after));
  });

  it('add the stolen base to the address, carries included', () => {
    const words = new Uint32Array(64);
    const stolen = 0x8000_0000;
    const memory = MemoryObject.video([[0x10_0000n, 0x4000n]]);
    const { map } = check(templateOf(nv50, stolen), 12, memory);
    run(small, words, 0, 4, 0x10_0000, map);
    expect(entries(words, 0, 4)).toEqual(Array.from({ length: 4 }, () => 0x80100131n));
    // 0x80100000 + 0x80000000 carries into bit 32; an OR would not.
    run(small, words, 5, 1, 0x8010_0000, map);
    expect(entry(words, 5)).toBe(0x1_0010_0031n);
  });

  it('equal the rule in exact arithmetic', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(12n, 16n),
        fc.bigInt(0n, 2n ** 64n - 1n),
        fc.bigInt(0n, 3n),
        fc.array(
          fc.record({
            index: fc.nat(600),
            count: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 700 })),
            frame: fc.oneof(
              fc.bigInt(0n, 2n ** 28n - 1n),
              fc.bigInt(2n ** 20n - 300n, 2n ** 20n),
              fc.constant(2n ** 45n - 1n),
            ),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        (shift, type, comp, runs) => {
          const ctag = comp << 49n;
          const map = stateOf({ type, ctag, next: (1n << shift) + ctag });
          let expectedType = type;
          for (const { index, count, frame } of runs) {
            const addr = frame << 12n;
            const words = new Uint32Array(2 * (index + count + 1)).fill(0xcccc_cccc);
            const [expected, after] = modelRun(index, count, addr, {
              type: expectedType,
              ctag,
              next: (1n << shift) + ctag,
            });
            run(shift === 12n ? small : big, words, index, count, Number(addr), map);
            expectedType = after;
            expect(entries(words, index, count)).toEqual(expected);
            expect(typeOf(map)).toBe(after);
            expect(entry(words, index + count)).toBe(0xcccc_cccc_cccc_ccccn);
            if (index > 0) expect(entry(words, index - 1)).toBe(0xcccc_cccc_cccc_ccccn);
          }
        },
      ),
    );
  });
});

describe('address lists', () => {
  it('become one entry each, never a block', () => {
    const words = new Uint32Array(16);
    const list = MemoryObject.pages('host', [0x7f00_0000n, 0x12_3456_7000n, 0x3000n]);
    const { map } = check(template, 12, list);
    small.writeList!(words, 0, list.starts, 0, 3, map);
    expect(entries(words, 0, 3)).toEqual([0x7f00_0021n, 0x12_3456_7021n, 0x3021n]);
  });

  it('equal the rule in exact arithmetic', () => {
    fc.assert(
      fc.property(
        fc.bigInt(0n, 2n ** 64n - 1n),
        fc.oneof(fc.constant(0n), fc.bigInt(0n, 2n ** 64n - 1n)),
        fc.array(fc.bigInt(0n, 2n ** 45n), { minLength: 2, maxLength: 50 }),
        fc.nat(1),
        (type, ctag, frames, from) => {
          const map = stateOf({ type, ctag, next: 0n });
          const starts = Float64Array.from(frames, (frame) => Number(frame << 12n));
          const count = frames.length - from;
          const words = new Uint32Array(2 * (count + 2));
          small.writeList!(words, 2, starts, from, count, map);
          expect(entries(words, 1, count)).toEqual(
            frames.slice(from).map((frame, n) => u64((frame << 12n) + type + BigInt(n) * ctag)),
          );
          expect(entry(words, 0)).toBe(0n);
          expect(entry(words, count + 1)).toBe(0n);
          expect(typeOf(map)).toBe(u64(type + BigInt(count) * ctag));
        },
      ),
    );
  });
});
