import { describe, expect, test } from 'vitest';
import { VmmError } from '../src/errors.js';
import { MemoryObject } from '../src/memory-object.js';

describe('what objects are', () => {
  test('video memory', () => {
    const memory = MemoryObject.video(
      [
        [0x10000n, 0x20000n],
        [0x50000n, 0x10000n],
      ],
      { page: 16, type: 2 },
    );
    expect(memory).toMatchObject({
      target: 'vram',
      kind: 'extents',
      pageShift: 16,
      size: 0x30000,
      type: 2,
      references: 0,
    });
    expect([...memory.starts]).toEqual([0x10000, 0x50000]);
    expect([...memory.lengths]).toEqual([0x20000, 0x10000]);
  });

  test('video memory by default', () => {
    expect(MemoryObject.video([[0n, 0x1000n]])).toMatchObject({ pageShift: 12, type: 1 });
  });

  test('a scatter list', () => {
    const memory = MemoryObject.scatter('host', [[0x3000n, 0x2000n]]);
    expect(memory).toMatchObject({ target: 'host', kind: 'scatter', pageShift: 12, size: 0x2000 });
  });

  test('an address list, in any order and with repeats', () => {
    const memory = MemoryObject.pages('ncoh', [0x3000n, 0x1000n, 0x3000n]);
    expect(memory).toMatchObject({ target: 'ncoh', kind: 'pages', pageShift: 12, size: 0x3000 });
    expect([...memory.starts]).toEqual([0x3000, 0x1000, 0x3000]);
    expect(memory.lengths).toHaveLength(0);
  });

  test('a range of pages is the list of them', () => {
    const range = MemoryObject.pageRange('host', 2n ** 40n, 3);
    const list = MemoryObject.pages('host', [2n ** 40n, 2n ** 40n + 0x1000n, 2n ** 40n + 0x2000n]);
    expect(range).toEqual(list);
  });

  test('addresses of 57 bits are exact', () => {
    const addr = 2n ** 57n - 0x1000n;
    expect(BigInt(MemoryObject.video([[addr, 0x1000n]]).starts[0]!)).toBe(addr);
  });
});

describe('what is refused', () => {
  test.each<[string, RegExp, () => unknown]>([
    ['no extents', /without extents/, () => MemoryObject.video([])],
    ['no pieces', /without extents/, () => MemoryObject.scatter('host', [])],
    ['no pages', /without pages/, () => MemoryObject.pages('host', [])],
    ['a length of 0', /length 0x0/, () => MemoryObject.video([[0n, 0n]])],
    [
      'an address that is no multiple',
      /0x800 is not a multiple of 0x1000/,
      () => MemoryObject.video([[0x800n, 0x1000n]]),
    ],
    [
      'a length that is no multiple',
      /extent 1: length/,
      () =>
        MemoryObject.video([
          [0n, 0x1000n],
          [0n, 0x1800n],
        ]),
    ],
    [
      'one that is no multiple of larger pages',
      /0x1000 is not a multiple of 0x10000/,
      () => MemoryObject.video([[0x1000n, 0x10000n]], { page: 16 }),
    ],
    ['a negative address', /out of range/, () => MemoryObject.video([[-0x1000n, 0x1000n]])],
    ['an address beyond 64 bits', /out of range/, () => MemoryObject.pages('host', [2n ** 64n])],
    ['an address that no double holds', /out of range/, () => MemoryObject.pages('host', [2n ** 60n + 1n])],
    ['a page shift below 12', /page shift 11/, () => MemoryObject.video([[0n, 0x1000n]], { page: 11 })],
    ['a page shift above 63', /page shift 64/, () => MemoryObject.video([[0n, 0x1000n]], { page: 64 })],
    ['half a page shift', /page shift 12.5/, () => MemoryObject.video([[0n, 0x1000n]], { page: 12.5 })],
    ['a range of no pages', /0 pages/, () => MemoryObject.pageRange('host', 0n, 0)],
    ['half a page', /1.5 pages/, () => MemoryObject.pageRange('host', 0n, 1.5)],
    ['a range that is not on a page', /not a multiple/, () => MemoryObject.pageRange('host', 0x10n, 1)],
  ])('%s', (_what, message, make) => {
    expect(make).toThrow(VmmError);
    expect(make).toThrow(message);
  });
});
