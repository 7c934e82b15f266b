import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Chip,
  InvariantError,
  type MapArguments,
  MemoryObject,
  type MemoryTarget,
  PAGE,
  type Refusal,
} from '@nvmmu/vmm-core';
import { gh100, gp100, gp100Chips, gp10b, gv100, tu102 } from '../src/index.js';
import { ctagOf, nextOf, typeOf } from '../../../tools/testing/maps.js';
import { dirtyWords, entries, hex, leafOf, mapOf, pageOf, SpySpace, type TagAnswer, templateOf } from './support.js';

const MIB = 1n << 20n;

function memoryOf(target: MemoryTarget, size = 4n * MIB, addr = 0x800_0000n): MemoryObject {
  return target === 'vram'
    ? MemoryObject.video([[addr, size]], { page: 12 })
    : MemoryObject.scatter(target, [[addr, size]]);
}

interface Request {
  shift?: number;
  target?: MemoryTarget;
  args?: MapArguments;
  offset?: number;
  size?: bigint;
  tags?: TagAnswer;
}

function check(chip: Chip, request: Request) {
  const { shift = 12, target = 'vram', args, offset = 0, size, tags } = request;
  const { map, asked } = mapOf(pageOf(chip, shift), memoryOf(target, size), offset, tags);
  // What an earlier page size left behind must not show.
  map.typeLo = map.typeHi = map.ctagLo = map.ctagHi = map.nextLo = map.nextHi = 0xffffffff;
  const refusal = templateOf(chip).valid(new SpySpace(), map, args);
  return { map, asked, refusal };
}

/** First entries of a map, written by the level's own writer. */
function written(chip: Chip, request: Request & { addr: number; count?: number }): string[] {
  const { map, refusal } = check(chip, request);
  expect(refusal).toBeUndefined();
  const { addr, count = 1, shift = 12 } = request;
  const stride = shift === 21 ? 4 : 2;
  const words = dirtyWords(count * stride);
  leafOf(chip, shift).write?.(words, 0, 0, count, addr, map);
  return entries(words, 0, count, stride).map(hex);
}

function refused(chip: Chip, request: Request): Refusal {
  const { refusal, map } = check(chip, request);
  if (refusal === undefined) throw new Error('accepted');
  expect(map.tags).toBeUndefined();
  return refusal;
}

const plain: MapArguments = { ro: false };

