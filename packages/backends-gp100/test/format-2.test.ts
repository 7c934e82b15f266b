import { annotate, encodeEntry, fieldValues, listRanges, MemoryImage, readInstance, walk } from '@nvmmu/vmm-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { format2 } from '../src/format-2.js';
import { brief, checkFieldRoundTrip, checkListings } from '../../../tools/testing/listing.js';
import { rootAt, Words64 } from '../../../tools/testing/table-image.js';

const KINDS = { table: Uint8Array.from({ length: 256 }, (_, kind) => (kind === 0xdb ? 0xfe : kind)), invalid: 0xff };
const gp100 = format2('gp100', KINDS);
const gp10b = format2('gp10b', KINDS);
const gv100 = format2('gv100', KINDS);
const tu102 = format2('tu102');
const level = (format: typeof gp100, name: string) => format.levels.find((candidate) => candidate.name === name)!;

/** The worked example of the hardware's description, all in video memory. */
function example(change?: (words: Words64) => void) {
  const words = new Words64();
  words.set(0x100000n, 0x10102n);
  words.set(0x101240n, 0x10202n);
  words.set(0x102d10n, 0x10302n);
  words.set(0x103b30n, 0x10432n);
  words.set(0x103b38n, 0x10502n);
  words.set(0x1043c8n, 0xfe00000000765001n);
  words.set(0x1043d0n, 0x20n);
  words.set(0x105c48n, 0xbeef41n);
  change?.(words);
  return (va: bigint) => walk(gp100, words.image(), rootAt(0x100000n), va);
}

