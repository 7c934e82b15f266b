import { annotate, fieldValues, listRanges, readInstance, walk } from '@nvmmu/vmm-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { format3 } from '../src/format-3.js';
import { brief, checkFieldRoundTrip, checkListings } from '../../../tools/testing/listing.js';
import { rootAt, Words64 } from '../../../tools/testing/table-image.js';

const gh100 = format3();
const level = (name: string) => gh100.levels.find((candidate) => candidate.name === name)!;

/** PD4 … SPT one after the other from 0x100000, all indices 0 but those of the last two levels. */
function chain(entries: Record<string, bigint>) {
  const words = new Words64();
  words.set(0x100000n, 0x101012n);
  words.set(0x101000n, 0x102012n);
  words.set(0x102000n, 0x103012n);
  words.set(0x103000n, 0x104012n);
  words.set(0x104000n, 0x105112n);
  words.set(0x104008n, 0x106012n);
  for (let page = 0x105n; page <= 0x107n; page++) words.or(page << 12n, 0n);
  for (const [addr, value] of Object.entries(entries)) words.set(BigInt(addr), value);
  return (va: bigint) => brief(walk(gh100, words.image(), rootAt(0x100000n), va));
}

describe('walk', () => {
  test('goes down six levels to a 4 KiB page, at the highest addresses too', () => {
    expect(chain({ '0x106008': 0x12345081n })(0x1abcn)).toBe('vram 0x12345abc 12');
    const words = new Words64();
    words.set(0x100008n, 0x101012n);
    words.set(0x101ff8n, 0x102012n);
    words.set(0x102ff8n, 0x103012n);
    words.set(0x103ff8n, 0x104012n);
    words.set(0x104ff8n, 0x106012n);
    words.set(0x106ff8n, 0xabcd08dn);
    const at = (va: bigint) => walk(gh100, words.image(), rootAt(0x100000n), va);
    // An address that a double can't hold.
    expect(brief(at(0x1ff_ffff_ffff_fabcn - 0x3n))).toBe('host 0xabcdab9 12 vol');
    expect(brief(at(0xffff_ffff_ffff_fab9n))).toBe('host 0xabcdab9 12 vol');
    expect(at(0x1ff_ffff_ffff_fab9n).steps.map(({ level, index }) => `${level} ${index}`)).toEqual([
      'PD4 1',
      'PD3 511',
      'PD2 511',
      'PD1 511',
      'PD0 255',
      'SPT 511',
    ]);
    expect(brief(at(0x200_0000_0000_0000n))).toBe('fault 3 -');
  });

  test.each([
    [{ '0x105100': 0x12340081n }, 'vram 0x12345abc 16'],
    [{ '0x105100': 0x8n }, 'sparse 16'],
    [{ '0x105100': 0x18n }, 'fault 2 LPT'],
    [{ '0x105100': 0x10n }, 'nowhere 16'],
    [{ '0x105100': 0x20n }, 'malformed LPT'],
    [{ '0x106028': 0x8n }, 'sparse 12'],
    [{ '0x106028': 0x18n }, 'fault 2 SPT'],
    [{ '0x106028': 0x200000bbbbbbb663n }, 'peer 0xbbbbbbbabc 12 ro'],
    [{ '0x104000': 0x8n, '0x104008': 0n }, 'sparse 21'],
    [{ '0x104000': 0x18n, '0x104008': 0n }, 'sparse 21'],
    [{ '0x104000': 0x10n, '0x104008': 0n }, 'fault 0 PD0'],
    [{ '0x104000': 0n, '0x104008': 0x8n }, 'fault 0 PD0'],
    [{ '0x104000': 0x20n, '0x104008': 0n }, 'malformed PD0'],
    [{ '0x104000': 0x40000081n }, 'vram 0x40005abc 21'],
    [{ '0x103000': 0x40000081n }, 'vram 0x40005abc 29'],
    [{ '0x102000': 0x40000081n }, 'malformed PD2'],
    [{ '0x103000': 0x8n }, 'sparse 29'],
    [{ '0x103000': 0x22n }, 'malformed PD1'],
    [{ '0x100000': 0x8n }, 'sparse 56'],
  ])('with %o gives %s', (entries, expected) => {
    expect(chain(entries as unknown as Record<string, bigint>)(0x5abcn)).toBe(expected);
  });
});

