import { describe, expect, test } from 'vitest';
import { PAGE, type PageSize } from '@nvmmu/vmm-core';
import { gh100, gp100, gp100Chips, gp10b, gv100, tu102 } from '../src/index.js';
import { leafOf, templateOf } from './support.js';

/** A page size in the notation of the tables in the specification: shift and flags. */
function show({ shift, flags }: PageSize): string {
  const letters = (['sparse', 'vram', 'host', 'comp'] as const).filter((flag) => (flags & PAGE[flag]) !== 0);
  return `${shift} ${letters.map((flag) => flag.charAt(0).toUpperCase()).join('')} ${flags.toString(16)}`;
}

test('chips come by name, oldest first', () => {
  expect(gp100Chips).toEqual([gp100, gp10b, gv100, tu102, gh100]);
  expect(gp100Chips.map(({ name }) => name)).toEqual(['gp100', 'gp10b', 'gv100', 'tu102', 'gh100']);
});

test.each([gp100, gv100, tu102])('$name has the page sizes of a discrete card', (chip) => {
  expect(templateOf(chip).pages.map(show)).toEqual(['47 S 1', '38 S 1', '29 S 1', '21 SVC b', '16 SVC b', '12 SVH 7']);
});

test('gp10b has no video memory', () => {
  expect(templateOf(gp10b).pages.map(show)).toEqual(['47 S 1', '38 S 1', '29 S 1', '21 SHC d', '16 SHC d', '12 SH 5']);
});

test('gh100 has 512 MiB pages', () => {
  expect(templateOf(gh100).pages.map(show)).toEqual([
    '56 S 1',
    '47 S 1',
    '38 S 1',
    '29 SVC b',
    '21 SVC b',
    '16 SVC b',
    '12 SVH 7',
  ]);
});

describe.each([
  [gp100, 49, 5],
  [gp10b, 49, 5],
  [gv100, 49, 5],
  [tu102, 49, 5],
  [gh100, 57, 6],
] as const)('$name', (chip, addressBits, depth) => {
  const { pages } = templateOf(chip);
  const small = pages.at(-1) as PageSize;
  const large = pages.at(-2) as PageSize;

  test('every page size adds up to the width of an address', () => {
    for (const { shift, levels } of pages) {
      expect(levels.reduce((bits, level) => bits + level.bits, shift)).toBe(addressBits);
    }
    expect(small.levels).toHaveLength(depth);
  });

  test('page sizes above the small one share the levels of the large one', () => {
    for (const { levels } of pages.slice(0, -1)) {
      expect(large.levels.slice(-levels.length)).toEqual(levels);
      levels.forEach((level, i) => expect(level).toBe(large.levels[depth - levels.length + i]));
    }
    small.levels.slice(1).forEach((level, i) => expect(level).toBe(large.levels[i + 1]));
    expect(small.levels.map(({ type }) => type)).toEqual(['SPT', ...Array<string>(depth - 1).fill('PGD')]);
    expect(large.levels.map(({ type }) => type)).toEqual(['LPT', ...Array<string>(depth - 1).fill('PGD')]);
  });

  test('tables are as large as the hardware wants them', () => {
    const bytes = [...small.levels, ...large.levels.slice(0, 1)].map(({ bits, entryBytes }) => entryBytes << bits);
    const top = chip === gh100 ? [0x1000, 0x10] : [0x20];
    expect(bytes).toEqual([0x1000, 0x1000, 0x1000, 0x1000, ...top, 0x100]);
    expect(large.levels.map(({ align }) => align)).toEqual([0x100, ...Array<number>(depth - 1).fill(0x1000)]);
    expect(small.levels.map(({ align }) => align)).toEqual(Array<number>(depth).fill(0x1000));
  });

  test('constant entries have the words that the entry size asks for', () => {
    const blocked = chip === gh100 ? 0x18 : 0x20;
    for (const level of [...small.levels, ...large.levels]) {
      const rest = Array<number>(level.entryBytes / 4 - 1).fill(0);
      expect(level.unmapped).toEqual([0, ...rest]);
      expect(level.sparse).toEqual([0x8, ...rest]);
      expect(level.invalid).toEqual(level.type === 'LPT' ? [blocked, 0] : undefined);
      expect(level.encodePde !== undefined).toBe(level.type === 'PGD');
    }
  });

  test('only small pages take scattered memory, and nothing writes pages above 2 MiB', () => {
    expect(pages.map(({ levels }) => levels[0]?.sources)).toEqual([
      ...Array<string[]>(pages.length - 3).fill([]),
      ['extents'],
      ['extents'],
      ['extents', 'scatter', 'pages'],
    ]);
    for (const level of [...small.levels, ...large.levels]) {
      expect(level.write !== undefined).toBe(level.sources.length > 0);
      expect(level.writeList !== undefined).toBe(level.sources.includes('pages'));
    }
  });

  test('page frames go to small and 2 MiB pages, and not on gh100', () => {
    const shifts = pages.filter(({ levels }) => levels[0]?.frames !== undefined).map(({ shift }) => shift);
    expect(shifts).toEqual(chip === gh100 ? [] : [21, 12]);
    expect(leafOf(chip, 16).frames).toBeUndefined();
  });

  test('the device facts are those of the chip', () => {
    const template = templateOf(chip);
    expect(chip.arguments).toEqual(['replay']);
    expect(chip.tableTarget).toBe(chip === gp10b ? 'ncoh' : 'vram');
    expect(chip.dmaBits).toBe(chip === gh100 ? 52 : 47);
    expect(chip.mapArguments.includes('vol')).toBe(chip !== gh100);
    expect(chip.mapArguments.includes('comp')).toBe(false);
    expect(template.pageBlockShift).toBe(0);
    expect(template.format.version).toBe(chip === gh100 ? '3' : '2');
    expect(template.instanceBytes).toBe(chip === gp100 || chip === gp10b ? 0x210 : 0x6a0);
    expect(template.faultReplay !== undefined).toBe(chip !== gh100);
    expect(template.faultCancel !== undefined).toBe(chip !== gh100);
  });

  test('it makes one template as good as another, whatever the device', () => {
    const one = chip.template({ fbPage: 16, stolen: 0x1000 }, {});
    expect(one.pages).toBe(templateOf(chip, { replay: true }).pages);
  });
});