describe('walk', () => {
  test('goes down five levels to a 4 KiB page', () => {
    const result = example()(0x123456789000n);
    expect(brief(result)).toBe('vram 0xbeef000 12 ro');
    expect(
      result.steps.map((step) => `${step.level} ${step.index.toString(16)} ${step.entryAddr.toString(16)}`),
    ).toEqual(['PD3 0 100000', 'PD2 48 101240', 'PD1 1a2 102d10', 'PD0 b3 103b30', 'LPT 18 1043c0', 'SPT 189 105c48']);
    expect(result.steps[3]?.value).toBe((0x10502n << 64n) | 0x10432n);
  });

  test.each([
    [0x12345678a000n, 'fault 2 SPT'],
    [0x1234567a9000n, 'fault 2 LPT'],
    [0x12345679b345n, 'vram 0x765b345 16'],
    [0x123400000000n, 'fault 0 PD1'],
    [0x1_ffff_ffff_ffffn, 'fault 0 PD3'],
    [0x2_0000_0000_0000n, 'fault 3 -'],
    [0xffff_0000_0000_0000n, 'fault 0 PD3'],
    [0xfffe_0000_0000_0000n, 'fault 3 -'],
  ])('of %x gives %s', (va, expected) => {
    expect(brief(example()(va))).toBe(expected);
  });

  test('keeps the kind of a large page', () => {
    expect(example()(0x12345679b345n)).toMatchObject({ storageKind: 0xfe, level: 'LPT', entryAddr: 0x1043c8n });
  });

  test('finds sparse ranges at each level', () => {
    const at = (addr: bigint, value: bigint) => example((words) => words.set(addr, value))(0x123456789000n);
    expect(brief(at(0x105c48n, 0x8n))).toBe('sparse 12');
    expect(brief(at(0x1043c0n, 0x8n))).toBe('sparse 16');
    expect(brief(at(0x102d10n, 0x8n))).toBe('sparse 29');
    const pd0 = example((words) => {
      words.set(0x103b30n, 8n);
      words.set(0x103b38n, 0n);
    });
    expect(brief(pd0(0x123456789000n))).toBe('sparse 21');
  });

  test('does not take the volatile bit of the upper half for sparse', () => {
    const pd0 = example((words) => {
      words.set(0x103b30n, 0n);
      words.set(0x103b38n, 8n);
    });
    expect(brief(pd0(0x123456789000n))).toBe('fault 0 PD0');
  });

  test('reads a 2 MiB page and ignores its upper half', () => {
    const page = example((words) => words.set(0x103b30n, 0x1234561n | (0x600000n << 4n)))(0x12345679b345n);
    expect(brief(page)).toMatch(/^vram 0x[0-9a-f]+b345 21 priv ro$|^vram 0x[0-9a-f]+b345 21 ro priv$/);
  });

  test('takes 37 address bits of video memory, 40 on an integrated chip and 58 of system memory', () => {
    const pte = (value: bigint, format = gp100) => {
      const words = new Words64();
      words.set(0x100000n, 0x10102n);
      words.set(0x101000n, 0x10202n);
      words.set(0x102000n, 0x10302n);
      words.set(0x103008n, 0x10502n);
      words.set(0x105000n, value);
      return brief(walk(format, words.image(), rootAt(0x100000n), 0x7n));
    };
    expect(pte(0x00ffff_ffffff_01n)).toBe('vram 0x1ffffff007 12');
    expect(pte(0x00ffff_ffffff_03n)).toBe('peer 0x1ffffff007 12');
    expect(pte(0x003f_ffff_ffff_ff05n)).toBe('host 0x3fffffffffff007 12');
    expect(pte(0x00ffff_ffffff_01n, gp10b)).toBe('ncoh 0xfffffff007 12');
  });

  test('faults where only a large table exists and its entry is 0', () => {
    const words = example((memory) => memory.set(0x103b38n, 0n));
    expect(brief(words(0x123456789000n))).toBe('fault 2 LPT');
  });

  test('finds a large table at a multiple of 256 that looks like "no ATS"', () => {
    const walked = example((words) => {
      words.set(0x103b30n, 0x10462n);
      words.set(0x1046c0n, 0x111001n);
    })(0x123456789000n);
    expect(brief(walked)).toBe('vram 0x1119000 16');
  });

  test('takes both absent bits as blocked from Volta on, as sparse on Pascal', () => {
    const words = new Words64();
    words.set(0x100000n, 0x10102n);
    words.set(0x101000n, 0x10202n);
    words.set(0x102000n, 0x10302n);
    words.set(0x103000n, 0x10402n);
    words.set(0x104000n, 0x28n);
    expect(brief(walk(gv100, words.image(), rootAt(0x100000n), 0n))).toBe('fault 2 LPT');
    expect(brief(walk(gp100, words.image(), rootAt(0x100000n), 0n))).toBe('sparse 16');
  });

  test('calls a page bit in a directory malformed and missing memory unreadable', () => {
    expect(brief(example((words) => words.set(0x102d10n, 0x10303n))(0x123456789000n))).toBe('malformed PD1');
    expect(brief(example((words) => words.set(0x102d10n, 0x9990302n))(0x123456789000n))).toBe('unreadable PD0');
  });

  test('checks accesses', () => {
    const words = new Words64();
    words.set(0x100000n, 0x10102n);
    words.set(0x101000n, 0x10202n);
    words.set(0x102000n, 0x10302n);
    words.set(0x103008n, 0x10502n);
    for (const [i, value] of [0x41n, 0x21n, 0x81n, 0xdb00000000000005n, 0xff00000000000001n].entries()) {
      words.set(0x105000n + 8n * BigInt(i), value);
    }
    const check = (page: bigint, access: { write?: boolean; atomic?: boolean; privileged?: boolean }) =>
      brief(walk(gp100, words.image(), rootAt(0x100000n), page << 12n, { access }));
    expect(check(0n, {})).toBe('vram 0x0 12 ro');
    expect(check(0n, { write: true })).toBe('fault 6 SPT');
    expect(check(1n, {})).toBe('fault 5 SPT');
    expect(check(1n, { privileged: true, write: true })).toBe('vram 0x1000 12 priv'.replace('0x1000', '0x0'));
    expect(check(2n, { write: true })).toBe('vram 0x0 12');
    expect(check(2n, { atomic: true })).toBe('fault 15 SPT');
    expect(check(3n, {})).toBe('fault 10 SPT');
    expect(check(4n, {})).toBe('fault 12 SPT');
  });
});

