import { beforeEach, describe, expect, test } from 'vitest';
import { BumpProvider, PageTablePool, type MemoryProvider, type PooledTable, type TableMemory } from '../src/index.js';

let events: string[];
let provider: BumpProvider;
let pool: PageTablePool;

beforeEach(() => {
  events = [];
  provider = new BumpProvider({
    onAllocate: (m, zero) => events.push(`ptnew ${m.addr.toString(16)} ${m.size.toString(16)} ${Number(zero)}`),
    onFree: (m) => events.push(`ptfree ${m.addr.toString(16)}`),
  });
  pool = new PageTablePool(provider);
});

function get(size: number, align = 0x1000, zero = false): PooledTable {
  const table = pool.get(size, align, zero);
  if (table === undefined) throw new Error('no memory');
  return table;
}

const slot = () => get(0x100, 0x100);

describe('whole tables', () => {
  test('come back in the order they were put, with the bytes they were put with', () => {
    const a = get(0x2000);
    const b = get(0x2000);
    expect([a.addr, b.addr]).toEqual([0x100000, 0x102000]);
    expect(a.memory.words.every((word) => word === 0xcccccccc)).toBe(true);
    a.memory.words[7] = 0x1234;
    b.memory.words.fill(0x5678);
    pool.put(a, false);
    pool.put(b, false);
    expect(pool.stats()).toMatchObject({ live: 0, cached: 2, cachedBytes: 0x4000, bytes: 0x4000, peak: 2 });

    const again = get(0x2000);
    expect(again.addr).toBe(0x100000);
    expect([again.memory.words[7], again.memory.words[8]]).toEqual([0x1234, 0xcccccccc]);
    const cleared = get(0x2000, 0x1000, true);
    expect(cleared.addr).toBe(0x102000);
    expect(cleared.memory.words.every((word) => word === 0)).toBe(true);
    expect(get(0x2000).addr).toBe(0x104000);
    expect(events).toEqual(['ptnew 100000 2000 0', 'ptnew 102000 2000 0', 'ptnew 104000 2000 0']);
    expect(pool.stats()).toMatchObject({ live: 3, cached: 0, reused: 2, allocated: 3 });
  });

  test('are parked eight at most of each size, and eight again after one was taken', () => {
    const tables = Array.from({ length: 9 }, () => get(0x2000));
    events = [];
    for (const table of tables) pool.put(table, false);
    expect(events).toEqual([`ptfree ${(0x100000 + 8 * 0x2000).toString(16)}`]);
    pool.put(get(0x2000), false);
    expect(events).toHaveLength(1);
    expect(pool.stats().cached).toBe(8);
  });

  test('are released at once when forced', () => {
    pool.put(get(0x1000), true);
    expect(events).toEqual(['ptnew 100000 1000 0', 'ptfree 100000']);
    expect(pool.stats()).toMatchObject({ live: 0, cached: 0, bytes: 0, released: 1, peakBytes: 0x1000 });
  });

  test('dump releases them oldest first, and parking goes on afterwards', () => {
    for (let round = 0; round < 3; round++) {
      const tables = Array.from({ length: 8 }, () => get(0x2000));
      for (const table of tables) pool.put(table, false);
      events = [];
      pool.dump();
      expect(events).toEqual(tables.map((table) => `ptfree ${table.addr.toString(16)}`));
    }
    pool.put(get(0x2000), false);
    expect(pool.stats().cached).toBe(1);
  });

  test('dump takes the size that was asked for last first, even where that allocation failed', () => {
    const a = get(0x1000);
    provider.failAfter(0);
    expect(pool.get(0x4000, 0x1000, false)).toBeUndefined();
    const b = get(0x2000);
    const c = get(0x4000);
    for (const table of [a, b, c]) pool.put(table, false);
    events = [];
    pool.dump();
    expect(events).toEqual([b, c, a].map((table) => `ptfree ${table.addr.toString(16)}`));
  });

  test('an allocation that fails changes nothing, and parked tables need none', () => {
    pool.put(get(0x1000), false);
    const before = pool.stats();
    provider.failAfter(0);
    expect(get(0x1000).addr).toBe(0x100000);
    expect(pool.get(0x1000, 0x1000, true)).toBeUndefined();
    expect(pool.stats()).toMatchObject({ ...before, live: 1, cached: 0, cachedBytes: 0, reused: 1 });
    expect(get(0x1000).addr).toBe(0x101000);
  });

  test('clearing touches the size that was asked for and nothing behind it', () => {
    const words = new Uint32Array(0x3000 / 4).fill(1);
    const roomy = new PageTablePool({
      allocate: () => ({ addr: 0x5000, size: 0x3000, target: 'host', words }),
      free: () => {},
    });
    roomy.put(roomy.get(0x1000, 0x1000, false), false);
    expect(roomy.get(0x1000, 0x1000, true)?.target).toBe('host');
    expect([words[0x3ff], words[0x400]]).toEqual([0, 1]);
  });

  test('putting nothing does nothing', () => {
    pool.put(undefined, false);
    pool.put(undefined, true);
    expect(pool.stats().live).toBe(0);
  });
});

