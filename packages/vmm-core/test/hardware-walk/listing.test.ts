import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  aliases,
  createWalker,
  findPhysical,
  listRanges,
  listTree,
  MemoryImage,
  type MemoryReader,
  type TableRange,
  TableTotals,
  walk,
} from '../../src/hardware-walk/index.js';
import { BLOCKED, NOWHERE, PAGE, ROOT, SPARSE, TABLE, ToyBuilder, toyFormat, ToyMemory } from './toy.js';

const toy = toyFormat();

const put = fc.record({
  shift: fc.constantFrom(12 as const, 15 as const),
  page: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 2 ** 18 - 1 })),
  what: fc.constantFrom(PAGE, PAGE, PAGE, SPARSE, BLOCKED, NOWHERE),
  addr: fc.integer({ min: 0, max: 300 }).map((page) => page * 0x1000),
  aperture: fc.constantFrom(0, 0, 2, 3),
  ro: fc.boolean(),
});

function build(
  puts: readonly { shift: 12 | 15; page: number; what: number; addr: number; aperture: number; ro: boolean }[],
) {
  const builder = new ToyBuilder();
  for (const { shift, page, what, addr, aperture, ro } of puts) {
    // A large page and blocked entries decide over small ones, so small ones alone can be blocked only by themselves.
    if (shift === 12 && what === BLOCKED) continue;
    builder.put(shift, page * 0x1000, what, addr, aperture, ro);
  }
  return builder;
}

/** What a listing says about each 4 KiB page, in the words of the model. */
function byPage(ranges: Iterable<TableRange>): Map<number, string> {
  const pages = new Map<number, string>();
  for (const range of ranges) {
    for (let i = 0; i < Number(range.size >> 12n); i++) {
      const page = Number(range.va >> 12n) + i;
      expect(pages.has(page)).toBe(false);
      if (range.kind === 'mapped') {
        pages.set(page, `mapped ${Number(range.addr) + i * 0x1000} ${range.shift} ${range.aperture} ${range.ro}`);
      } else pages.set(page, range.kind === 'problem' ? `problem ${range.problem}` : `${range.kind} ${range.shift}`);
    }
  }
  return pages;
}

const mappedOnly = (model: ReadonlyMap<number, string>) =>
  new Map([...model].filter(([, said]) => said !== 'fault').sort(([a], [b]) => a - b));

