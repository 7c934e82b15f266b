import { annotate, listRanges, readInstance, walk } from '@nvmmu/vmm-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { format1, type Format1Chip } from '../src/format.js';
import { gf100Kinds, gm200Kinds } from '../src/kinds.js';
import { brief, checkFieldRoundTrip, checkListings } from '../../../tools/testing/listing.js';
import { rootAt, Words64 } from '../../../tools/testing/table-image.js';

const CHIPS = ['gf100', 'gk104', 'gk20a', 'gm200', 'gm20b'] as const satisfies Format1Chip[];

/** Large table at 0x200000, small one at 0x300000; VA 0x5000 is small entry 5, below large entry 0. */
function pair(chip: Format1Chip, entries: { pde?: bigint; large?: bigint; small?: bigint }, big: 16 | 17 = 17) {
  const words = new Words64();
  words.set(0x100000n, entries.pde ?? 0x300100002001n);
  words.set(0x200000n, entries.large ?? 0n);
  words.set(0x300028n, entries.small ?? 0n);
  return brief(walk(format1(chip, big), words.image(), rootAt(0x100000n), 0x5abcn));
}

describe('walk', () => {
  test('splits the address by the size of big pages', () => {
    const steps = (big: 16 | 17) => {
      const words = new Words64();
      for (let i = 0n; i < 0x4000n; i++) words.set(0x100000n + 8n * i, 0x300100002001n);
      for (let i = 0n; i < 0x400n; i++) words.set(0x200000n + 8n * i, 0n);
      for (let i = 0n; i < 0x8000n; i++) words.set(0x300000n + 8n * i, 0n);
      return walk(format1('gk104', big), words.image(), rootAt(0x100000n), 0x98_7654_3210n).steps.map(
        ({ index }) => index,
      );
    };
    expect(steps(17)).toEqual(
      [0x98_7654_3210 / 2 ** 27, 0x76543210 / 2 ** 17, 0x76543210 / 2 ** 12].map(
        (index, i) => Math.floor(index) % [8192, 1024, 32768][i]!,
      ),
    );
    expect(steps(16)).toEqual(
      [0x98_7654_3210 / 2 ** 26, 0x76543210 / 2 ** 16, 0x76543210 / 2 ** 12].map(
        (index, i) => Math.floor(index) % [16384, 1024, 16384][i]!,
      ),
    );
  });

  test.each([
    ['gf100', {}, 'fault 2 SPT'],
    ['gf100', { pde: 0n }, 'fault 0 PD'],
    ['gf100', { pde: 0x800000000n }, 'fault 0 PD'],
    ['gm200', { pde: 0x800000000n }, 'sparse 27'],
    ['gf100', { small: 0x123451n }, 'vram 0x12345abc 12'],
    ['gf100', { small: 0x5007f0001n }, 'host 0x7f000abc 12 vol'],
    ['gf100', { small: 0x612345677n }, 'ncoh 0x1234567abc 12 ro priv'],
    ['gf100', { large: 0xfe000400001n }, 'vram 0x40005abc 17'],
    ['gf100', { large: 2n, small: 0x123451n }, 'vram 0x12345abc 12'],
    ['gk104', { large: 2n, small: 0x123451n }, 'fault 2 LPT'],
    ['gk20a', { large: 0x100000000n, small: 0x123451n }, 'vram 0x12345abc 12'],
    ['gm200', { large: 0x100000000n, small: 0x123451n }, 'sparse 17'],
    ['gm200', { small: 0x100000000n }, 'sparse 12'],
    ['gk104', { small: 0x100000000n }, 'fault 2 SPT'],
    ['gf100', { large: 0x400001n, small: 0x123451n }, 'vram 0x40005abc 17'],
    ['gk104', { large: 0x400001n, small: 0x123451n }, 'fault 14 SPT'],
    ['gk104', { large: 0x400001n, small: 0x123450n }, 'vram 0x40005abc 17'],
    ['gk104', { pde: 0x2001n }, 'fault 2 LPT'],
    ['gk104', { pde: 0x2001n, large: 0x400001n }, 'vram 0x40005abc 17'],
    ['gk104', { pde: 0x300100000000n, large: 0x400001n, small: 0x123451n }, 'vram 0x12345abc 12'],
    ['gm20b', { small: 0x12345671n }, 'ncoh 0x1234567abc 12'],
    ['gk104', { small: 0xe0123453n }, 'vram 0x12345abc 12 priv'],
    ['gk104', { small: 0x2e0123451n }, 'peer 0x12345abc 12'],
  ] as const)('on %s with %o gives %s', (chip, entries, expected) => {
    // The order of flags in the expectations is ro, priv, vol.
    expect(pair(chip, entries)).toBe(expected);
  });

  test('stops at the declared size of the tables', () => {
    const format = format1('gk104', 17);
    const words = new Words64();
    words.set(0x100000n, 0x300100002001n | 0x8n);
    for (const at of [0x200000n, 0x201000n, 0x300000n]) words.set(at, 0n);
    const at = (va: bigint) => brief(walk(format, words.image(), rootAt(0x100000n), va));
    expect(at((1n << 25n) - 1n)).toMatch('unreadable SPT');
    expect(at(1n << 25n)).toBe('fault 1 PD');
  });
});