describe('entries of format 2', () => {
  test('plain pages have the values of the specification', () => {
    expect(written(gp100, { addr: 0x12345000 })).toEqual(['0x1234501']);
    expect(written(gp100, { addr: 0x12345000, args: { ro: true, priv: true } })).toEqual(['0x1234561']);
    expect(written(gp100, { addr: 0xabcd000, target: 'host' })).toEqual(['0xabcd0d']);
    expect(written(gp100, { addr: 0xabcd000, target: 'ncoh' })).toEqual(['0xabcd07']);
  });

  test('explicit arguments end the default of host memory', () => {
    expect(written(gp100, { addr: 0xabcd000, target: 'host', args: plain })).toEqual(['0xabcd05']);
    expect(written(gp100, { addr: 0xabcd000, target: 'host', args: { vol: true } })).toEqual(['0xabcd0d']);
    expect(written(gp100, { addr: 0xabcd000, args: { vol: true } })).toEqual(['0xabcd09']);
  });

  test('compressed pages carry a tag for each 64 KiB', () => {
    const comp = { args: { kind: 0xdb }, tags: { first: 5, count: 64 }, addr: 0x800_0000 };
    expect(written(gp100, { ...comp, shift: 21, count: 2 })).toEqual(['0xdb00005000800001', '0xdb00025000820001']);
    expect(written(gp100, { ...comp, shift: 16, count: 3 })).toEqual([
      '0xdb00005000800001',
      '0xdb00006000801001',
      '0xdb00007000802001',
    ]);
    expect(written(gp100, { ...comp, shift: 16, offset: 0x30000, addr: 0x803_0000 })).toEqual(['0xdb00008000803001']);
  });

  test('steps and tag steps follow the page size', () => {
    const tags = { first: 5, count: 64 };
    const of = (shift: number) => check(gp100, { shift, args: { kind: 0xdb }, tags }).map;
    expect(hex(nextOf(of(21)))).toBe('0x20000020000');
    expect(hex(ctagOf(of(21)))).toBe('0x20000000000');
    expect(hex(nextOf(of(16)))).toBe('0x1000001000');
    expect(hex(ctagOf(of(16)))).toBe('0x1000000000');
    for (const [shift, next] of [
      [12, '0x100'],
      [16, '0x1000'],
      [21, '0x20000'],
    ] as const) {
      const { map } = check(gp100, { shift });
      expect([hex(nextOf(map)), ctagOf(map)]).toEqual([next, 0n]);
    }
  });

  test('Turing keeps its kinds in the same place', () => {
    const comp = { shift: 16, args: { kind: 8 }, addr: 0x800_0000 };
    expect(written(tu102, { ...comp, tags: { first: 5, count: 64 } })).toEqual(['0x800005000800001']);
    expect(written(tu102, comp)).toEqual(['0x600000000800001']);
  });

  test('without free tags the kind becomes its uncompressed partner', () => {
    expect(written(gp100, { shift: 16, args: { kind: 0xdb }, addr: 0x800_0000 })).toEqual(['0xfe00000000800001']);
  });

  test('all of the object asks for tags, cleared ones', () => {
    const { asked } = check(gp100, { shift: 16, args: { kind: 0xdb }, size: 0x7_f000n, offset: 0x10000 });
    expect(asked).toEqual([[7, true]]);
    expect(check(gp100, { shift: 16, args: { kind: 0xfe } }).asked).toEqual([]);
  });

  test('a raw map has the uncompressed kind', () => {
    const { map, asked } = mapOf(pageOf(gp100, 16), memoryOf('vram'), 0, { first: 5, count: 64 });
    map.withoutTags = true;
    expect(templateOf(gp100).valid(new SpySpace(), map, { kind: 0xdb })).toBeUndefined();
    expect(asked).toEqual([]);
    expect(hex(typeOf(map))).toBe('0xfe00000000000001');
  });
});

describe('gp10b', () => {
  test('non-coherent memory counts as the one memory there is', () => {
    expect(written(gp10b, { addr: 0xabcd000, target: 'ncoh' })).toEqual(['0xabcd01']);
    const comp = { shift: 16, target: 'ncoh', args: { kind: 0xdb }, tags: { first: 5, count: 64 } } as const;
    expect(written(gp10b, { ...comp, addr: 0x800_0000 })).toEqual(['0xdb00005000800001']);
  });

  test.each<MemoryTarget>(['vram', 'host'])('%s memory is refused without a line', (target) => {
    expect(refused(gp10b, { target })).toEqual({
      code: 'EINVAL',
      message: `${target} memory has no aperture on this chip`,
    });
  });
});

