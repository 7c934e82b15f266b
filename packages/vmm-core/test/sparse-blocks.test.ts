import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PageSize } from '../src/backend.js';
import { sparseBlocks } from '../src/sparse-blocks.js';

const pages = (...shifts: number[]): PageSize[] => shifts.map((shift) => ({ shift, flags: 0, levels: [] }));
const GP100 = pages(47, 38, 29, 21, 16, 12);

/** The blocks as `shift:address+size`. */
function cut(list: readonly PageSize[], addr: number, size: number): string[] {
  return [...sparseBlocks(list, addr, size)].map(
    (block) => `${list[block.page]?.shift ?? '-'}:${block.addr.toString(16)}+${block.size.toString(16)}`,
  );
}

describe('the cut', () => {
  test.each<[string, number, number, string[]]>([
    ['one page', 0, 0x1000, ['12:0+1000']],
    ['one large page', 0x10000, 0x10000, ['16:10000+10000']],
    ['several of one size', 0, 0x30000, ['16:0+30000']],
    ['up to where a larger size begins', 0x1f0000, 0x210000, ['16:1f0000+10000', '21:200000+200000']],
    ['down at the end', 0, 0x211000, ['21:0+200000', '16:200000+10000', '12:210000+1000']],
    ['a range that never gets to the larger size', 0x1000, 0x10000, ['12:1000+10000']],
    ['up and down', 0xf000, 0x12000, ['12:f000+1000', '16:10000+10000', '12:20000+1000']],
    ['a rest below all sizes', 0, 0x1800, ['12:0+1000', '-:1000+800']],
  ])('%s', (_what, addr, size, blocks) => {
    expect(cut(GP100, addr, size)).toEqual(blocks);
  });

  test('a step down of more than one size goes up again by the size just above', () => {
    expect(cut(GP100, 0x1ff000, 0x202000)).toEqual(['12:1ff000+1000', '21:200000+200000', '12:400000+1000']);
  });
});

test('blocks cover the range, in order, in aligned whole pages of their size', () => {
  const lists = fc.constantFrom(GP100, pages(27, 17, 12), pages(26, 16, 12), pages(56, 47, 38, 29, 21, 16, 12));
  fc.assert(
    fc.property(lists, fc.nat(2 ** 20), fc.integer({ min: 1, max: 2 ** 20 }), fc.nat(12), (list, first, count, up) => {
      const addr = first * 0x1000;
      const size = count * 0x1000 * 2 ** up;
      let at = addr;
      for (const block of sparseBlocks(list, addr, size)) {
        const unit = 2 ** list[block.page]!.shift;
        expect(block.addr).toBe(at);
        expect([block.addr % unit, block.size % unit]).toEqual([0, 0]);
        expect(block.size).toBeGreaterThan(0);
        at += block.size;
      }
      expect(at).toBe(addr + size);
    }),
  );
});

test('what is cut is cut the same way when it ends: the blocks depend on the range alone', () => {
  expect(cut(GP100, 0x1f0000, 0x211000)).toEqual(cut(GP100, 0x1f0000, 0x211000));
});