test('the instance block names directory and limit, and on gm200 the big page', () => {
  const words = new Words64();
  words.set(0x5200n, 0x100806n);
  words.set(0x5208n, 0xffffffffffn);
  const inst = { target: 'vram', addr: 0x5000n } as const;
  expect(readInstance(format1('gk104', 17), words.image(), inst)).toEqual({
    kind: 'root',
    target: 'host',
    addr: 0x100000n,
    limit: 0xffffffffffn,
  });
  const root = readInstance(format1('gm200', 17), words.image(), inst);
  expect(root.kind === 'root' && root.format?.bigPageShift).toBe(16);
  words.set(0x5200n, 0x100001n);
  expect(readInstance(format1('gk104', 17), words.image(), inst).kind).toBe('unbound');
});

test('tags count lines, on gm200 with 64 KiB pages half lines', () => {
  const tags = (chip: Format1Chip, big: 16 | 17, ...entries: bigint[]) => {
    const words = new Words64();
    words.set(0x100000n, 0x2001n);
    entries.forEach((entry, i) => words.set(0x200000n + 8n * BigInt(i), entry));
    for (let i = BigInt(entries.length); i < 1024n; i++) words.set(0x200000n + 8n * i, 0n);
    const kinds = chip === 'gm200' ? gm200Kinds : gf100Kinds;
    const ranges = [...listRanges(format1(chip, big, kinds), words.image(), rootAt(0x100000n))];
    return ranges.flatMap((range) =>
      range.kind === 'mapped' ? [`${range.size.toString(16)} ${range.tag}+${range.tagStep}`] : [],
    );
  };
  expect(tags('gf100', 17, 0x3db000400001n, 0x4db000400201n, 0x5db000400401n)).toEqual(['60000 3+1']);
  expect(tags('gk104', 16, 0x4db000400001n, 0x5db000400101n)).toEqual(['20000 4+1']);
  expect(tags('gm200', 16, 0x4db000400001n, 0x10004db000400101n, 0x5db000400201n, 0x10005db000400301n)).toEqual([
    '40000 4+0.5',
  ]);
  expect(tags('gm200', 16, 0xfe000400001n, 0xfe000400101n)).toEqual(['20000 0+0']);
});

test('a listing does not run on where the address leaves its field', () => {
  const words = new Words64();
  words.set(0x100000n, 0x300100000000n);
  words.set(0x300000n, 0x1ffffff1n);
  words.set(0x300008n, 0x20000001n);
  const image = words.image();
  const mapped = [...listRanges(format1('gk104', 17), image, rootAt(0x100000n))].filter(
    ({ kind }) => kind === 'mapped',
  );
  expect(mapped).toMatchObject([
    { va: 0n, addr: 0x1ffffff000n, size: 0x1000n },
    { va: 0x1000n, addr: 0n, size: 0x1000n },
  ]);
});

test('a table that is not there hides no more than the size that it is said to have', () => {
  const format = format1('gk20a', 17);
  const words = new Words64();
  // Half the entries of a large-page table, in memory that is not there; and all of them.
  words.set(0x100000n, 0xd511e646n);
  words.set(0x100008n, 0xd511e642n);
  const image = words.image();
  const half = 0x4000000n;
  expect([...listRanges(format, image, rootAt(0x100000n))].slice(0, 2)).toMatchObject([
    { kind: 'problem', problem: 'unreadable', va: 0n, size: half },
    { kind: 'problem', problem: 'unreadable', va: 2n * half },
  ]);
  const at = (va: bigint) => walk(format, image, rootAt(0x100000n), va);
  expect(at(half - 1n).kind).toBe('unreadable');
  expect(at(half)).toMatchObject({ kind: 'fault', cause: 'size' });
  expect(at(2n * half).kind).toBe('unreadable');
});

test('a page in video memory with more than 37 address bits is warned about', () => {
  const spt = format1('gk104', 17).levels[2]!;
  expect(annotate(spt, 0xe0000001n).warnings).toEqual([
    'a peer number in video memory: the address may have had more than 37 bits',
  ]);
  expect(annotate(spt, 0x123451n).warnings).toEqual([]);
  expect(annotate(format1('gm200', 17).levels[1]!, 0x100000002n).warnings).toEqual([
    'sparse and blocked at once: taken as sparse',
  ]);
});

describe.each(CHIPS.flatMap((chip) => ([16, 17] as const).map((big) => [chip, big] as const)))(
  '%s with big pages 2^%i',
  (chip, big) => {
    const format = format1(chip, big, gm200Kinds);

    test.each(format.levels.map((at) => [at.name, at] as const))(
      'entries of %s survive taking apart and putting together',
      (_name, at) => {
        checkFieldRoundTrip(at);
      },
    );

    test('a listing says what the walk says, whatever the memory holds', () => {
      const entry = fc.oneof(
        { weight: 2, arbitrary: fc.constantFrom(0n, 1n, 2n, 0x100000000n, 0x100000002n, 0x800000000n) },
        {
          weight: 3,
          arbitrary: fc
            .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 7 }))
            .map(
              ([a, b, cut]) =>
                ((0x100n + BigInt(a)) << 36n) |
                (1n << 32n) |
                ((0x100n + BigInt(b)) << 4n) |
                (BigInt(cut < 4 ? 1 : (cut << 2) | 1) & 0xdn),
            ),
        },
        { weight: 3, arbitrary: fc.integer({ min: 0, max: 0xff }).map((page) => (BigInt(page) << 4n) | 1n) },
        { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) },
      );
      checkListings(format, {
        entry,
        pages: 4,
        slots: 41,
        runs: 60,
        near: (va) =>
          ((va & 0x3fn) << 12n) + (((va >> 6n) & 0x1fn) << BigInt(big)) + (((va >> 11n) & 7n) << BigInt(big + 10)),
      });
    });
  },
);