describe('tables built an entry at a time', () => {
  test('are listed as they were built', () => {
    fc.assert(
      fc.property(fc.array(put, { maxLength: 80 }), fc.boolean(), (puts, both) => {
        const { memory, model } = build(puts);
        const ranges = [...listRanges(toyFormat(both), memory.image(), ROOT)];
        expect(byPage(ranges)).toEqual(mappedOnly(model));
      }),
    );
  });

  test('are walked as they were built', () => {
    fc.assert(
      fc.property(
        fc.array(put, { maxLength: 40 }),
        fc.array(fc.integer({ min: 0, max: 2 ** 18 - 1 })),
        (puts, more) => {
          const { memory, model } = build(puts);
          const image = memory.image();
          const walker = createWalker(toy, image, ROOT);
          for (const page of [...model.keys(), ...more]) {
            const expected = model.get(page) ?? 'fault';
            const answer = walk(toy, image, ROOT, BigInt(page * 0x1000 + 0x123));
            const said =
              answer.kind === 'mapped'
                ? `mapped ${Number(answer.addr) - 0x123} ${answer.shift} ${answer.aperture} ${answer.ro}`
                : answer.kind === 'sparse' || answer.kind === 'nowhere'
                  ? `${answer.kind} ${answer.shift}`
                  : answer.kind;
            expect(said).toBe(expected);
            expect(walker.lookup(page * 0x1000)).toBe(expected.split(' ')[0]);
            if (answer.kind === 'mapped') expect(walker.addr).toBe(Number(answer.addr) - 0x123);
          }
        },
      ),
    );
  });

  test('are listed in the longest ranges that there are', () => {
    fc.assert(
      fc.property(fc.array(put, { maxLength: 60 }), (puts) => {
        const ranges = [...listRanges(toy, build(puts).memory.image(), ROOT)];
        ranges.forEach((range, i) => {
          const next = ranges[i + 1];
          if (range.kind !== 'mapped' || next?.kind !== 'mapped' || range.va + range.size !== next.va) return;
          const alike = range.shift === next.shift && range.aperture === next.aperture && range.ro === next.ro;
          expect(alike && range.addr + range.size === next.addr).toBe(false);
        });
      }),
    );
  });

  test('are listed in part when part is asked for', () => {
    const bound = fc.integer({ min: 0, max: 2 ** 18 }).map((page) => page * 0x1000);
    fc.assert(
      fc.property(fc.array(put, { maxLength: 60 }), bound, bound, (puts, a, b) => {
        const [start, end] = a < b ? [a, b] : [b, a];
        const { memory, model } = build(puts);
        const ranges = listRanges(toy, memory.image(), ROOT, { start: BigInt(start), end: BigInt(end) });
        const pages = byPage(ranges);
        for (const [page, said] of mappedOnly(model)) {
          const shift = Number(said.split(' ').at(said.startsWith('mapped') ? 2 : 1));
          const first = Math.floor((page * 0x1000) / 2 ** shift) * 2 ** shift;
          const touched = first < end && first + 2 ** shift > start;
          expect(pages.get(page)).toBe(touched ? said : undefined);
        }
      }),
    );
  });

  test('add up', () => {
    fc.assert(
      fc.property(fc.array(put, { maxLength: 60 }), (puts) => {
        const { memory, model } = build(puts);
        const totals = new TableTotals();
        const tree = [...listTree(toy, memory.image(), ROOT, { totals })];
        const mapped = [...model.values()].filter((said) => said.startsWith('mapped')).length;
        expect(totals.mappedBytes).toBe(BigInt(mapped * 0x1000));
        const sparse = [...model.values()].filter((said) => said.startsWith('sparse')).length;
        expect(totals.sparse.reduce((sum, { bytes }) => sum + bytes, 0n)).toBe(BigInt(sparse * 0x1000));
        const tables = tree.filter((node) => node.kind === 'table');
        expect(totals.tableBytes).toBe(BigInt(tables.reduce((sum, { bytes }) => sum + bytes, 0)));
        expect(totals.tables.reduce((sum, { tables: count }) => sum + count, 0)).toBe(tables.length);
        expect(totals.problems).toBe(0);
      }),
    );
  });

  test('give up the addresses that map a piece of memory, and what is mapped twice', () => {
    fc.assert(
      fc.property(
        fc.array(put, { maxLength: 60 }),
        fc.integer({ min: 0, max: 310 }),
        fc.integer({ min: 1, max: 9 }),
        (puts, page, count) => {
          const { memory, model } = build(puts);
          const byFrame = new Map<string, number[]>();
          for (const [va, said] of [...model].sort(([a], [b]) => a - b)) {
            const [kind, addr, , aperture] = said.split(' ');
            if (kind === 'mapped') {
              const key = `${aperture} ${addr}`;
              byFrame.set(key, [...(byFrame.get(key) ?? []), va * 0x1000]);
            }
          }
          const image = memory.image();
          const size = BigInt(count * 0x1000);
          const found = [...findPhysical(toy, image, ROOT, BigInt(page * 0x1000), { size, apertures: ['vram'] })];
          const expected = Array.from(
            { length: count },
            (_, i) => byFrame.get(`vram ${(page + i) * 0x1000}`) ?? [],
          ).flat();
          const vas = found.flatMap(({ va, size: bytes }) =>
            Array.from({ length: Number(bytes >> 12n) }, (_, i) => Number(va) + i * 0x1000),
          );
          expect(vas.sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b));

          const twice = new Map<string, number[]>();
          for (const { aperture, addr, size: bytes, vas: at, count: many } of aliases(toy, image, ROOT)) {
            expect(at.length).toBe(many);
            for (let i = 0; i < Number(bytes >> 12n); i++) {
              const key = `${aperture} ${Number(addr) + i * 0x1000}`;
              expect(twice.has(key)).toBe(false);
              twice.set(
                key,
                at.map((va) => Number(va) + i * 0x1000).sort((a, b) => a - b),
              );
            }
          }
          expect(twice).toEqual(new Map([...byFrame].filter(([, at]) => at.length > 1)));
        },
      ),
    );
  });
});

test('neighbours that differ in a flag, or in where they are, stay apart', () => {
  const one = { shift: 12 as const, what: PAGE, aperture: 0, ro: false };
  const list = (second: { aperture?: number; ro?: boolean }) =>
    [
      ...listRanges(
        toy,
        build([
          { ...one, page: 4, addr: 0x4000 },
          { ...one, ...second, page: 5, addr: 0x5000 },
        ]).memory.image(),
        ROOT,
      ),
    ].length;
  expect(list({})).toBe(1);
  expect(list({ ro: true })).toBe(2);
  expect(list({ aperture: 2 })).toBe(2);
});

