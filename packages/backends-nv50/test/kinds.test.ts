import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { g84, mcp77, nv50, teslaKinds } from '../src/index.js';

it('the kind table is the published one', () => {
  const { table, invalid } = teslaKinds;
  expect(table).toHaveLength(128);
  expect(table.reduce((sum, value) => sum + value, 0)).toBe(8092);
  expect(createHash('sha256').update(table).digest('hex')).toBe(
    '43d5b3f892dfaedeca9d0d78a3d3b389549c4f8c43db0ea78b202c7eddd25d0a',
  );
  expect(invalid).toBe(0x7f);
});

it('all three chips have the same kinds', () => {
  for (const chip of [nv50, g84, mcp77]) expect(chip.kinds).toBe(teslaKinds);
});