describe('slots', () => {
  test('fill a parent from below, and a parent that re-opens is used next', () => {
    const first = Array.from({ length: 16 }, slot);
    expect(first.map((table) => table.addr)).toEqual(Array.from({ length: 16 }, (_, i) => 0x100000 + i * 0x100));
    expect(first[3]).toMatchObject({ base: 0x300, wordBase: 0xc0, sub: true, target: 'vram' });
    expect(first[3]?.memory).toMatchObject({ addr: 0x100000, size: 0x1000 });
    expect(events).toEqual(['ptnew 100000 1000 0']);
    const q = slot();
    expect(q.addr).toBe(0x101000);
    pool.put(first[3], false);
    expect(slot().addr).toBe(0x100300);
    const q1 = slot();
    expect(q1.addr).toBe(0x101100);
    pool.put(q, false);
    pool.put(q1, false);
    expect(pool.stats()).toMatchObject({ live: 16, cached: 1, parents: 1 });
    expect(get(0x1000).addr).toBe(0x101000);
    pool.verify();
  });

  test('are never cleared, and a parent may be a parked table with its bytes', () => {
    const whole = get(0x1000);
    whole.memory.words.fill(0xabcd);
    pool.put(whole, false);
    const table = get(0x100, 0x100, true);
    expect(table.addr).toBe(whole.addr);
    expect(table.memory.words[0]).toBe(0xabcd);
    expect(get(0x100, 0x100, true).memory.words[0x40]).toBe(0xabcd);
  });

  test('the slot size is the alignment rounded up, and the first open parent serves every size', () => {
    expect([get(0x10, 0x1ff).base, get(0x10, 0x200).base]).toEqual([0, 0x200]);
    expect(get(0x100, 0x100).base).toBe(0x400);
    expect(
      [8, 9, 0x800, 0xfff].map((align) => {
        const fresh = new PageTablePool(new BumpProvider());
        fresh.get(8, align, false);
        return fresh.get(8, align, false)?.addr;
      }),
    ).toEqual([0x100008, 0x100010, 0x100800, 0x101000]);
  });

  test('the last slot releases the parent when forced, and when eight are parked', () => {
    pool.put(slot(), true);
    expect(events).toEqual(['ptnew 100000 1000 0', 'ptfree 100000']);
    const whole = Array.from({ length: 8 }, () => get(0x1000));
    const small = slot();
    for (const table of whole) pool.put(table, false);
    events = [];
    pool.put(small, false);
    expect(events).toEqual([`ptfree ${small.memory.addr.toString(16)}`]);
  });

  test('a parent that cannot be allocated leaves no trace', () => {
    provider.failAfter(0);
    expect(pool.get(0x100, 0x100, false)).toBeUndefined();
    expect(pool.stats()).toMatchObject({ live: 0, parents: 0, bytes: 0 });
    expect(slot().addr).toBe(0x100000);
  });

  test('dump leaves parents with live slots alone', () => {
    slot();
    events = [];
    pool.dump();
    expect(events).toEqual([]);
  });
});

