import { VmmError, type Chip } from '@nvmmu/vmm-core';
import { describe, expect, it } from 'vitest';
import { gf100, gf100Chips, gk104, gk20a, gm200, gm20b } from '../src/index.js';
import { pageOf } from '../../../tools/testing/maps.js';
import { templateOf } from './support.js';

const older = [gf100, gk104, gk20a];
const newer = [gm200, gm20b];

describe('chips', () => {
  it('come under their own names', () => {
    expect(gf100Chips).toEqual([...older, ...newer]);
    expect(gf100Chips.map((chip) => chip.name)).toEqual(['gf100', 'gk104', 'gk20a', 'gm200', 'gm20b']);
  });

  it('put tables where their memory is', () => {
    expect(gf100Chips.map((chip) => chip.tableTarget)).toEqual(['vram', 'vram', 'ncoh', 'vram', 'ncoh']);
    for (const chip of gf100Chips) {
      expect(chip.dmaBits).toBe(40);
      expect(chip.mapArguments).toEqual(['kind', 'ro', 'priv', 'vol']);
    }
  });

  it('are read as format 1', () => {
    for (const chip of gf100Chips) {
      for (const bigPage of [16, 17] as const) {
        const { format } = templateOf(chip, bigPage);
        expect(format).toMatchObject({ version: '1', chip: chip.name, bigPageShift: bigPage });
      }
    }
  });
});

describe('big pages', () => {
  it('come from the framebuffer before gm200, whatever the address space says', () => {
    for (const chip of older) {
      expect(chip.arguments).toEqual([]);
      for (const fbPage of [16, 17]) {
        expect(chip.template({ fbPage, stolen: 0 }, { bigPage: 33 - fbPage }).pages[0]?.shift).toBe(fbPage);
      }
    }
  });

  it('come from the address space on gm200 and gm20b, and are 128 KiB by default', () => {
    for (const chip of newer) {
      expect(chip.arguments).toEqual(['bigPage']);
      expect(chip.template({ fbPage: 16, stolen: 0 }, {}).pages[1]?.shift).toBe(17);
      expect(chip.template({ fbPage: 99, stolen: 0 }, { bigPage: 16 }).pages[1]?.shift).toBe(16);
    }
  });

  it.each([0, 12, 15, 18, 16.5, NaN, -17])('of shift %d are refused', (shift) => {
    const refused = (make: () => unknown): unknown => {
      try {
        return make();
      } catch (error) {
        return error;
      }
    };
    for (const chip of older) {
      const error = refused(() => chip.template({ fbPage: shift, stolen: 0 }, {}));
      expect(error).toBeInstanceOf(VmmError);
      expect(error).toMatchObject({ code: 'EINVAL', message: `framebuffer page shift ${shift} is neither 16 nor 17` });
    }
    for (const chip of newer) {
      const error = refused(() => chip.template({ fbPage: 17, stolen: 0 }, { bigPage: shift }));
      expect(error).toBeInstanceOf(VmmError);
      expect(error).toMatchObject({ code: 'EINVAL', message: `big-page shift ${shift} is neither 16 nor 17` });
    }
  });
});