describe('refusals of format 2', () => {
  test('kinds that the chip does not have', () => {
    expect(refused(gp100, { args: { kind: 0x06 } })).toEqual({
      code: 'EINVAL',
      line: 'kind 06',
      message: 'kind 0x06 is not valid on this chip',
    });
    expect(refused(gp100, { args: { kind: 0xff } }).line).toBe('kind ff');
    expect(refused(gp100, { args: { kind: 0xca } }).line).toBe('kind ca');
    expect(refused(tu102, { args: { kind: 0x07 } }).line).toBe('kind 07');
    expect(refused(tu102, { args: { kind: 0x10 } })).toEqual({
      code: 'EINVAL',
      line: 'kind 10',
      message: 'kind 0x10 is above the last, 0x0f',
    });
  });

  test.each([-1, 1.5, 256, NaN, Infinity])('kind %d is no kind', (kind) => {
    for (const chip of gp100Chips) expect(refused(chip, { args: { kind }, target: 'ncoh' }).code).toBe('EINVAL');
  });

  test('compression where page or memory does not allow it', () => {
    const args = { kind: 0xdb };
    expect(refused(gp100, { args })).toEqual({
      code: 'EINVAL',
      line: 'comp 0 07',
      message: "compressed kind 0xdb can't be used for pages of 2^12 bytes on this chip",
    });
    expect(refused(gp100, { args, target: 'host' }).line).toBe('comp 2 07');
    expect(refused(gp100, { args, target: 'ncoh', shift: 16 })).toEqual({
      code: 'EINVAL',
      line: 'comp 3 0b',
      message: "compressed kind 0xdb can't be used for memory of aperture 3, only of 0",
    });
    expect(refused(gp10b, { args, target: 'ncoh' }).line).toBe('comp 0 05');
  });

  test('an object with another number of tags', () => {
    expect(refused(gp100, { args: { kind: 0xdb }, shift: 16, tags: 'mismatch' })).toMatchObject({
      code: 'EINVAL',
      line: 'comp -22',
    });
  });

  test('a bad kind comes before compression, a bad aperture before both', () => {
    expect(refused(gp10b, { target: 'vram', args: { kind: 0x06 } }).line).toBeUndefined();
    expect(refused(gp100, { target: 'host', args: { kind: 0x06 } }).line).toBe('kind 06');
  });

  test('a map without an object is a fault of the caller', () => {
    for (const chip of gp100Chips) {
      const { map } = mapOf(pageOf(chip, 12));
      expect(() => templateOf(chip).valid(new SpySpace(), map, undefined)).toThrow(InvariantError);
    }
  });
});

describe('entries of format 3', () => {
  test('have the values of the specification', () => {
    expect(written(gh100, { addr: 0x12345000 })).toEqual(['0x12345081']);
    expect(written(gh100, { addr: 0xabcd000, target: 'host' })).toEqual(['0xabcd08d']);
    expect(written(gh100, { addr: 0xabcd000, target: 'ncoh' })).toEqual(['0xabcd087']);
    expect(written(gh100, { addr: 0x12345000, args: { ro: true, kind: 6 } })).toEqual(['0x123456a1']);
    expect(written(gh100, { addr: 0x12345000, args: { ro: true, priv: true, kind: 6 } })).toEqual(['0x123456b1']);
    expect(written(gh100, { addr: 0x12345000, args: { priv: true, kind: 6 } })).toEqual(['0x12345691']);
  });

  test('vol is ignored: host memory alone is uncached', () => {
    expect(written(gh100, { addr: 0x12345000, args: { vol: true } })).toEqual(['0x12345081']);
    expect(written(gh100, { addr: 0xabcd000, target: 'host', args: { vol: false } })).toEqual(['0xabcd08d']);
  });

  test('compressible kinds are written as they are, for any page and memory', () => {
    const kind = 0xe;
    for (const shift of [12, 16, 21]) {
      for (const target of ['vram', 'host', 'ncoh'] as const) {
        const { refusal, map, asked } = check(gh100, { shift, target, args: { kind } });
        expect([refusal, asked, ctagOf(map), nextOf(map)]).toEqual([undefined, [], 0n, 1n << BigInt(shift)]);
        expect((typeOf(map) >> 8n) & 0xffn).toBe(0xen);
      }
    }
  });

  test('kinds 7, f and above are refused', () => {
    for (const kind of [0x07, 0x0f, 0x10, 0xfe]) {
      expect(refused(gh100, { args: { kind } }).line).toBe(`kind ${kind.toString(16).padStart(2, '0')}`);
    }
  });
});

// The checks and the template as the specification lists them, in BigInt and from its own tables.
type Outcome = string | { type: bigint; next: bigint; ctag: bigint };

