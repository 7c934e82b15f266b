import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryObject } from '../src/memory-object.js';
import { TagAllocator, type TagRecord } from '../src/tags.js';

const object = (): MemoryObject => MemoryObject.video([[0n, 0x1000n]]);
const none = (): void => undefined;

function obtained(result: TagRecord | 'mismatch'): TagRecord {
  if (result === 'mismatch') throw new Error('mismatch');
  return result;
}

test('the example of the driver: first fit, the rest stays in place', () => {
  const tags = new TagAllocator(16, none);
  const take = (count: number): [MemoryObject, TagRecord] => {
    const memory = object();
    return [memory, obtained(tags.obtain(memory, count, false))];
  };
  const [a, b, c] = [take(4), take(4), take(4)];
  expect([a, b, c].map(([, { first }]) => first)).toEqual([0, 4, 8]);
  tags.drop(...b);
  expect(take(2)[1].first).toBe(4);
  // Six lines are free, but in pieces of 2 and 4.
  expect(tags.available).toBe(6);
  expect(take(5)[1].count).toBe(0);
  tags.drop(...a);
  expect(take(4)[1].first).toBe(0);
});

describe('records are shared', () => {
  test('a second request counts, and does not clear again', () => {
    const cleared: number[][] = [];
    const tags = new TagAllocator(8, (...run) => cleared.push(run));
    const memory = object();
    const record = obtained(tags.obtain(memory, 4, true));
    expect(tags.obtain(memory, 4, true)).toBe(record);
    expect(record.references).toBe(2);
    expect(cleared).toEqual([[0, 4]]);
    tags.drop(memory, record);
    expect([tags.available, memory.tags]).toEqual([4, record]);
    tags.drop(memory, record);
    expect([tags.available, memory.tags]).toEqual([8, undefined]);
  });

  test('another number of tags is refused, and takes no reference', () => {
    const tags = new TagAllocator(8, none);
    const memory = object();
    const record = obtained(tags.obtain(memory, 4, false));
    expect(tags.obtain(memory, 3, false)).toBe('mismatch');
    expect(record.references).toBe(1);
  });

  test('an object that got none stays without until its last map is gone', () => {
    const tags = new TagAllocator(4, none);
    const [owner, memory] = [object(), object()];
    const owned = obtained(tags.obtain(owner, 4, false));
    const record = obtained(tags.obtain(memory, 2, true));
    expect(record.count).toBe(0);
    tags.drop(owner, owned);
    // Any number will do now.
    expect(tags.obtain(memory, 3, true)).toBe(record);
    tags.drop(memory, record);
    tags.drop(memory, record);
    expect(obtained(tags.obtain(memory, 2, true)).count).toBe(2);
  });

  test('nothing is cleared unless asked', () => {
    const cleared: number[][] = [];
    const tags = new TagAllocator(4, (...run) => cleared.push(run));
    tags.obtain(object(), 2, false);
    expect(cleared).toEqual([]);
  });

  test.each([0, -1])('%i lines: every request goes without', (total) => {
    const tags = new TagAllocator(total, none);
    expect(tags.available).toBe(0);
    expect(obtained(tags.obtain(object(), 1, true)).count).toBe(0);
  });

  test('a request for no tags gets a record without any', () => {
    const tags = new TagAllocator(4, none);
    expect(obtained(tags.obtain(object(), 0, true))).toMatchObject({ count: 0, references: 1 });
    expect(tags.available).toBe(4);
  });
});

test('against a bit for each line', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 9 }), fc.nat(99)), { maxLength: 80 });
  fc.assert(
    fc.property(fc.nat(40), steps, (total, list) => {
      const tags = new TagAllocator(total, none);
      const used = new Array<boolean>(total).fill(false);
      const held: [MemoryObject, TagRecord][] = [];
      for (const [takes, count, choice] of list) {
        if (takes) {
          const memory = object();
          const record = obtained(tags.obtain(memory, count, true));
          let at = 0;
          while (at + count <= total && used.slice(at, at + count).some(Boolean)) at++;
          const fits = at + count <= total;
          expect(record.count).toBe(fits ? count : 0);
          if (fits) {
            expect(record.first).toBe(at);
            used.fill(true, at, at + count);
          }
          held.push([memory, record]);
        } else if (held.length > 0) {
          const [[memory, record]] = held.splice(choice % held.length, 1) as [[MemoryObject, TagRecord]];
          tags.drop(memory, record);
          used.fill(false, record.first, record.first + record.count);
        }
        expect(tags.available).toBe(used.filter((line) => !line).length);
      }
    }),
  );
});
