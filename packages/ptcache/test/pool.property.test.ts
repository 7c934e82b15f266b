import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BumpProvider, PageTablePool, type PooledTable, type TableMemory } from '../src/index.js';
import { ModelPool, type ModelTable } from './model.js';

type Event = [string, number, ...number[]];

/** One side of the comparison: a provider of its own that writes down what happens. */
function side() {
  const events: Event[] = [];
  const provider = new BumpProvider({
    onAllocate: (m, zero) => events.push(['new', m.addr, m.size, Number(zero)]),
    onFree: (m) => events.push(['free', m.addr]),
  });
  return { events, provider };
}

const bytes = (memories: TableMemory[]) => memories.map((m) => [m.addr, m.size, [...m.words]]);

const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('get' as const), kind: fc.nat(6), zero: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('put' as const), at: fc.nat(), force: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('scribble' as const), at: fc.nat(), value: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('dump' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), after: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('burst' as const), kind: fc.nat(6), count: fc.nat(20) }) },
);

/** Sizes and alignments: whole tables of three sizes, and slots (256 bytes mostly, and other sizes, mixed). */
const KINDS = [
  [0x2000, 0x1000],
  [0x1000, 0x1000],
  [0x4000, 0x2000],
  [0x100, 0x100],
  [0x100, 0x100],
  [0x400, 0x3f1],
  [0x8, 0x8],
] as const;

test('a pool does what the model does, table by table and byte by byte', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120, size: 'max' }), (commands) => {
      const real = side();
      const slow = side();
      const pool = new PageTablePool(real.provider);
      const model = new ModelPool(
        (size, align, zero) => slow.provider.allocate(size, align, zero),
        (memory) => slow.provider.free(memory),
      );
      const live: [PooledTable, ModelTable][] = [];
      const get = (kind: number, zero: boolean) => {
        const [size, align] = KINDS[kind]!;
        const table = pool.get(size, align, zero);
        const expected = model.get(size, align, zero);
        expect(table === undefined).toBe(expected === undefined);
        if (table === undefined || expected === undefined) return;
        expect([table.addr, table.base, table.sub]).toEqual([
          expected.memory.addr + expected.base,
          expected.base,
          !('size' in expected.owner),
        ]);
        expect(table.wordBase * 4).toBe(table.base);
        live.push([table, expected]);
      };
      for (const c of commands) {
        if (c.do === 'get') get(c.kind, c.zero);
        else if (c.do === 'burst') for (let i = 0; i < c.count; i++) get(c.kind, i % 3 === 0);
        else if (c.do === 'dump') {
          pool.dump();
          model.dump();
        } else if (c.do === 'fail') {
          real.provider.failAfter(c.after);
          slow.provider.failAfter(c.after);
        } else if (live.length > 0) {
          const at = c.at % live.length;
          const [table, expected] = live[at]!;
          if (c.do === 'put') {
            live.splice(at, 1);
            pool.put(table, c.force);
            model.put(expected, c.force);
          } else {
            table.memory.words[table.wordBase + 1] = c.value;
            expected.memory.words[expected.base / 4 + 1] = c.value;
          }
        }
        expect(real.events).toEqual(slow.events);
        pool.verify();
        const stats = pool.stats();
        expect(stats.live).toBe(live.length);
        expect(stats.cached).toBe(model.buckets.reduce((sum, b) => sum + b.parked.length, 0));
        expect(stats.bytes).toBe(slow.provider.allocations().reduce((sum, m) => sum + m.size, 0));
      }
      expect(bytes(real.provider.allocations())).toEqual(bytes(slow.provider.allocations()));
      for (const [table] of live) pool.put(table, true);
      pool.dump();
      expect(real.provider.allocations()).toEqual([]);
      expect(pool.fini()).toMatchObject({ live: 0, cached: 0, bytes: 0, cachedBytes: 0, parents: 0 });
    }),
    { numRuns: 80 },
  );
});