test.each([
  ['PD3', 0x999999999900cn, { aperture: 2n, pcf: 1n, addr: 0x9999999999000n }],
  ['PD3', 0xbbbbbbb00an, { aperture: 1n, pcf: 1n, addr: 0xbbbbbbb000n }],
  ['PD0', 0x999999999990cn, { 'large-aperture': 2n, 'large-addr': 0x9999999999900n }],
  [
    'SPT',
    0x999999999968dn,
    { aperture: 2n, vol: 1n, ro: 0n, 'no-atomics': 0n, 'no-counters': 1n, kind: 6n, addr: 0x9999999999000n },
  ],
  ['SPT', 0x9999999999605n, { aperture: 2n, vol: 0n, 'no-counters': 0n, kind: 6n }],
  ['SPT', 0x9999999999665n, { vol: 0n, ro: 1n, 'no-atomics': 1n }],
  ['SPT', 0xbbbbbbb661n, { aperture: 0n, ro: 1n, 'no-atomics': 1n, vol: 0n, addr: 0xbbbbbbb000n }],
  ['SPT', 0x200000bbbbbbb663n, { aperture: 1n, peer: 1n, addr: 0xbbbbbbb000n }],
  [
    'SPT',
    0x2bad0006f9n,
    { aperture: 0n, priv: 1n, ro: 1n, 'no-atomics': 1n, vol: 1n, 'no-counters': 1n, addr: 0x2bad000000n },
  ],
  ['LPT', 0x8n, { valid: 0n, pcf: 1n }],
  ['LPT', 0x18n, { valid: 0n, pcf: 3n }],
])('entry of %s %x has its fields', (name, value, expected) => {
  expect(fieldValues(annotate(level(name), value))).toMatchObject(expected);
});

test('exactly seven combinations of flags are unknown to the vendor', () => {
  const odd = Array.from({ length: 32 }, (_, pcf) => pcf).filter(
    (pcf) => annotate(level('SPT'), BigInt((pcf << 3) | 1)).warnings.length > 0,
  );
  expect(odd).toEqual([0x06, 0x16, 0x17, 0x1a, 0x1b, 0x1e, 0x1f]);
});

test.each(gh100.levels.map((at) => [at.name, at] as const))(
  'entries of %s survive taking apart and putting together',
  (_name, at) => {
    checkFieldRoundTrip(at);
  },
);

test('the instance block does not need bits 10 and 11, and has no limit', () => {
  const words = new Words64();
  words.set(0x5200n, 0x100002n);
  words.set(0x5208n, 0xfffn);
  expect(readInstance(gh100, words.image(), { target: 'vram', addr: 0x5000n })).toEqual({
    kind: 'root',
    target: 'host',
    addr: 0x100000n,
  });
});

test('a listing joins 512 MiB pages', () => {
  const words = new Words64();
  words.set(0x100000n, 0x101012n);
  words.set(0x101000n, 0x102012n);
  words.set(0x102000n, 0x103012n);
  words.set(0x103000n, 0x40000081n);
  words.set(0x103008n, 0x60000081n);
  expect([...listRanges(gh100, words.image(), rootAt(0x100000n))]).toMatchObject([
    { va: 0n, size: 0x40000000n, shift: 29, addr: 0x40000000n },
  ]);
});

test('a listing says what the walk says, whatever the memory holds', () => {
  const entry = fc.oneof(
    { weight: 3, arbitrary: fc.constant(0n) },
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 7 }).map((page) => (BigInt(page) << 12n) | 0x100012n) },
    { weight: 2, arbitrary: fc.constantFrom(0x8n, 0x10n, 0x18n, 0x20n, 0x1n, 0x105112n) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 0xffff }).map((page) => (BigInt(page) << 12n) | 0x1n) },
    { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) },
  );
  checkListings(gh100, {
    entry,
    pages: 8,
    slots: 8,
    runs: 300,
    near: (va) => ((va >> 20n) & 0x3n) * (1n << 21n) + ((va & 7n) << 12n) + (((va >> 3n) & 7n) << 29n),
  });
});
