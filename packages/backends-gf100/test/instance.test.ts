import { InvariantError, type Chip, type MemoryTarget } from '@nvmmu/vmm-core';
import { describe, expect, it } from 'vitest';
import { gf100, gf100Chips, gk104, gk20a, gm200, gm20b } from '../src/index.js';
import { entry } from '../../../tools/testing/lanes.js';
import { block, boundSpace, tableAt } from '../../../tools/testing/space.js';
import { templateOf } from './support.js';

function joined(
  chip: Chip,
  bigPage: 16 | 17,
  target: MemoryTarget,
  addr = 0x10_0000,
  limit = 2 ** 40,
): [bigint, bigint] {
  const inst = block(0x1000);
  const template = templateOf(chip, bigPage);
  const space = boundSpace({ directory: tableAt(addr, 0x1_0000, target), limit });
  expect(template.join!(space, inst)).toBeUndefined();
  expect(space.joined).toEqual([]);
  const rest = inst.words.filter((_, at) => at < 0x80 || at >= 0x84);
  expect(rest.every((word) => word === 0)).toBe(true);
  return [entry(inst.words, 0x200 / 8), entry(inst.words, 0x208 / 8)];
}

describe('join', () => {
  it.each<[Chip, 16 | 17, MemoryTarget, bigint]>([
    [gf100, 17, 'vram', 0x10_0000n],
    [gk104, 17, 'host', 0x10_0006n],
    [gk20a, 17, 'ncoh', 0x10_0003n],
    [gf100, 16, 'vram', 0x10_0000n],
    [gk104, 16, 'vram', 0x10_0000n],
    [gk20a, 16, 'vram', 0x10_0000n],
    [gm200, 17, 'vram', 0x10_0000n],
    [gm200, 16, 'vram', 0x10_0800n],
    [gm20b, 16, 'ncoh', 0x10_0803n],
    [gm20b, 16, 'host', 0x10_0806n],
  ])('$0.name, big pages of shift %i, directory in %s', (chip, bigPage, target, word) => {
    expect(joined(chip, bigPage, target)).toEqual([word, 0xff_ffff_ffffn]);
  });

  it('names the last address of a smaller space, and a directory above 4 GiB', () => {
    expect(joined(gk104, 17, 'vram', 0xab_cdef_0000, 0x8000_0000)).toEqual([0xab_cdef_0000n, 0x7fff_ffffn]);
  });

  it('needs a directory', () => {
    expect(() => templateOf(gk104).join!(boundSpace({}), block(0x1000))).toThrow(InvariantError);
  });
});

describe('part', () => {
  it('clears both words of any block and nothing else', () => {
    for (const chip of gf100Chips) {
      const inst = block(0x1000);
      inst.words.fill(0xffff_ffff);
      templateOf(chip).part!(boundSpace({}), inst);
      expect([0x1ff, 0x210].map((offset) => inst.words[offset >> 2])).toEqual([0xffff_ffff, 0xffff_ffff]);
      expect(entry(inst.words, 0x200 / 8)).toBe(0n);
      expect(entry(inst.words, 0x208 / 8)).toBe(0n);
    }
  });
});

it('an instance block reaches to the end of the limit word', () => {
  for (const chip of gf100Chips) {
    expect(templateOf(chip).instanceBytes).toBe(0x210);
    expect(templateOf(chip)).not.toHaveProperty('directoryOffset');
  }
});