test('a blocked large entry hides the small ones below it', () => {
  const { memory } = build([{ shift: 12, page: 3, what: PAGE, addr: 0x5000, aperture: 0, ro: false }]);
  const tables = [...listTree(toy, memory.image(), ROOT)].filter((node) => node.kind === 'table');
  memory.set(Number(tables.find(({ level }) => level === 'LARGE')?.addr), BLOCKED);
  expect([...listRanges(toy, memory.image(), ROOT)]).toEqual([]);
  expect(walk(toy, memory.image(), ROOT, 0x3000n)).toMatchObject({ kind: 'fault', cause: 'pte', level: 'LARGE' });
});

describe('the tree', () => {
  const { memory } = build([
    { shift: 15, page: 0, what: PAGE, addr: 0x8000, aperture: 0, ro: false },
    { shift: 15, page: 8, what: PAGE, addr: 0x10000, aperture: 0, ro: false },
    { shift: 12, page: 17, what: PAGE, addr: 0x5000, aperture: 2, ro: true },
    { shift: 12, page: 18, what: SPARSE, addr: 0, aperture: 0, ro: false },
  ]);

  test('puts each table before what is in it, and the large table before the small one', () => {
    const nodes = [...listTree(toy, memory.image(), ROOT)].map((node) =>
      node.kind === 'table'
        ? `${node.depth} ${node.level} ${node.index}`
        : `${node.depth} ${node.level} ${node.kind} ${node.index}+${node.count}`,
    );
    expect(nodes).toEqual([
      '0 TOP -1',
      '1 DUAL 0',
      '2 LARGE 0',
      '3 LARGE mapped 0+2',
      '2 SMALL 0',
      '3 SMALL mapped 17+1',
      '3 SMALL sparse 18+1',
    ]);
  });

  test('shows only what is asked for', () => {
    const image = memory.image();
    const kinds = (options: Parameters<typeof listTree>[3]) =>
      [...listTree(toy, image, ROOT, options)]
        .filter(({ kind }) => kind !== 'table')
        .map(({ kind, va }) => `${kind} ${va}`);
    expect(kinds({ kinds: ['sparse'] })).toEqual(['sparse 73728']);
    expect(kinds({ apertures: ['host'], kinds: ['mapped'] })).toEqual(['mapped 69632']);
    expect(kinds({ shifts: [15] })).toEqual(['mapped 0']);
    const ranges = (options: Parameters<typeof listRanges>[3]) =>
      [...listRanges(toy, image, ROOT, options)].map(({ va }) => Number(va));
    expect(ranges({ kinds: ['sparse'] })).toEqual([73728]);
    expect(ranges({ apertures: ['host'], kinds: ['mapped'] })).toEqual([69632]);
    expect(ranges({ shifts: [15] })).toEqual([0]);
  });

  test('refuses a range that is turned around', () => {
    expect(() => [...listTree(toy, memory.image(), ROOT, { start: 2n, end: 1n })]).toThrow(RangeError);
    expect(() => [...listRanges(toy, memory.image(), ROOT, { start: -1n })]).toThrow(RangeError);
    expect(() => [...findPhysical(toy, memory.image(), ROOT, 0n, { size: 0n })]).toThrow(RangeError);
  });
});

