import fc from 'fast-check';
import { InvariantError, MapState, MemoryObject, type Chip, type MapArguments } from '@nvmmu/vmm-core';
import { describe, expect, it } from 'vitest';
import { g84, mcp77, nv50, teslaKinds } from '../src/index.js';
import { joinLanes } from '../../../tools/testing/lanes.js';
import { check, pageOf, Tags, typeOf } from '../../../tools/testing/maps.js';
import { boundSpace } from '../../../tools/testing/space.js';
import { templateOf } from './support.js';

const vram = (size = 0x1_0000n, type = 1): MemoryObject =>
  MemoryObject.video([[0x4000_0000n, size]], { page: 12, type });
const big = (size = 0x10_0000n): MemoryObject => MemoryObject.video([[0x4000_0000n, size]], { page: 16 });
const host = MemoryObject.scatter('host', [[0x5000n, 0x1_0000n]]);
const ncoh = MemoryObject.scatter('ncoh', [[0x5000n, 0x1_0000n]]);

function refusalOf(
  chip: Chip,
  shift: number,
  memory: MemoryObject,
  args?: MapArguments,
  stolen = 0,
): [string, string | undefined] | undefined {
  const { refusal } = check(templateOf(chip, stolen), shift, memory, args);
  return refusal && [refusal.code, refusal.line];
}

describe('template', () => {
  it.each([
    ['nothing asked', vram(), undefined, 0x1n],
    ['all false', vram(), { ro: false, priv: false, kind: 0, comp: 0 }, 0x1n],
    ['read-only', vram(), { ro: true }, 0x9n],
    ['supervisor', vram(), { priv: true }, 0x41n],
    ['a kind', vram(), { kind: 0x70 }, 0x7000_0000_0001n],
    ['a bank-swizzled kind', vram(0x1000n, 2), { kind: 0x72 }, 0x7200_0000_0001n],
    ['coherent memory', host, undefined, 0x21n],
    ['non-coherent memory', ncoh, undefined, 0x31n],
    ['volatile, which these chips do not know', host, { vol: true }, 0x21n],
  ])('%s', (_what, memory, args, expected) => {
    const { map, refusal } = check(templateOf(nv50), 12, memory, args);
    expect(refusal).toBeUndefined();
    expect(typeOf(map)).toBe(expected);
    expect(joinLanes(map.nextLo, map.nextHi)).toBe(0x1000n);
    expect(joinLanes(map.ctagLo, map.ctagHi)).toBe(0n);
    expect(map.hasHalfTags).toBe(false);
  });

  it('video memory of a chip with a stolen base is non-coherent memory at that base', () => {
    for (const chip of [nv50, g84, mcp77]) {
      expect(typeOf(check(templateOf(chip, 0x12_8000_0000), 12, vram()).map)).toBe(0x12_8000_0031n);
      expect(typeOf(check(templateOf(chip, 0x12_8000_0000), 12, host).map)).toBe(0x21n);
    }
    expect(typeOf(check(templateOf(mcp77), 12, vram()).map)).toBe(0x1n);
  });

  it('is made from scratch on each call', () => {
    const template = templateOf(nv50);
    const { map } = check(template, 16, big(), { kind: 0x70, comp: 1 }, { tags: new Tags(16) });
    map.page = pageOf(template, 12);
    expect(template.valid(boundSpace({}), map, undefined)).toBeUndefined();
    expect(typeOf(map)).toBe(0x1n);
    expect(joinLanes(map.nextLo, map.nextHi)).toBe(0x1000n);
    expect(joinLanes(map.ctagLo, map.ctagHi)).toBe(0n);
  });
});

describe('kinds', () => {
  it('that the table calls invalid are refused, the others are accepted with memory of their type', () => {
    for (let kind = 0; kind < 128; kind++) {
      const needs = teslaKinds.table[kind]!;
      const name = kind.toString(16).padStart(2, '0');
      if (needs === 0x7f) {
        expect(refusalOf(nv50, 12, vram(), { kind })).toEqual(['EINVAL', `kind ${name}`]);
        continue;
      }
      expect(refusalOf(nv50, 12, vram(0x1000n, needs), { kind })).toBeUndefined();
      expect(refusalOf(nv50, 12, vram(0x1000n, 3 - needs), { kind })).toEqual([
        'EINVAL',
        `kind ${name} bankswz: ${needs} ${3 - needs}`,
      ]);
    }
  });

  it('have seven bits: the eighth is dropped', () => {
    const { map } = check(templateOf(nv50), 12, vram(), { kind: 0xf0 });
    expect(typeOf(map)).toBe(0x7000_0000_0001n);
    expect(refusalOf(nv50, 12, vram(), { kind: 0x7f })).toEqual(['EINVAL', 'kind 7f']);
    expect(refusalOf(nv50, 12, vram(), { kind: 0xff })).toEqual(['EINVAL', 'kind 7f']);
  });

  it('none suits memory of type 0', () => {
    expect(refusalOf(nv50, 12, vram(0x1000n, 0))).toEqual(['EINVAL', 'kind 00 bankswz: 1 0']);
  });

  it('are not compared with the type of host memory', () => {
    expect(refusalOf(nv50, 12, host, { kind: 0x72 })).toBeUndefined();
    const list = MemoryObject.pages('ncoh', [0x1000n]);
    expect(refusalOf(nv50, 12, list, { kind: 0x72 })).toBeUndefined();
  });
});

