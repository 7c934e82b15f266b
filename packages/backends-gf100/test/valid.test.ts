import fc from 'fast-check';
import { InvariantError, MapState, MemoryObject, type Chip, type MapArguments } from '@nvmmu/vmm-core';
import { describe, expect, it } from 'vitest';
import { gf100, gf100Chips, gk104, gk20a, gm200, gm20b } from '../src/index.js';
import { joinLanes } from '../../../tools/testing/lanes.js';
import { check, pageOf, Tags, typeOf } from '../../../tools/testing/maps.js';
import { boundSpace } from '../../../tools/testing/space.js';
import { templateOf } from './support.js';

const video = (size: bigint, page: number): MemoryObject => MemoryObject.video([[0x4000_0000n, size]], { page });
const small = MemoryObject.video([[0x4000_0000n, 0x1_0000n]]);
const host = MemoryObject.scatter('host', [[0x5000n, 0x1_0000n]]);
const ncoh = MemoryObject.scatter('ncoh', [[0x5000n, 0x1_0000n]]);

function refusalOf(
  chip: Chip,
  shift: number,
  memory: MemoryObject,
  args?: MapArguments,
): [string, string | undefined] | undefined {
  const { refusal } = check(templateOf(chip, shift === 16 ? 16 : 17), shift, memory, args);
  return refusal && [refusal.code, refusal.line];
}

describe('template', () => {
  it.each<[string, Chip, MemoryObject, MapArguments | undefined, bigint]>([
    ['nothing asked', gk104, small, undefined, 0x1n],
    ['privileged', gk104, small, { priv: true }, 0x3n],
    ['read-only', gk104, small, { ro: true }, 0x5n],
    ['volatile', gk104, small, { vol: true }, 0x1_0000_0001n],
    ['a kind', gk104, small, { kind: 0xfe }, 0xfe0_0000_0001n],
    ['coherent memory is volatile', gk104, host, undefined, 0x5_0000_0001n],
    ['… unless anything is asked', gk104, host, { ro: false }, 0x4_0000_0001n],
    ['… or it is asked for', gk104, host, { vol: true }, 0x5_0000_0001n],
    ['… even by an argument without a field here', gk104, host, { comp: 1 }, 0x4_0000_0001n],
    ['non-coherent memory', gk104, ncoh, undefined, 0x6_0000_0001n],
    ['gk20a has the apertures of cards', gk20a, host, undefined, 0x5_0000_0001n],
    ['gk20a, non-coherent', gk20a, ncoh, undefined, 0x6_0000_0001n],
    ['gm20b, non-coherent', gm20b, ncoh, undefined, 0x1n],
  ])('%s', (_what, chip, memory, args, expected) => {
    const { map, refusal } = check(templateOf(chip), 12, memory, args);
    expect(refusal).toBeUndefined();
    expect(typeOf(map)).toBe(expected);
    expect(joinLanes(map.nextLo, map.nextHi)).toBe(0x10n);
    expect(joinLanes(map.ctagLo, map.ctagHi)).toBe(0n);
    expect(map.hasHalfTags).toBe(false);
  });

  it('is made from scratch on each call', () => {
    for (const bigPage of [16, 17] as const) {
      const template = templateOf(gm200, bigPage);
      const memory = video(0x4_0000n, bigPage);
      const { map } = check(template, bigPage, memory, { kind: 0xdb }, { tags: new Tags(8) });
      expect(map.tags).toMatchObject({ count: 2 });
      map.page = pageOf(template, 12);
      expect(template.valid(boundSpace({}), map, undefined)).toBeUndefined();
      expect(typeOf(map)).toBe(0x1n);
      expect(joinLanes(map.nextLo, map.nextHi)).toBe(0x10n);
      expect(joinLanes(map.ctagLo, map.ctagHi)).toBe(0n);
      expect(map.hasHalfTags).toBe(false);
    }
  });
});

describe('memory that a chip can not map', () => {
  it('is refused on gm20b without a line', () => {
    expect(check(templateOf(gm20b), 12, host).refusal).toEqual({
      code: 'EINVAL',
      message: "this chip can't map memory of target host",
    });
    expect(refusalOf(gm20b, 12, small)).toEqual(['EINVAL', undefined]);
    // Before the kind is looked at.
    expect(refusalOf(gm20b, 12, host, { kind: 0xff })).toEqual(['EINVAL', undefined]);
  });
});

