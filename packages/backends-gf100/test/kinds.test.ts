import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { gf100, gf100Kinds, gk104, gk20a, gm200, gm200Kinds, gm20b } from '../src/index.js';

describe.each([
  ['gf100', gf100Kinds, 55439, '1344ca634ecbbdea7838d1dd8669519b7d88025f7e85a4592055f174080ca163'],
  ['gm200', gm200Kinds, 55014, '53421924e474362126275dc01cdc73a75884a94c3b67d661a4105856749153ab'],
])('kinds of %s', (_name, { table, invalid }, sum, digest) => {
  it('are the published ones', () => {
    expect(table).toHaveLength(256);
    expect(table.reduce((total, value) => total + value, 0)).toBe(sum);
    expect(createHash('sha256').update(table).digest('hex')).toBe(digest);
    expect(invalid).toBe(0xff);
  });

  it('have uncompressed partners', () => {
    for (const partner of table) if (partner !== invalid) expect(table[partner]).toBe(partner);
  });
});

it('each chip has the kinds of its generation', () => {
  for (const chip of [gf100, gk104, gk20a]) expect(chip.kinds).toBe(gf100Kinds);
  for (const chip of [gm200, gm20b]) expect(chip.kinds).toBe(gm200Kinds);
});