describe('compression', () => {
  it.each<[string, Chip, number, MemoryObject, number, string]>([
    ['small pages', nv50, 12, vram(), 0, 'comp 0 06'],
    ['host memory', nv50, 12, host, 0, 'comp 2 06'],
    ['non-coherent memory', nv50, 12, ncoh, 0, 'comp 3 06'],
    ['mcp77 without a stolen base', mcp77, 16, big(), 0, 'comp 0 02'],
    ['mcp77, small', mcp77, 12, vram(), 0, 'comp 0 06'],
    ['mcp77 with a stolen base', mcp77, 16, big(), 0x8000_0000, 'comp 3 02'],
    ['mcp77 with a stolen base, small', mcp77, 12, vram(), 0x8000_0000, 'comp 3 06'],
    ['g84 with a stolen base', g84, 16, big(), 0x8000_0000, 'comp 3 0a'],
    ['nv50 with a stolen base, small', nv50, 12, vram(), 0x8000_0000, 'comp 3 06'],
  ])('is refused for %s', (_what, chip, shift, memory, stolen, line) => {
    expect(refusalOf(chip, shift, memory, { comp: 1 }, stolen)).toEqual(['EINVAL', line]);
  });

  it.each([1, 2, 3])('mode %i takes as many tags for each 64 KiB, uncleared, and starts at the offset', (comp) => {
    const tags = new Tags(1000);
    tags.allocator.obtain(vram(), 5, false);
    const { map, refusal } = check(templateOf(g84), 16, big(0x10_0000n), { comp }, { tags, offset: 0x3_0000 });
    const step = BigInt(comp);
    expect(refusal).toBeUndefined();
    expect(map.tags).toMatchObject({ first: 5, count: 16 * comp, references: 1 });
    expect(tags.cleared).toEqual([]);
    expect(typeOf(map)).toBe(1n | (step << 47n) | ((5n + 3n * step) << 49n));
    expect(joinLanes(map.ctagLo, map.ctagHi)).toBe(step << 49n);
    expect(joinLanes(map.nextLo, map.nextHi)).toBe(0x1_0000n + (step << 49n));
  });

  it('mode 4 is mode 0: two bits count', () => {
    const { map, refusal } = check(templateOf(nv50), 12, vram(), { comp: 4 });
    expect(refusal).toBeUndefined();
    expect(typeOf(map)).toBe(1n);
  });

  it('is quietly left out where no tags are free, and in raw spaces', () => {
    for (const options of [{ tags: new Tags(15) }, { tags: new Tags(100), raw: true }]) {
      const { map, refusal } = check(templateOf(nv50), 16, big(), { kind: 0x70, comp: 1 }, options);
      expect(refusal).toBeUndefined();
      expect(typeOf(map)).toBe(0x7000_0000_0001n);
      expect(joinLanes(map.nextLo, map.nextHi)).toBe(0x1_0000n);
    }
  });

  it('is refused for an object with another number of tags', () => {
    const tags = new Tags(100);
    const memory = big();
    check(templateOf(nv50), 16, memory, { comp: 1 }, { tags });
    const { refusal } = check(templateOf(nv50), 16, memory, { comp: 2 }, { tags });
    expect(refusal).toEqual({
      code: 'EINVAL',
      line: 'comp -22',
      message: 'the object has 16 compression tags where 32 are needed',
    });
  });

  it('tags beyond twelve bits run into the bits above', () => {
    const tags = new Tags(0x4000);
    tags.allocator.obtain(vram(), 0x1001, false);
    const { map } = check(templateOf(nv50), 16, big(), { comp: 1 }, { tags });
    expect(typeOf(map)).toBe(1n | (1n << 47n) | (0x1001n << 49n));
  });
});

it('any arguments either give a template whose fields are what was asked, or a refusal', () => {
  fc.assert(
    fc.property(
      fc.record({ kind: fc.nat(255), ro: fc.boolean(), priv: fc.boolean() }, { requiredKeys: [] }),
      fc.constantFrom(vram(), host, ncoh),
      (args, memory) => {
        const { map, refusal } = check(templateOf(nv50), 12, memory, args);
        const needs = teslaKinds.table[(args.kind ?? 0) & 0x7f]!;
        if (needs === 0x7f || (memory.kind === 'extents' && needs !== 1)) {
          expect(refusal?.code).toBe('EINVAL');
          return;
        }
        expect(refusal).toBeUndefined();
        const type = typeOf(map);
        expect(type & 1n).toBe(1n);
        expect((type >> 3n) & 1n).toBe(args.ro === true ? 1n : 0n);
        expect((type >> 4n) & 3n).toBe({ vram: 0n, host: 2n, ncoh: 3n }[memory.target]);
        expect((type >> 6n) & 1n).toBe(args.priv === true ? 1n : 0n);
        expect(type >> 40n).toBe(BigInt((args.kind ?? 0) & 0x7f));
      },
    ),
  );
});

it('a map without an object is a fault of the core', () => {
  const template = templateOf(nv50);
  const map = new MapState(new Tags(0).allocator);
  map.page = pageOf(template, 12);
  expect(() => template.valid(boundSpace({}), map, undefined)).toThrow(InvariantError);
});
