import fc from 'fast-check';
import { DecodedEntry, findLevel, MemoryObject, type SpaceTemplate } from '@nvmmu/vmm-core';
import { expect, it } from 'vitest';
import { g84, mcp77, nv50 } from '../src/index.js';
import { check, pageOf, Tags } from '../../../tools/testing/maps.js';
import { tableAt } from '../../../tools/testing/space.js';
import { templateOf } from './support.js';

function decoded({ format }: SpaceTemplate, level: string, words: Uint32Array, index: number): DecodedEntry {
  const out = new DecodedEntry();
  format.levels[findLevel(format, level)!]!.decode(words[2 * index]!, words[2 * index + 1]!, 0, 0, out);
  return out;
}

it('what the writers write is what the hardware reads: each page has its own address and tag', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(nv50, g84),
      fc.nat(2 ** 16 - 64),
      fc.nat(300),
      fc.integer({ min: 1, max: 60 }),
      fc.boolean(),
      fc.boolean(),
      fc.constantFrom(1, 2),
      fc.nat(2000),
      (chip, unit, index, count, ro, priv, comp, before) => {
        const tags = new Tags(4096);
        tags.allocator.obtain(MemoryObject.video([[0n, 0x1000n]]), before, false);
        const addr = unit * 0x1_0000;
        const memory = MemoryObject.video([[BigInt(addr), BigInt(count) << 16n]], { page: 16 });
        const template = templateOf(chip);
        const { map } = check(template, 16, memory, { kind: 0x70, ro, priv, comp }, { tags });
        const words = new Uint32Array(2 * (index + count));
        pageOf(template, 16).levels[0]!.write!(words, 2 * index, index, count, addr, map);
        for (let n = 0; n < count; n++) {
          const entry = decoded(template, 'PT64K', words, index + n);
          const inBlock = (index + n) % 2 ** entry.block;
          expect(entry).toMatchObject({ state: 'page', aperture: 'vram', ro, priv, kind: 0x70, tagStep: comp });
          expect(entry.addr + inBlock * 0x1_0000).toBe(addr + n * 0x1_0000);
          expect(entry.tag + inBlock * comp).toBe(before + n * comp);
        }
      },
    ),
  );
});

it('video memory of a chip with a stolen base is read as system memory', () => {
  const template = templateOf(mcp77, 0x8000_0000);
  const { map } = check(template, 12, MemoryObject.video([[0x10_0000n, 0x4000n]]));
  const words = new Uint32Array(8);
  pageOf(template, 12).levels[0]!.write!(words, 0, 0, 4, 0x10_0000, map);
  expect(decoded(template, 'PT4K', words, 3)).toMatchObject({
    state: 'page',
    aperture: 'ncoh',
    addr: 0x8010_0000,
    block: 2,
  });
});

it('directory entries are read as they were meant', () => {
  const template = templateOf(nv50);
  const { encodePde } = pageOf(template, 12).levels[1]!;
  const words = new Uint32Array(2);
  encodePde!({ pageShift: 12, slot0: tableAt(0x12_3456_7000, 0x2_0000, 'ncoh'), slot1: undefined }, words);
  expect(decoded(template, 'PD', words, 0)).toMatchObject({
    state: 'table',
    child: findLevel(template.format, 'PT4K'),
    childTarget: 'ncoh',
    childAddr: 0x12_3456_7000,
    childEntries: 0x4000,
  });
  encodePde!({ pageShift: 16, slot0: tableAt(0xf000, 0x1_0000, 'host'), slot1: undefined }, words);
  expect(decoded(template, 'PD', words, 0)).toMatchObject({
    state: 'table',
    child: findLevel(template.format, 'PT64K'),
    childTarget: 'host',
    childAddr: 0xf000,
    childEntries: 0x2000,
  });
  encodePde!(undefined, words);
  expect(decoded(template, 'PD', words, 0).state).toBe('none');
});
