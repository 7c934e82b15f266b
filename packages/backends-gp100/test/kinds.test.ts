import { expect, test } from 'vitest';
import type { KindTable } from '@nvmmu/vmm-core';
import { gh100, gp100, gp10b, gv100, tu102 } from '../src/index.js';

// `--` not valid, `=` not compressed, else the uncompressed partner.
const GM200 = `
 =  = 01 01 01 01 -- 01 01 01 01 -- -- -- -- --
--  = -- -- -- -- -- 11 11 11 11 -- -- -- -- --
-- -- -- -- -- --  =  =  =  =  =  = -- -- -- --
-- -- -- -- -- -- -- -- -- -- 26 27 28 29 26 27
28 29 -- -- -- --  = -- -- -- -- -- -- -- -- --
-- 46 46 46 46 -- -- -- -- -- -- -- -- -- -- --
-- -- -- -- -- -- -- -- -- -- -- -- -- -- -- --
-- -- -- -- -- -- -- -- -- -- --  = -- -- -- --
-- -- -- -- -- -- 7b 7b 7b 7b --  =  =  =  = --
-- -- -- -- -- -- -- -- -- -- -- -- -- -- -- --
-- -- -- 8b 8c 8d 8e  =  =  =  = -- -- -- -- --
-- -- -- -- -- -- -- -- -- -- -- -- -- -- -- a7
a8 a9 aa  = -- -- -- -- -- -- -- -- fe fe c3 c3
c3 c3 -- -- -- -- -- -- fe -- -- fe -- fe -- fe
fe -- fe fe fe fe fe -- -- fe -- fe -- fe fe --
fe fe fe fe fe fe fe fe fe fe fe fe --  =  = --`;

const TURING = '= = = = = = = -- 06 06 02 01 03 04 05 --';

function show({ table, invalid }: KindTable): string[] {
  return Array.from(table, (partner, kind) => {
    if (partner === invalid) return '--';
    return partner === kind ? '=' : partner.toString(16).padStart(2, '0');
  });
}

test.each([gp100, gp10b, gv100])('$name has the kinds of gm200', ({ kinds }) => {
  const cells = show(kinds);
  expect(cells).toEqual(GM200.trim().split(/\s+/));
  expect(cells.filter((cell) => cell === '=')).toHaveLength(22);
  expect(cells.filter((cell) => cell === '--')).toHaveLength(166);
  expect(cells.filter((cell) => /[0-9a-f]{2}/.test(cell))).toHaveLength(68);
});

test.each([tu102, gh100])('$name has sixteen kinds', ({ kinds }) => {
  expect(show(kinds)).toEqual(TURING.split(' '));
});

test.each([gp100, tu102])(
  'the partner of a kind of $name is not compressed itself',
  ({ kinds: { table, invalid } }) => {
    for (const partner of table) {
      if (partner !== invalid) expect(table[partner]).toBe(partner);
    }
  },
);