describe('kinds', () => {
  it('are accepted, refused or need compression as the table says', () => {
    for (const chip of gf100Chips) {
      const memory = chip === gm20b ? ncoh : small;
      for (let kind = 0; kind < 256; kind++) {
        const partner = chip.kinds.table[kind]!;
        const refusal = refusalOf(chip, 12, memory, { kind });
        const name = kind.toString(16).padStart(2, '0');
        if (partner === 0xff) expect(refusal).toEqual(['EINVAL', `kind ${name}`]);
        else if (partner === kind) expect(refusal).toBeUndefined();
        else expect(refusal?.[1]).toMatch(/^comp 0 0[4-7]$/);
      }
    }
  });

  it('beyond the table are refused', () => {
    expect(refusalOf(gk104, 12, small, { kind: 0x100 })).toEqual(['EINVAL', 'kind 100']);
    expect(refusalOf(gk104, 12, small, { kind: -1 })?.[0]).toBe('EINVAL');
    expect(refusalOf(gk104, 12, small, { kind: 1.5 })?.[0]).toBe('EINVAL');
  });

  it('0x2a and 0x2b came with gm200', () => {
    for (const kind of [0x2a, 0x2b]) {
      expect(refusalOf(gk104, 12, small, { kind })).toEqual(['EINVAL', `kind ${kind.toString(16)}`]);
      expect(refusalOf(gm200, 12, small, { kind })).toBeUndefined();
    }
  });
});

