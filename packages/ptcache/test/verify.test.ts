import { beforeEach, expect, test } from 'vitest';
import { Bucket } from '../src/bucket.js';
import { BumpProvider, PageTablePool, type PooledTable } from '../src/index.js';
import { Parent } from '../src/parent.js';

let pool: PageTablePool;

beforeEach(() => {
  pool = new PageTablePool(new BumpProvider());
});

function get(size: number, align = 0x1000): PooledTable {
  const table = pool.get(size, align, true);
  if (table === undefined) throw new Error('no memory');
  return table;
}

/** A parked table of 8 KiB at 0x100000, beside a live one. */
function parked(): PooledTable {
  const table = get(0x2000);
  get(0x2000);
  pool.put(table, false);
  return table;
}

const bucketOf = (table: PooledTable): Bucket => table.owner as Bucket;
/** The parent of a slot at 0x100000, one of sixteen. */
const parent = (): Parent => get(0x100, 0x100).owner as Parent;

/** Sixteen slots and one: a full parent, and one with room. */
function fullAndOpen(): { full: Parent; open: Parent } {
  const full = parent();
  for (let i = 1; i < 16; i++) get(0x100, 0x100);
  return { full, open: parent() };
}

test.each<[string, RegExp, () => void]>([
  ['a bucket that counts too many', /bucket 0x2000 miscounts/, () => bucketOf(parked()).count++],
  ['a parked table in use', /parked table at 0x100000 is in use/, () => (parked().live = true)],
  [
    'a parked table of another bucket',
    /parked table at 0x100000 is in use/,
    () => Object.assign(parked(), { owner: new Bucket(pool, 0x2000) }),
  ],
  [
    'a table that is parked twice',
    /table at 0x100000 is parked twice/,
    () => {
      const table = parked();
      bucketOf(table).park(table);
    },
  ],
  ['a parked table that is not held', /parked table at 0x100000 is not held/, () => (parked().heldAt = 1)],
  ['a parked table that is lost', /parked tables are miscounted/, () => bucketOf(parked()).removeOldest()],
  [
    'a parked table of another size',
    /parked tables are miscounted/,
    () => Object.assign(parked().memory, { size: 0x1000 }),
  ],
  [
    'memory that overlaps',
    /memory at 0x100000 overlaps the one before it/,
    () => {
      get(0x1000);
      Object.assign(get(0x1000).memory, { addr: 0x10_0000 });
    },
  ],
  [
    'memory of another size',
    /0x2000 bytes are counted and 0x1000 held/,
    () => Object.assign(get(0x2000).memory, { size: 0x1000 }),
  ],
  [
    'a list of parents that is torn',
    /list of parents is torn at 0x100000/,
    () => {
      const one = parent();
      one.prev = one;
    },
  ],
  [
    'a parent that nobody knows',
    /parent at 0x101000 is unknown/,
    () => {
      const one = parent();
      one.next = new Parent(pool, get(0x1000), 8);
      one.next.prev = one;
    },
  ],
  ['a full parent on the list', /parent at 0x100000 should not be on the list/, () => (parent().free = 0)],
  ['an empty parent on the list', /parent at 0x100000 should not be on the list/, () => (parent().free = 16)],
  ['a slot that is lost', /slots at 0x100000 are miscounted/, () => parent().free--],
  ['a parent that is parked', /parent at 0x100000 is parked/, () => (parent().table.live = false)],
  [
    'a parent with room off the list',
    /a parent with free slots is not on the list/,
    () => {
      const { full, open } = fullAndOpen();
      pool.put(get(0x100, 0x100), false);
      full.give(3);
      expect(open.isFull).toBe(false);
    },
  ],
])('verify finds %s', (_what, message, damage) => {
  pool.verify();
  damage();
  expect(() => pool.verify()).toThrow(message);
});

test('verify is content with eight parked tables, full parents and open ones', () => {
  const tables = Array.from({ length: 9 }, () => get(0x2000));
  for (const table of tables) pool.put(table, false);
  fullAndOpen();
  pool.verify();
  expect(pool.stats()).toMatchObject({ cached: 8, parents: 2 });
});

test('memory may come in any order', () => {
  const addrs = [0x5000, 0x1000, 0x9000, 0x3000];
  const ordered = new PageTablePool({
    allocate: (size) => ({ addr: addrs.shift() ?? 0, size, target: 'vram', words: new Uint32Array(size / 4) }),
    free: () => undefined,
  });
  for (let i = 0; i < 4; i++) ordered.get(0x1000, 0x1000, true);
  ordered.verify();
  expect(ordered.stats().live).toBe(4);
});
