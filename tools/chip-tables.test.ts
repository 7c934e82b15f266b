// Reference pages and tables against the code they are made from; `pnpm tables:update` renews them.

import { describe, expect, test } from 'vitest';
import { bytes, CHIPS, chipIndex, chipPage, fillTable, pageSizeTable, table } from './chip-tables.js';
import { readText } from './packages.js';

test('sizes read as people write them', () => {
  expect([0, 12, 16, 21, 47].map(bytes)).toEqual(['1 bytes', '4 KiB', '64 KiB', '2 MiB', '128 TiB']);
});

test('a table is aligned', () => {
  expect(table(['a', 'number'], [['long cell', '5']], [1])).toBe(
    ['| a         | number |', '| --------- | -----: |', '| long cell |      5 |'].join('\n'),
  );
});

test('a table goes between its marks', () => {
  expect(fillTable('x\n<!-- table: t -->\nold\n<!-- end -->\ny', 't', 'new')).toBe(
    'x\n<!-- table: t -->\n\nnew\n\n<!-- end -->\ny',
  );
  expect(() => fillTable('x', 't', 'new')).toThrow(/no marks/);
});

describe('docs/chips', () => {
  test('the list of chips', async () => {
    await expect(chipIndex()).toMatchFileSnapshot('../docs/chips/README.md');
  });
  test.each(CHIPS.map(({ chip, home }) => ({ name: chip.name, chip, home })))('$name', async ({ chip, home }) => {
    await expect(chipPage(chip, home)).toMatchFileSnapshot(`../docs/chips/${chip.name}.md`);
  });
});

describe('page sizes in the READMEs of backends', () => {
  test.each(['nv50', 'gf100', 'gp100'])('%s', async (family) => {
    const path = `packages/backends-${family}/README.md`;
    const chips = CHIPS.filter(({ home }) => home === `@nvmmu/backends-${family}`).map(({ chip }) => chip);
    await expect(fillTable(readText(path), 'page sizes', pageSizeTable(chips))).toMatchFileSnapshot(`../${path}`);
  });
});

test('every bit of every entry belongs to at most one field', () => {
  for (const { chip } of CHIPS) {
    for (const level of chip.template({ fbPage: 17, stolen: 0 }, {}).format.levels) {
      for (const layout of level.layouts) {
        const fields = [...layout.fields].sort((a, b) => a.lo - b.lo);
        for (const [i, spec] of fields.entries()) {
          const above = fields[i + 1];
          if (above !== undefined)
            expect([chip.name, level.name, layout.name, spec.hi < above.lo]).toEqual([
              chip.name,
              level.name,
              layout.name,
              true,
            ]);
        }
      }
    }
  }
});
