import fc from 'fast-check';
import { DecodedEntry, findLevel, MemoryObject, type EntryWords, type SpaceTemplate } from '@nvmmu/vmm-core';
import { describe, expect, it } from 'vitest';
import { gf100, gf100Chips, gk104, gm200, gm20b } from '../src/index.js';
import { check, leafOf, Tags } from '../../../tools/testing/maps.js';
import { block, boundSpace, tableAt } from '../../../tools/testing/space.js';
import { templateOf } from './support.js';

function decoded({ format }: SpaceTemplate, level: string, words: ArrayLike<number>, index = 0): DecodedEntry {
  const out = new DecodedEntry();
  format.levels[findLevel(format, level)!]!.decode(words[2 * index]!, words[2 * index + 1]!, 0, 0, out);
  return out;
}

describe('what the writers write is what the hardware reads:', () => {
  it('compressed pages, with the tag of each', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(gf100, gk104, gm200),
        fc.constantFrom<16 | 17>(16, 17),
        fc.nat(2 ** 20 - 64),
        fc.integer({ min: 1, max: 40 }),
        fc.record({ ro: fc.boolean(), priv: fc.boolean(), vol: fc.boolean() }),
        fc.nat(2000),
        fc.nat(20),
        (chip, bigPage, unit, count, flags, before, skipped) => {
          const tags = new Tags(8192);
          tags.allocator.obtain(MemoryObject.video([[0n, 0x1000n]]), before, false);
          const page = 2 ** bigPage;
          const addr = unit * page;
          const size = BigInt(skipped + count) * BigInt(page);
          const memory = MemoryObject.video([[BigInt(addr), size]], { page: bigPage });
          const template = templateOf(chip, bigPage);
          const options = { tags, offset: skipped * page };
          const { map } = check(template, bigPage, memory, { kind: 0xdb, ...flags }, options);
          const words = new Uint32Array(2 * count);
          leafOf(template, bigPage).write!(words, 0, 0, count, addr + skipped * page, map);
          const step = bigPage === 16 && chip === gm200 ? 0.5 : 1;
          for (let n = 0; n < count; n++) {
            expect(decoded(template, 'LPT', words, n)).toMatchObject({
              state: 'page',
              aperture: 'vram',
              addr: addr + (skipped + n) * page,
              kind: 0xdb,
              tag: before + (skipped + n) * step,
              tagStep: step,
              ...flags,
            });
          }
        },
      ),
    );
  });

  it('system memory in the aperture of the chip', () => {
    for (const chip of gf100Chips) {
      const template = templateOf(chip);
      const list = MemoryObject.pages('ncoh', [0xfe_dcba_9000n]);
      const { map } = check(template, 12, list);
      const words = new Uint32Array(2);
      leafOf(template, 12).writeList!(words, 0, list.starts, 0, 1, map);
      expect(decoded(template, 'SPT', words)).toMatchObject({
        state: 'page',
        aperture: 'ncoh',
        apertureCode: chip === gm20b ? 0 : 3,
        addr: 0xfe_dcba_9000,
        vol: false,
      });
    }
  });

  it('absent entries', () => {
    for (const chip of gf100Chips) {
      for (const bigPage of [16, 17] as const) {
        const template = templateOf(chip, bigPage);
        const [big, directory] = template.pages.find(({ shift }) => shift === bigPage)!.levels;
        const small = leafOf(template, 12);
        const state = (level: string, words: EntryWords | undefined): unknown =>
          words && decoded(template, level, words).state;
        expect([state('LPT', big!.unmapped), state('SPT', small.unmapped), state('PD', directory!.unmapped)]).toEqual([
          'none',
          'none',
          'none',
        ]);
        expect(state('LPT', big!.invalid)).toBe(chip === gf100 ? undefined : 'blocked');
        const sparse = chip === gm200 || chip === gm20b ? 'sparse' : undefined;
        expect([state('LPT', big!.sparse), state('SPT', small.sparse), state('PD', directory!.sparse)]).toEqual([
          sparse,
          sparse,
          sparse,
        ]);
      }
    }
  });

  it('directory entries', () => {
    const template = templateOf(gm200);
    const child = {
      pageShift: 17,
      slot0: tableAt(0x12_3456_7000, 0x2000, 'host'),
      slot1: tableAt(0xfe_dcba_9000, 0x4_0000, 'ncoh'),
    };
    const words = new Uint32Array(2);
    leafOf(template, 27).encodePde!(child, words);
    expect(decoded(template, 'PD', words)).toMatchObject({
      state: 'table',
      child: findLevel(template.format, 'LPT'),
      childTarget: 'host',
      childAddr: 0x12_3456_7000,
      childEntries: 0x400,
      small: findLevel(template.format, 'SPT'),
      smallTarget: 'ncoh',
      smallAddr: 0xfe_dcba_9000,
      smallEntries: 0x8000,
    });
  });

  it('instance blocks', () => {
    for (const chip of gf100Chips) {
      for (const bigPage of [16, 17] as const) {
        const template = templateOf(chip, bigPage);
        const inst = block(0x1000);
        template.join!(boundSpace({ directory: tableAt(0x12_3456_7000, 0x2_0000, 'host'), limit: 2 ** 36 }), inst);
        const result = template.format.instance.decode(
          { target: 'vram', addr: 0n },
          (offset) => inst.words[offset / 4],
        );
        expect(result).toMatchObject({ kind: 'root', target: 'host', addr: 0x12_3456_7000n, limit: 2n ** 36n - 1n });
        if (chip === gm200 || chip === gm20b) expect(result).toMatchObject({ format: { bigPageShift: bigPage } });
        template.part!(boundSpace({}), inst);
      }
    }
  });
});