describe('refusals', () => {
  test.each([
    [0, 0x1000, 'table size 0x0 is not a positive multiple of 8'],
    [-8, 0x1000, 'table size -0x8 is not a positive multiple of 8'],
    [12, 0x1000, 'table size 0xc is not a positive multiple of 8'],
    [NaN, 0x1000, 'table size NaN is not a positive multiple of 8'],
    [2 ** 60, 0x1000, 'table size 1152921504606847000 is not a positive multiple of 8'],
    [0x1000, 0, 'table alignment 0x0 is below 0x8'],
    [0x100, 4, 'table alignment 0x4 is below 0x8'],
    [0x100, 0.5, 'table alignment 0.5 is below 0x8'],
    [0x1008, 0x100, 'table of 0x1008 bytes aligned to 0x100 does not fit a parent of 4 KiB'],
  ])('a table of %d bytes aligned to %d', (size, align, message) => {
    expect(() => pool.get(size, align, false)).toThrow(new RangeError(message));
    expect(pool.stats()).toMatchObject({ live: 0, bytes: 0 });
  });

  test('but not a slot as large as its parent, nor memory at address 0', () => {
    expect(get(0x1000, 0x800)).toMatchObject({ sub: true, base: 0 });
    const low = new PageTablePool(new BumpProvider({ base: 0 }));
    expect(low.get(0x1000, 0x1000, true)?.addr).toBe(0);
  });

  test('a second put of one table, parked, released or a slot', () => {
    const parked = get(0x1000);
    const released = get(0x1000);
    const small = slot();
    pool.put(parked, false);
    pool.put(released, true);
    pool.put(small, false);
    for (const table of [parked, released, small]) {
      expect(() => pool.put(table, false)).toThrow(/table at 0x10\d000 has been put already/);
    }
    pool.verify();
  });

  test('a table of another pool', () => {
    const other = new PageTablePool(provider);
    const [whole, small] = [other.get(0x1000, 0x1000, true), other.get(0x100, 0x100, true)];
    expect(() => pool.put(whole, false)).toThrow('table at 0x100000 belongs to another pool');
    expect(() => pool.put(small, false)).toThrow('table at 0x101000 belongs to another pool');
    other.put(whole, false);
  });

  const good: TableMemory = { addr: 0x4000, size: 0x2000, target: 'vram', words: new Uint32Array(0x800) };
  test.each([
    [{ addr: 0x4800 }, 'provider gave memory at 0x4800, which is not aligned to 0x1000'],
    [{ addr: -0x1000 }, 'provider gave memory at -0x1000, which is no address'],
    [{ addr: 2 ** 53 }, 'which is no address'],
    [
      { size: 0x1000, words: new Uint32Array(0x400) },
      'provider gave 0x1000 bytes at 0x4000 where 0x2000 were asked for',
    ],
    [{ words: new Uint32Array(0x7ff) }, 'provider gave 2047 words for 0x2000 bytes at 0x4000'],
    [{ words: [] as unknown as Uint32Array }, 'provider gave no Uint32Array for 0x2000 bytes'],
  ])('memory of a provider that does not fit the request: %o', (wrong, message) => {
    const strange = new PageTablePool({ allocate: () => ({ ...good, ...wrong }), free: () => {} });
    expect(() => strange.get(0x2000, 0x1000, false)).toThrow(message);
    expect(strange.stats()).toMatchObject({ live: 0, bytes: 0, allocated: 0 });
  });

  test('memory that a provider hands out twice', () => {
    const strange = new PageTablePool({ allocate: () => good, free: () => {} });
    strange.get(0x2000, 0x1000, false);
    expect(() => strange.get(0x2000, 0x1000, false)).toThrow('provider gave memory at 0x4000 twice');
  });

  test('verify finds allocations that overlap', () => {
    let addr = 0x1000;
    const strange = new PageTablePool({
      allocate: (size) => ({ addr: (addr += 0x1000), size, target: 'vram', words: new Uint32Array(size / 4) }),
      free: () => {},
    });
    strange.get(0x2000, 0x1000, false);
    strange.get(0x2000, 0x1000, false);
    expect(() => strange.verify()).toThrow('memory at 0x3000 overlaps');
  });

  test('a provider that throws on release leaves everything in place', () => {
    let broken = true;
    const stubborn: MemoryProvider = {
      allocate: (size, align, zero) => provider.allocate(size, align, zero),
      free: (memory) => {
        if (broken) throw new Error('busy');
        provider.free(memory);
      },
    };
    pool = new PageTablePool(stubborn);
    const [whole, parked] = [get(0x2000), get(0x2000)];
    const small = [slot(), slot()];
    pool.put(small[0], true);
    pool.put(parked, false);
    const before = pool.stats();
    expect(() => pool.put(whole, true)).toThrow('busy');
    expect(() => pool.put(small[1], true)).toThrow('busy');
    expect(() => pool.dump()).toThrow('busy');
    expect(pool.stats()).toEqual(before);
    pool.verify();
    broken = false;
    expect(slot().base).toBe(0);
    for (const table of [whole, small[1]]) pool.put(table, true);
    pool.dump();
    expect(pool.stats()).toMatchObject({ live: 1, cached: 0, bytes: 0x1000 });
  });

  test('a peak stays when less is held', () => {
    const pool = new PageTablePool(new BumpProvider());
    const [one, two] = [pool.get(0x1000, 0x1000, true), pool.get(0x2000, 0x1000, true)];
    pool.put(two, true);
    pool.put(one, true);
    pool.get(0x1000, 0x1000, true);
    expect(pool.stats()).toMatchObject({ bytes: 0x1000, peakBytes: 0x3000, live: 1, peak: 2 });
  });

  test('a pool ends with its block', () => {
    const pool = new PageTablePool(new BumpProvider());
    {
      using same = pool;
      expect(same.stats().live).toBe(0);
    }
    expect(() => pool.get(0x1000, 0x1000, false)).toThrow('the pool is finished');
    pool[Symbol.dispose]();
  });

  test('a finished pool hands out and takes nothing', () => {
    const table = get(0x1000);
    pool.put(get(0x2000), false);
    expect(pool.fini()).toMatchObject({ live: 1, cached: 1, bytes: 0x3000 });
    expect(() => pool.get(0x1000, 0x1000, false)).toThrow('the pool is finished');
    expect(() => pool.put(table, false)).toThrow('the pool is finished');
    expect(events.filter((event) => event.startsWith('ptfree'))).toEqual([]);
  });
});