describe('tables that are garbage', () => {
  const problems = (memory: ToyMemory, options = {}) =>
    [...listRanges(toy, memory.image(), ROOT, options)].map((range) =>
      range.kind === 'problem' ? `${range.problem} ${range.level} ${range.index}+${range.count}` : range.kind,
    );

  test('that point back are told, not followed', () => {
    expect(problems(new ToyMemory().set(0x1018, 0x1000 | TABLE))).toEqual(['loop DUAL 3+1']);
  });

  test('that are not there are told, neighbours as one', () => {
    const memory = new ToyMemory()
      .set(0x1000, 0xff000 | TABLE)
      .set(0x1008, 0xfe000 | TABLE)
      .set(0x1018, 0xfe000 | TABLE);
    expect(problems(memory)).toEqual(['unreadable DUAL 0+2', 'unreadable DUAL 3+1']);
  });

  test('that are malformed are told, neighbours as one', () => {
    const memory = new ToyMemory().set(0x1000, 6).set(0x1008, 6).set(0x1010, 7);
    expect(problems(memory)).toEqual(['malformed TOP 0+2', 'malformed TOP 2+1']);
  });

  test('that are shared too often are cut off', () => {
    const memory = new ToyMemory();
    for (let i = 0; i < 64; i++) memory.set(0x1000 + 8 * i, 0x2000 | TABLE).set(0x2000 + 8 * i, 0x3000 | TABLE, 0x3000);
    memory.set(0x3000, 0x5000 | PAGE);
    const ranges = [...listRanges(toy, memory.image(), ROOT, { maxRepeats: 10 })];
    expect(ranges.some((range) => range.kind === 'problem' && range.problem === 'repeat')).toBe(true);
    expect(ranges.filter(({ kind }) => kind === 'mapped').length).toBeLessThan(20);
  });

  test('that have more entries than wanted end the listing', () => {
    const memory = new ToyMemory();
    for (let i = 0; i < 64; i++) memory.set(0x1000 + 8 * i, ((i + 2) << 12) | TABLE);
    for (let i = 0; i < 64; i++) memory.page((i + 2) << 12);
    expect(problems(memory, { maxEntries: 1000 }).at(-1)).toMatch(/^budget/);
    expect(problems(memory)).toEqual([]);
  });

  test('that are there in part are read in part', () => {
    const words = new Uint32Array(20);
    words[16] = 0x5000 | PAGE;
    const image = new MemoryImage([{ addr: 0x1000, target: 'vram', words }]);
    // A page in the top level is as good as another; entries 10 to 63 are missing.
    expect([...listRanges(toy, image, ROOT)]).toMatchObject([
      { kind: 'mapped', va: BigInt(8 * 2 ** 24) },
      { kind: 'problem', problem: 'unreadable', index: 10, count: 54 },
    ]);
  });

  test('that are valid twice for one address are told where that is a fault', () => {
    const { memory } = build([{ shift: 15, page: 0, what: PAGE, addr: 0x8000, aperture: 0, ro: false }]);
    const tree = [...listTree(toy, memory.image(), ROOT)];
    const small = tree.find((node) => node.kind === 'table' && node.level === 'SMALL');
    memory.set(Number(small?.kind === 'table' ? small.addr : 0n) + 8 * 2, 0x9000 | PAGE);
    const list = (both: boolean) =>
      [...listRanges(toyFormat(both), memory.image(), ROOT)].map((range) => `${range.kind} ${range.va} ${range.size}`);
    expect(list(false)).toEqual(['mapped 0 32768']);
    expect(list(true)).toEqual(['mapped 0 8192', 'problem 8192 4096', 'mapped 12288 20480']);
    const walked = walk(toyFormat(true), memory.image(), ROOT, 0x2000n);
    expect(walked).toMatchObject({ kind: 'fault', cause: 'both' });
  });

  test('never hang or throw, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 0x3000, maxLength: 0x4000 }),
        fc.integer({ min: 0, max: 0xff }),
        (bytes, spread) => {
          // Addresses that hit often: the upper half of each low word becomes small.
          for (let i = 1; i + 2 < bytes.length; i += 8) {
            bytes[i] = (bytes[i]! & 0x30) | 0x10;
            bytes[i + 1] = bytes[i + 1]! & spread & 1;
            bytes[i + 2] = 0;
          }
          const image = new MemoryImage();
          image.addBytes(undefined, 0x1000, bytes);
          let last = 0n;
          for (const range of listRanges(toy, image, ROOT, { maxRepeats: 100 })) {
            expect(range.va >= last).toBe(true);
            last = range.va + range.size;
          }
          for (const node of listTree(toy, image, ROOT, { maxRepeats: 100 })) expect(node.depth).toBeLessThan(4);
          for (let va = 0; va < 2 ** 30; va += 2 ** 24 + 0x3000) createWalker(toy, image, ROOT).lookup(va);
        },
      ),
      { numRuns: 30 },
    );
  });
});

test('a reader that only knows single words gives the same', () => {
  fc.assert(
    fc.property(fc.array(put, { maxLength: 30 }), (puts) => {
      const image = build(puts).memory.image();
      const plain: MemoryReader = { read32: (target, addr) => image.read32(target, addr) };
      expect([...listRanges(toy, plain, ROOT)]).toEqual([...listRanges(toy, image, ROOT)]);
      for (const { page } of puts) {
        expect(walk(toy, plain, ROOT, BigInt(page) << 12n)).toEqual(walk(toy, image, ROOT, BigInt(page) << 12n));
      }
    }),
    { numRuns: 30 },
  );
});