describe('the instance block', () => {
  const block = (words: Record<number, bigint>) => {
    const memory = new Words64();
    for (const [offset, value] of Object.entries(words)) memory.set(0x5000n + BigInt(offset), value);
    return memory.image();
  };
  const inst = { target: 'vram', addr: 0x5000n } as const;

  test('names the directory and, on Pascal, the limit', () => {
    const image = block({ 0x200: 0x100c06n, 0x208: 0x1ffffffffffffn });
    expect(readInstance(gp100, image, inst)).toEqual({
      kind: 'root',
      target: 'host',
      addr: 0x100000n,
      limit: 0x1ffffffffffffn,
    });
    expect(readInstance(gv100, image, inst)).toEqual({ kind: 'root', target: 'host', addr: 0x100000n });
  });

  test('is unbound for target 1, the old format, and 128 KiB pages from Volta on', () => {
    expect(readInstance(gp100, block({ 0x200: 0x100c01n }), inst).kind).toBe('unbound');
    expect(readInstance(gp100, block({ 0x200: 0x100800n }), inst).kind).toBe('unbound');
    expect(readInstance(gp100, block({ 0x200: 0x100400n }), inst).kind).toBe('root');
    expect(readInstance(tu102, block({ 0x200: 0x100400n }), inst).kind).toBe('unbound');
    const root = readInstance(tu102, block({ 0x200: 0x100400n }), inst);
    expect(brief(walk(tu102, block({}), root, 0n))).toBe('fault 4 -');
  });

  test('has subcontexts from Volta on', () => {
    const image = block({ 0x200: 0n, 0x2a0: 0x100c00n, 0x2b0: 0x1_0000_0001n });
    expect(readInstance(gv100, image, inst, 0)).toMatchObject({ kind: 'root', addr: 0x100000n });
    expect(readInstance(gv100, image, inst, 1).kind).toBe('unbound');
    expect(() => readInstance(gp100, image, inst, 0)).toThrow(RangeError);
    expect(() => readInstance(gv100, image, inst, 64)).toThrow(RangeError);
  });

  test('is unreadable where it is not there', () => {
    expect(readInstance(gp100, new MemoryImage(), inst)).toEqual({ kind: 'unreadable', addr: 0x5200n });
  });

  test('limits addresses on Pascal, the low 12 bits as ones', () => {
    const root = { kind: 'root', target: 'vram', addr: 0x100000n, limit: 0x123456789000n } as const;
    const words = new Words64();
    words.set(0x100000n, 0n);
    expect(brief(walk(gp100, words.image(), root, 0x123456789fffn))).toBe('fault 0 PD3');
    expect(brief(walk(gp100, words.image(), root, 0x12345678a000n))).toBe('fault 3 -');
  });
});

describe('entries', () => {
  test.each([
    [
      'SPT',
      0x6000001bad000e9n,
      { addr: 0x1bad000000n, kind: 6n, vol: 1n, priv: 1n, ro: 1n, 'no-atomics': 1n, aperture: 0n },
    ],
    ['SPT', 0x600000000d80001n, { addr: 0xd800000n, kind: 6n, vol: 0n }],
    ['SPT', 0x600000108b00001n, { addr: 0x108b000000n, kind: 6n }],
    ['LPT', 0x20n, { valid: 0n, blocked: 1n, sparse: 0n }],
    ['LPT', 0xdb00006000801001n, { addr: 0x8010000n, tag: 6n, kind: 0xdbn }],
    ['PD1', 0x10302n, { aperture: 1n, addr: 0x103000n }],
    ['PD1', 0x1030cn, { aperture: 2n, vol: 1n, addr: 0x103000n }],
    ['PD0', (0x10502n << 64n) | 0x10432n, { 'large-addr': 0x104300n, 'small-addr': 0x105000n }],
  ])('of %s %x have their fields', (name, value, expected) => {
    expect(fieldValues(annotate(level(tu102, name), value))).toMatchObject(expected);
  });

  test('are read with a warning where nothing defines them', () => {
    expect(annotate(level(gp100, 'SPT'), 0x11n).warnings).toEqual(['the encryption bit must be 0']);
    expect(annotate(level(gp100, 'PD1'), 0x10303n).warnings).toContain('bit 0 must be 0 at this level');
    expect(annotate(level(gp100, 'LPT'), 0x1001_01n).warnings).toContain(
      'the address is not a multiple of the page size 2^16',
    );
    expect(annotate(level(gp100, 'SPT'), 0x1n).warnings).toEqual([]);
    expect(annotate(level(tu102, 'SPT'), 0x11n).undefinedBits).toBe(0x10n);
  });

  test('that are too wide are refused', () => {
    expect(() => annotate(level(gp100, 'SPT'), 1n << 64n)).toThrow('is not 64 bits');
    expect(() => encodeEntry(level(gp100, 'SPT'), 'page in video memory', { valid: 1n, kind: 256n })).toThrow(
      'kind 0x100',
    );
    expect(() => encodeEntry(level(gp100, 'SPT'), 'page in video memory', { valid: 1n, addr: 5n })).toThrow('multiple');
    expect(() => encodeEntry(level(gp100, 'SPT'), 'page in video memory', { kind: 1n })).toThrow(
      'the fields make "absent"',
    );
    expect(() => encodeEntry(level(gp100, 'SPT'), 'nonsense', {})).toThrow('no layout');
    expect(() => encodeEntry(level(gp100, 'SPT'), 'absent', { nonsense: 1n })).toThrow('no field');
  });

  const formats = [gp100, gp10b, gv100, tu102];
  test.each(formats.flatMap((format) => format.levels.map((at) => [format.chip, at.name, at] as const)))(
    'of %s %s survive taking apart and putting together',
    (_chip, _name, at) => {
      checkFieldRoundTrip(at);
    },
  );
});