describe('page sizes', () => {
  it.each<[Chip, 16 | 17, [number, number][]]>([
    [
      gf100,
      17,
      [
        [17, 0x0a],
        [12, 0x06],
      ],
    ],
    [
      gf100,
      16,
      [
        [16, 0x0a],
        [12, 0x06],
      ],
    ],
    [
      gk104,
      17,
      [
        [17, 0x0a],
        [12, 0x06],
      ],
    ],
    [
      gk104,
      16,
      [
        [16, 0x0a],
        [12, 0x06],
      ],
    ],
    [
      gk20a,
      17,
      [
        [17, 0x0c],
        [12, 0x04],
      ],
    ],
    [
      gk20a,
      16,
      [
        [16, 0x0c],
        [12, 0x04],
      ],
    ],
    [
      gm200,
      17,
      [
        [27, 0x01],
        [17, 0x0b],
        [12, 0x07],
      ],
    ],
    [
      gm200,
      16,
      [
        [26, 0x01],
        [16, 0x0b],
        [12, 0x07],
      ],
    ],
    [
      gm20b,
      17,
      [
        [27, 0x01],
        [17, 0x0d],
        [12, 0x05],
      ],
    ],
    [
      gm20b,
      16,
      [
        [26, 0x01],
        [16, 0x0d],
        [12, 0x05],
      ],
    ],
  ])('$0.name with big pages of shift %i', (chip, bigPage, expected) => {
    const { pages, pageBlockShift } = templateOf(chip, bigPage);
    expect(pages.map((page) => [page.shift, page.flags])).toEqual(expected);
    expect(pageBlockShift).toBe(0);
    for (const { shift, levels } of pages) expect(levels.reduce((sum, level) => sum + level.bits, shift)).toBe(40);
  });

  it.each([
    [17, 0x2000, 0x4_0000, 0x1_0000],
    [16, 0x2000, 0x2_0000, 0x2_0000],
  ] as const)('with big pages of shift %i tables have the sizes of the hardware', (bigPage, big, small, directory) => {
    for (const chip of gf100Chips) {
      const template = templateOf(chip, bigPage);
      const bytes = (shift: number): unknown =>
        pageOf(template, shift).levels.map(({ type, bits, entryBytes, align }) => [
          type,
          2 ** bits * entryBytes,
          align,
        ]);
      expect(bytes(bigPage)).toEqual([
        ['LPT', big, 0x1000],
        ['PGD', directory, 0x1000],
      ]);
      expect(bytes(12)).toEqual([
        ['SPT', small, 0x1000],
        ['PGD', directory, 0x1000],
      ]);
    }
  });
});

describe('levels', () => {
  it.each<[Chip, boolean, boolean]>([
    [gf100, false, false],
    [gk104, true, false],
    [gk20a, true, false],
    [gm200, true, true],
    [gm20b, true, true],
  ])('of $name: absent entries', (chip, invalid, sparse) => {
    for (const bigPage of [16, 17] as const) {
      const template = templateOf(chip, bigPage);
      const [big, directory] = pageOf(template, bigPage).levels;
      const [small] = pageOf(template, 12).levels;
      for (const level of [big, directory, small]) {
        expect(level?.unmapped).toEqual([0, 0]);
        expect(level).not.toHaveProperty('frames');
      }
      expect(big?.invalid).toEqual(invalid ? [2, 0] : undefined);
      expect(small).not.toHaveProperty('invalid');
      expect(directory).not.toHaveProperty('invalid');
      expect(big?.sparse).toEqual(sparse ? [0, 1] : undefined);
      expect(small?.sparse).toEqual(sparse ? [0, 1] : undefined);
      expect(directory?.sparse).toEqual(sparse ? [0, 8] : undefined);
    }
  });

  it('of big pages take host memory on gf100 alone', () => {
    for (const chip of gf100Chips) {
      const template = templateOf(chip);
      expect(pageOf(template, 17).levels[0]?.sources).toEqual(
        chip === gf100 ? ['extents', 'scatter', 'pages'] : ['extents'],
      );
      expect(pageOf(template, 12).levels[0]?.sources).toEqual(['extents', 'scatter', 'pages']);
      expect(pageOf(template, 12).levels[1]?.sources).toEqual([]);
      expect(pageOf(template, 12).levels[1]).not.toHaveProperty('write');
    }
  });

  it('the directory itself is the leaf of the largest pages of gm200 and gm20b', () => {
    for (const chip of newer) {
      const { pages } = templateOf(chip);
      expect(pages[0]?.levels).toEqual([pages[1]?.levels[1]]);
      expect(pages[0]?.levels[0]).toBe(pages[2]?.levels[1]);
    }
  });
});
