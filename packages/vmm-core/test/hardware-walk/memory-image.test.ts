import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryImage, MemoryWindow } from '../../src/hardware-walk/index.js';

describe('an image', () => {
  test('reads what was added, until it is taken out', () => {
    const image = new MemoryImage();
    const piece = { addr: 0x1000, target: 'vram' as const, words: Uint32Array.of(1, 2, 3) };
    image.add(piece);
    expect([0xffc, 0x1000, 0x1008, 0x100c, 0x1002].map((addr) => image.read32('vram', addr))).toEqual([
      undefined,
      1,
      3,
      undefined,
      undefined,
    ]);
    expect(image.read32('host', 0x1000)).toBeUndefined();
    piece.words[0] = 7;
    expect(image.read32('vram', 0x1000)).toBe(7);
    expect(image.remove(piece)).toBe(true);
    expect(image.remove(piece)).toBe(false);
    expect(image.read32('vram', 0x1000)).toBeUndefined();
  });

  test('answers for every target where none was given', () => {
    const image = new MemoryImage([
      { addr: 0, target: undefined, words: Uint32Array.of(1, 2) },
      { addr: 0, target: 'host', words: Uint32Array.of(9) },
    ]);
    expect([image.read32('vram', 0), image.read32('host', 0), image.read32('host', 4)]).toEqual([1, 9, 2]);
  });

  test('views aligned bytes, copies others, and drops a torn word at the end', () => {
    const bytes = Uint8Array.of(0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 3);
    const image = new MemoryImage();
    image.addBytes('vram', 0x100, bytes.subarray(1));
    expect([image.read32('vram', 0x100), image.read32('vram', 0x104), image.read32('vram', 0x108)]).toEqual([
      1,
      2,
      undefined,
    ]);
    const aligned = new Uint8Array(8);
    image.addBytes('host', 0, aligned);
    aligned[4] = 5;
    expect(image.read32('host', 4)).toBe(5);
  });

  test('refuses memory that overlaps or has no possible address', () => {
    const image = new MemoryImage([{ addr: 0x10, target: 'vram', words: new Uint32Array(4) }]);
    const add = (addr: number, count: number) => () => {
      image.add({ addr, target: 'vram', words: new Uint32Array(count) });
    };
    expect(add(0xc, 2)).toThrow(RangeError);
    expect(add(0x1c, 2)).toThrow(RangeError);
    expect(add(0x14, 1)).toThrow(RangeError);
    expect(add(0x0, 40)).toThrow(RangeError);
    for (const addr of [-4, 2, 1.5, NaN, 2 ** 59]) expect(add(addr, 1)).toThrow(RangeError);
    expect(add(0x20, 1)).not.toThrow();
    expect(add(0xc, 1)).not.toThrow();
  });

  test('finds the same as a plain map does', () => {
    const step = fc.record({
      add: fc.boolean(),
      at: fc.integer({ min: 0, max: 40 }),
      count: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const image = new MemoryImage();
        const model = new Map<number, number>();
        const starts = new Map<number, number>();
        let next = 1;
        for (const { add, at, count } of steps) {
          if (add) {
            const words = Uint32Array.from({ length: count }, () => next++);
            const free = Array.from({ length: count }, (_, i) => !model.has(at + i)).every(Boolean);
            const run = () => image.add({ addr: 4 * at, target: 'vram', words });
            if (!free) expect(run).toThrow(RangeError);
            else {
              run();
              starts.set(at, count);
              words.forEach((word, i) => model.set(at + i, word));
            }
          } else {
            const length = starts.get(at);
            expect(image.remove({ addr: 4 * at, target: 'vram' })).toBe(length !== undefined);
            for (let i = 0; i < (length ?? 0); i++) model.delete(at + i);
            starts.delete(at);
          }
          const view = new MemoryWindow();
          for (let i = 0; i < 48; i++) {
            expect(image.read32('vram', 4 * i)).toBe(model.get(i));
            expect(image.window('vram', 4 * i, view) ? view.words[view.at] : undefined).toBe(model.get(i));
            const above = [...model.keys()].filter((key) => key >= i);
            expect(image.next('vram', 4 * i)).toBe(above.length === 0 ? undefined : 4 * Math.min(...above));
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});