describe('listing', () => {
  test('joins neighbours and skips what is empty', () => {
    const words = new Words64();
    words.set(0x100000n, 0x10102n);
    words.set(0x101000n, 0x10202n);
    words.set(0x102000n, 0x10302n);
    words.set(0x103000n, 0x800001n);
    words.set(0x103010n, 0x820001n);
    words.set(0x103020n, 0x10402n);
    words.set(0x103028n, 0x10502n);
    for (let i = 0n; i < 16n; i++) words.set(0x104000n + 8n * i, 0x840001n + (i << 12n));
    for (let i = 256n; i < 512n; i++) words.set(0x105000n + 8n * i, 0x850001n + ((i - 256n) << 8n));
    words.set(0x105008n, 0x1n);
    const ranges = [...listRanges(gp100, words.image(), rootAt(0x100000n))];
    expect(ranges).toMatchObject([
      { va: 0n, size: 0x400000n, shift: 21, addr: 0x8000000n },
      { va: 0x400000n, size: 0x100000n, shift: 16, addr: 0x8400000n },
      { va: 0x500000n, size: 0x100000n, shift: 12, addr: 0x8500000n },
    ]);
  });

  test('follows tags', () => {
    const words = new Words64();
    words.set(0x100000n, 0x10102n);
    words.set(0x101000n, 0x10202n);
    words.set(0x102000n, 0x10302n);
    words.set(0x103000n, 0x10402n);
    words.set(0x104000n, 0xdb00005000800001n);
    words.set(0x104008n, 0xdb00006000801001n);
    words.set(0x104010n, 0xdb00007000802001n);
    words.set(0x104018n, 0xdb00007000803001n);
    expect([...listRanges(gp100, words.image(), rootAt(0x100000n))]).toMatchObject([
      { size: 0x30000n, tag: 5, tagStep: 1 },
      { size: 0x10000n, tag: 7 },
    ]);
  });

  /** Entries that make sense often enough for a walk to get deep. */
  const entry = fc.oneof(
    { weight: 3, arbitrary: fc.constant(0n) },
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 7 }).map((page) => (BigInt(page) << 8n) | 0x10002n) },
    { weight: 2, arbitrary: fc.constantFrom(0x8n, 0x20n, 0x28n, 0x1n, 0x3n, 0x10432n) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 0xffff }).map((page) => (BigInt(page) << 8n) | 0x1n) },
    { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) },
  );
  test.each([gp100, gp10b, gv100, tu102].map((format) => [format.chip, format] as const))(
    'of %s says what the walk says, whatever the memory holds',
    (_chip, format) => {
      checkListings(format, {
        entry,
        pages: 8,
        slots: 8,
        runs: 150,
        near: (va) => ((va >> 20n) & 0x3n) * (1n << 21n) + ((va & 7n) << 12n) + (((va >> 3n) & 7n) << 29n),
      });
    },
  );
});
