import { describe, expect, it } from 'vitest';
import { g84, mcp77, nv50, nv50Chips } from '../src/index.js';
import { templateOf } from './support.js';

describe('chips', () => {
  it('come under their own names', () => {
    expect(nv50Chips).toEqual([nv50, g84, mcp77]);
    expect(nv50Chips.map((chip) => chip.name)).toEqual(['nv50', 'g84', 'mcp77']);
  });

  it('take no arguments of their own and put tables into video memory', () => {
    for (const chip of nv50Chips) {
      expect(chip.arguments).toEqual([]);
      expect(chip.tableTarget).toBe('vram');
      expect(chip.dmaBits).toBe(40);
      expect(chip.mapArguments).toEqual(['kind', 'ro', 'priv', 'comp']);
    }
  });

  it.each([
    [nv50, 0x0a],
    [g84, 0x0a],
    [mcp77, 0x02],
  ])('$name has pages of 64 and 4 KiB', (chip, flags) => {
    const { pages, pageBlockShift } = templateOf(chip);
    expect(pageBlockShift).toBe(29);
    expect(pages.map((page) => [page.shift, page.flags])).toEqual([
      [16, flags],
      [12, 0x06],
    ]);
    for (const { shift, levels } of pages) {
      expect(levels.map((level) => [level.type, level.bits, level.entryBytes, level.align])).toEqual([
        ['PGT', 29 - shift, 8, 0x1000],
        ['PGD', 11, 0, 0],
      ]);
      expect(levels.reduce((sum, level) => sum + level.bits, shift)).toBe(40);
      const table = levels[0]!;
      expect(table.unmapped).toEqual([0, 0]);
      expect(table.sources).toEqual(['extents', 'scatter', 'pages']);
      for (const level of levels) {
        expect(level).not.toHaveProperty('sparse');
        expect(level).not.toHaveProperty('invalid');
        expect(level).not.toHaveProperty('frames');
      }
    }
  });

  it('ignore the framebuffer page', () => {
    expect(nv50.template({ fbPage: 99, stolen: 0 }, {}).pages).toBe(templateOf(nv50).pages);
  });

  it('are read as format T', () => {
    expect(nv50Chips.map((chip) => templateOf(chip).format)).toMatchObject([
      { version: 'T', chip: 'nv50' },
      { version: 'T', chip: 'g84' },
      { version: 'T', chip: 'mcp77' },
    ]);
  });
});