describe('compressed kinds', () => {
  it.each<[string, Chip, number, MemoryObject, string]>([
    ['small pages', gk104, 12, small, 'comp 0 06'],
    ['small pages of gm200', gm200, 12, small, 'comp 0 07'],
    ['coherent memory', gk104, 12, host, 'comp 2 06'],
    ['non-coherent memory', gf100, 12, ncoh, 'comp 3 06'],
    ['gk20a, non-coherent', gk20a, 12, ncoh, 'comp 3 04'],
    ['gk20a, coherent', gk20a, 12, host, 'comp 2 04'],
    ['gk20a, big pages', gk20a, 17, ncoh, 'comp 3 0c'],
    ['gm20b, small pages', gm20b, 12, ncoh, 'comp 0 05'],
  ])('are refused for %s', (_what, chip, shift, memory, line) => {
    expect(refusalOf(chip, shift, memory, { kind: 0xdb })).toEqual(['EINVAL', line]);
  });

  it.each<[string, Chip, 16 | 17, bigint, number]>([
    ['128 KiB', gf100, 17, 0x6_0000n, 3],
    ['64 KiB before gm200: one for each page', gf100, 16, 0x4_0000n, 4],
    ['64 KiB before gm200, rounded up to whole 128 KiB', gk104, 16, 0x3_0000n, 4],
    ['64 KiB on gm200: one for two pages', gm200, 16, 0x4_0000n, 2],
    ['64 KiB on gm200, rounded up', gm200, 16, 0x3_0000n, 2],
  ])('take tags for the whole object and clear them: %s', (_what, chip, bigPage, size, count) => {
    const tags = new Tags(100);
    const { map, refusal } = check(templateOf(chip, bigPage), bigPage, video(size, bigPage), { kind: 0xdb }, { tags });
    expect(refusal).toBeUndefined();
    expect(map.tags).toMatchObject({ first: 0, count, references: 1 });
    expect(tags.cleared).toEqual([[0, count]]);
    // A first tag of 0 is a tag: the kind stays compressed.
    expect((typeOf(map) >> 36n) & 0xffn).toBe(0xdbn);
  });

  it.each<[Chip, 16 | 17, number, bigint]>([
    [gf100, 17, 0x6_0000, 5n + 3n],
    [gf100, 16, 0x3_0000, 5n + 3n],
    [gk104, 16, 0x1_0000, 5n + 1n],
    [gm200, 17, 0x2_0000, 5n + 1n],
  ])('$0.name with pages of shift %i starts at the tag of the offset', (chip, bigPage, offset, tag) => {
    const tags = new Tags(100);
    tags.allocator.obtain(MemoryObject.video([[0n, 0x1000n]]), 5, false);
    const memory = video(0x10_0000n, bigPage);
    const { map } = check(templateOf(chip, bigPage), bigPage, memory, { kind: 0xdb }, { tags, offset });
    expect(typeOf(map)).toBe(0xdb0_0000_0001n | (tag << 44n));
    expect(joinLanes(map.ctagLo, map.ctagHi)).toBe(1n << 44n);
    expect(joinLanes(map.nextLo, map.nextHi)).toBe((1n << 44n) + (1n << BigInt(bigPage - 8)));
  });

  it.each([
    [0, 10],
    [0x1_0000, 11],
    [0x2_0000, 12],
    [0x7_0000, 17],
  ])('gm200 with 64 KiB pages at offset %i starts with half %i', (offset, half) => {
    const tags = new Tags(100);
    tags.allocator.obtain(MemoryObject.video([[0n, 0x1000n]]), 5, false);
    const { map } = check(templateOf(gm200, 16), 16, video(0x10_0000n, 16), { kind: 0xdb }, { tags, offset });
    expect(map.hasHalfTags).toBe(true);
    expect(map.halfTag).toBe(half);
    expect(typeOf(map)).toBe(0xdb0_0000_0001n);
    expect(joinLanes(map.ctagLo, map.ctagHi)).toBe(0n);
    expect(joinLanes(map.nextLo, map.nextHi)).toBe(0x100n);
  });

  it('become their uncompressed partner where no tags are free, and in raw spaces', () => {
    for (const bigPage of [16, 17] as const) {
      for (const options of [{}, { tags: new Tags(100), raw: true }]) {
        for (const chip of [gf100, gk104, gm200]) {
          const memory = video(0x4_0000n, bigPage);
          const { map, refusal } = check(templateOf(chip, bigPage), bigPage, memory, { kind: 0xdb }, options);
          expect(refusal).toBeUndefined();
          expect(typeOf(map)).toBe(0xfe0_0000_0001n);
          expect(joinLanes(map.nextLo, map.nextHi)).toBe(1n << BigInt(bigPage - 8));
          expect(joinLanes(map.ctagLo, map.ctagHi)).toBe(0n);
          expect(map.hasHalfTags).toBe(false);
        }
      }
    }
  });

  it('are refused for an object that has another number of tags', () => {
    const tags = new Tags(100);
    const memory = video(0x4_0000n, 17);
    check(templateOf(gm200, 17), 17, memory, { kind: 0xdb }, { tags });
    expect(check(templateOf(gf100, 16), 16, memory, { kind: 0xdb }, { tags }).refusal).toEqual({
      code: 'EINVAL',
      line: 'comp -22',
      message: 'the object has 2 compression tags where 4 are needed',
    });
    expect(tags.cleared).toEqual([[0, 2]]);
  });
});

it('any arguments give a template whose fields are what was asked, or a refusal', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...gf100Chips),
      fc.record(
        { kind: fc.nat(255), ro: fc.boolean(), priv: fc.boolean(), vol: fc.boolean() },
        { requiredKeys: ['ro'] },
      ),
      fc.constantFrom(small, host, ncoh),
      (chip, args, memory) => {
        const { map, refusal } = check(templateOf(chip), 12, memory, args);
        const kind = args.kind ?? 0;
        const aperture =
          chip === gm20b ? { ncoh: 0n }[memory.target as 'ncoh'] : { vram: 0n, host: 2n, ncoh: 3n }[memory.target];
        if (aperture === undefined || chip.kinds.table[kind] !== kind || kind === 0xff) {
          expect(refusal?.code).toBe('EINVAL');
          return;
        }
        expect(refusal).toBeUndefined();
        const bit = (on: boolean | undefined): bigint => (on === true ? 1n : 0n);
        expect(typeOf(map)).toBe(
          1n |
            (bit(args.priv) << 1n) |
            (bit(args.ro) << 2n) |
            (bit(args.vol) << 32n) |
            (aperture << 33n) |
            (BigInt(kind) << 36n),
        );
      },
    ),
  );
});

it('a map without an object is a fault of the core', () => {
  const template = templateOf(gk104);
  const map = new MapState(new Tags(0).allocator);
  map.page = pageOf(template, 12);
  expect(() => template.valid(boundSpace({}), map, undefined)).toThrow(InvariantError);
});