function model(chip: Chip, shift: number, request: Required<Omit<Request, 'args'>> & Pick<Request, 'args'>): Outcome {
  const { target, args, offset, tags } = request;
  const apertures = chip === gp10b ? { ncoh: 0n } : { vram: 0n, host: 2n, ncoh: 3n };
  const aper = (apertures as Partial<Record<MemoryTarget, bigint>>)[target];
  if (aper === undefined) return 'refused';
  const asked = args?.kind ?? 0;
  const partner = chip.kinds.table[asked];
  if (partner === undefined || partner === chip.kinds.invalid) {
    return `kind ${asked.toString(16).padStart(2, '0')}`;
  }
  const bit = (flag: boolean | undefined, at: bigint) => (flag === true ? 1n << at : 0n);
  if (chip === gh100) {
    const pcf = 0x10n + (target === 'host' ? 1n : 0n) + bit(args?.priv, 1n) + bit(args?.ro, 2n);
    return {
      type: 1n | (aper << 1n) | (pcf << 3n) | (BigInt(asked) << 8n),
      next: 1n << BigInt(shift),
      ctag: 0n,
    };
  }
  let kind = asked;
  let ctag = 0n;
  let tag = 0n;
  const { flags } = pageOf(chip, shift);
  if (partner !== asked) {
    if (aper !== 0n || (flags & PAGE.comp) === 0) return `comp ${aper} ${flags.toString(16).padStart(2, '0')}`;
    if (tags === 'mismatch') return 'comp -22';
    if (tags.count === 0) {
      kind = partner;
    } else {
      ctag = ((1n << BigInt(shift)) >> 16n) << 36n;
      tag = BigInt(tags.first) + (BigInt(offset) >> 16n);
    }
  }
  const vol = args === undefined ? target === 'host' : args.vol;
  return {
    type:
      1n | (aper << 1n) | bit(vol, 3n) | bit(args?.priv, 5n) | bit(args?.ro, 6n) | (BigInt(kind) << 56n) | (tag << 36n),
    next: ((1n << BigInt(shift)) >> 4n) + ctag,
    ctag,
  };
}

test('whatever is asked for, the answer is that of the model', () => {
  const flag = fc.option(fc.boolean(), { nil: undefined });
  const kind = fc.oneof(fc.nat(15), fc.nat(255), fc.constantFrom(0xdb, 0xfe, 0x01, 0x02, 8, 9));
  const args = fc.option(
    fc.record({ kind, ro: flag, priv: flag, vol: flag }, { requiredKeys: [] }) as fc.Arbitrary<MapArguments>,
    { nil: undefined },
  );
  const tags = fc.oneof(
    fc.constant<TagAnswer>('mismatch'),
    fc.constant<TagAnswer>({ first: 0, count: 0 }),
    fc.record({ first: fc.nat((1 << 20) - 1), count: fc.constant(64) }),
  );
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      fc.constantFrom(...gp100Chips),
      fc.constantFrom(12, 16, 21),
      fc.constantFrom<MemoryTarget>('vram', 'host', 'ncoh'),
      args,
      fc.nat(63).map((n) => n * 0x10000),
      tags,
      (chip, shift, target, args, offset, tags) => {
        const request = { shift, target, offset, tags, size: 4n * MIB, ...(args && { args }) };
        const expected = model(chip, shift, request);
        const { map, refusal } = check(chip, request);
        seen.add(typeof expected === 'string' ? expected.slice(0, 6) : 'accepted');
        if (typeof expected === 'string') expect(refusal?.line ?? 'refused').toBe(expected);
        else {
          expect(refusal).toBeUndefined();
          expect({ type: typeOf(map), next: nextOf(map), ctag: ctagOf(map) }).toEqual(expected);
        }
      },
    ),
    { numRuns: 2000 },
  );
  expect([...seen]).toEqual(expect.arrayContaining(['accepted', 'refuse', 'comp -', 'comp 0', 'comp 2', 'kind 0']));
});

test('chips of one generation answer alike', () => {
  for (const kind of [0, 0xdb, 0xfe, 0x06]) {
    const request = { shift: 16, args: { kind }, tags: { first: 9, count: 64 } };
    const show = (chip: Chip) => {
      const { map, refusal } = check(chip, request);
      return [refusal, hex(typeOf(map))];
    };
    expect(show(gv100)).toEqual(show(gp100));
  }
});
