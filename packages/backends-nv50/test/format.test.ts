import { annotate, listRanges, readInstance, walk } from '@nvmmu/vmm-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatT } from '../src/format.js';
import { teslaKinds } from '../src/kinds.js';
import { brief, checkFieldRoundTrip, checkListings } from '../../../tools/testing/listing.js';
import { rootAt, Words64 } from '../../../tools/testing/table-image.js';

const g84 = formatT('g84', teslaKinds);
const [directory, big, , small] = g84.levels;

/** A directory at 0x100000 with the given entry 1, and a table at 0x200000 with the given entries. */
function memory(pde: bigint, entries: Record<number, bigint> = {}): Words64 {
  const words = new Words64();
  words.set(0x100008n, pde);
  words.set(0x200000n, 0n);
  for (const [index, value] of Object.entries(entries)) words.set(0x200000n + 8n * BigInt(index), value);
  return words;
}

const at = (words: Words64, va: bigint) => brief(walk(g84, words.image(), rootAt(0x100000n), va));

describe('walk', () => {
  test('adds the place in the contiguous block', () => {
    const words = memory(0x200003n, { 0x45: 0x1230181n });
    expect(at(words, 0x20045678n)).toBe('vram 0x1235678 12');
  });

  test('takes the page size from the directory entry', () => {
    expect(at(memory(0x200001n, { 3: 0x12340001n }), 0x20034567n)).toBe('vram 0x12344567 16');
    expect(at(memory(0x200002n, { 3: 0x12344001n }), 0x2000d567n)).toBe('vram 0x12345567 14');
  });

  test.each([
    [0xdeadcafe00000000n, 'fault 0 PD'],
    [0x200003n, 'fault 2 PT4K'],
    [0x200001n, 'fault 2 PT64K'],
    [0x200007n, 'malformed PD'],
    [0x900003n, 'unreadable PT4K'],
  ])('with directory entry %x gives %s', (pde, expected) => {
    expect(at(memory(pde), 0x20000000n)).toBe(expected);
  });

  test('stops at the declared size of a table of 4 KiB pages', () => {
    const words = memory(0x200063n, { 0x1fff: 0x1001n });
    expect(at(words, 0x21fff000n)).toBe('vram 0x1000 12');
    expect(at(words, 0x22000000n)).toBe('fault 1 PD');
  });

  test('reads flags and targets', () => {
    expect(at(memory(0x200003n, { 0: 0x12_3456_7069n }), 0x20000000n)).toBe('host 0x1234567000 12 ro priv');
    expect(at(memory(0x200003n, { 0: 0x12_3456_7031n }), 0x20000000n)).toBe('ncoh 0x1234567000 12');
    expect(at(memory(0x200003n, { 0: 0x12_3456_7011n }), 0x20000000n)).toBe('malformed PT4K');
    // Bits 39:32 do not count for video memory.
    expect(at(memory(0x200003n, { 0: 0x12_3456_7001n }), 0x20000000n)).toBe('vram 0x34567000 12');
    expect(at(memory(0x200003n), 0x100_0000_0000n)).toBe('fault 0 -');
  });

  test('counts tags within a block by the compression mode', () => {
    const words = memory(0x200001n, { 2: 0x000b700001000081n, 3: 0x000b700001000081n });
    const tag = (va: bigint) => walk(g84, words.image(), rootAt(0x100000n), va);
    expect(tag(0x20020000n)).toMatchObject({ addr: 0x1000000n, tag: 5, storageKind: 0x70 });
    expect(tag(0x20030000n)).toMatchObject({ addr: 0x1010000n, tag: 7 });
  });
});

test('a listing joins blocks to what they map', () => {
  const words = memory(0x200003n, { 3: 0x12345001n, 16: 0x12352001n });
  for (let i = 4n; i < 8n; i++) words.set(0x200000n + 8n * i, 0x12346101n);
  for (let i = 8n; i < 16n; i++) words.set(0x200000n + 8n * i, 0x1234a181n);
  expect([...listRanges(g84, words.image(), rootAt(0x100000n))].filter(({ kind }) => kind === 'mapped')).toMatchObject([
    { va: 0x20003000n, size: 0xe000n, addr: 0x12345000n, shift: 12, level: 'PT4K' },
  ]);
});

test('a listing follows the tags of blocks', () => {
  const words = memory(0x200001n, { 2: 0x000b700001000081n, 3: 0x000b700001000081n, 4: 0x0013700001020001n });
  expect([...listRanges(g84, words.image(), rootAt(0x100000n))][0]).toMatchObject({
    size: 0x30000n,
    tag: 5,
    tagStep: 2,
  });
});

test('the directory is in the instance block', () => {
  const words = new Words64();
  const inst = { target: 'vram', addr: 0x5000n } as const;
  expect(readInstance(formatT('nv50'), words.image(), inst)).toEqual({ kind: 'root', target: 'vram', addr: 0x6400n });
  expect(readInstance(formatT('mcp77'), words.image(), inst)).toEqual({ kind: 'root', target: 'vram', addr: 0x5200n });
});

test('accesses are checked under the numbers of the chip', () => {
  const words = memory(0x200003n, { 0: 0x9n, 1: 0x41n, 2: 0x70000000001n, 3: 0x1n });
  const check = (page: bigint) =>
    brief(walk(g84, words.image(), rootAt(0x100000n), 0x20000000n + (page << 12n), { access: { write: true } }));
  expect([0n, 1n, 2n, 3n].map(check)).toEqual(['fault 4 PT4K', 'fault 3 PT4K', 'fault 7 PT4K', 'vram 0x0 12']);
});

test('entries that nothing defines are warned about', () => {
  expect(annotate(big!, 0x1001n).warnings).toEqual(['the address is not a multiple of the page size 2^16']);
  expect(annotate(small!, 0x11n).warnings).toEqual(['target 1 is not valid']);
  expect(annotate(small!, 0x1_0000_0000_1001n).warnings).toContain('compression in pages that are not 64 KiB');
  expect(annotate(directory!, 0x200002n).warnings).toEqual(['16 KiB pages exist on gt215 and later only']);
  expect(annotate(directory!, 0xdeadcafe00000000n).warnings).toEqual([]);
});

test.each(g84.levels.map((level) => [level.name, level] as const))(
  'entries of %s survive taking apart and putting together',
  (_name, level) => {
    checkFieldRoundTrip(level);
  },
);

test('a listing says what the walk says, whatever the memory holds', () => {
  const entry = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(0n, 0xdeadcafe00000000n, 0x11n) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom(1n, 2n, 3n, 0x63n))
        .map(([page, low]) => ((0x104n + BigInt(page)) << 12n) | low),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.integer({ min: 0, max: 0xff }), fc.integer({ min: 0, max: 4 }))
        .map(([page, block]) => (BigInt(page) << 12n) | BigInt(block << 7) | 1n),
    },
    { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) },
  );
  checkListings(g84, {
    entry,
    pages: 8,
    slots: 41,
    runs: 60,
    near: (va) => ((va & 0x3fn) << 12n) + (((va >> 6n) & 7n) << 29n),
  });
});
