import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FrameFunctions, HostPages } from '@nvmmu/vmm-core';
import { gp100, gp10b, gv100, tu102 } from '../src/index.js';
import { high, low, wordPair } from '../../../tools/testing/lanes.js';
import { dirtyWords, entries, hex, leafOf } from './support.js';

function framesOf(chip: typeof gp100, shift: number): FrameFunctions {
  const { frames } = leafOf(chip, shift);
  if (frames === undefined) throw new Error('no page frames here');
  return frames;
}

const small = framesOf(gp100, 12);
const wide = framesOf(gp100, 21);

function lanes(values: readonly bigint[]): Uint32Array {
  return Uint32Array.from(values.flatMap((value) => [low(value), high(value)]));
}

function write(frames: FrameFunctions, words: readonly bigint[], stride: number, host?: HostPages): Uint32Array {
  const out = dirtyWords(words.length * stride);
  frames.write(out, 0, lanes(words), 0, words.length, host);
  return out;
}

/** Host pages whose device address is another one, and some that can't be mapped. */
class SpyHost implements HostPages {
  readonly trace: string[] = [];
  readonly #to: (addr: number) => number | undefined;
  constructor(to: (addr: number) => number | undefined = (addr) => addr) {
    this.#to = to;
  }
  map(addr: number, size: number): number | undefined {
    this.trace.push(`map ${hex(addr)} ${hex(size)}`);
    return this.#to(addr);
  }
  unmap(addr: number, size: number): void {
    this.trace.push(`unmap ${hex(addr)} ${hex(size)}`);
  }
}

// What the specification says of one frame with its valid bit set.
function entryOf(word: bigint): bigint {
  const addr = word & ~0xfffn;
  return (addr >> 4n) | ((word & 0x10n) !== 0n ? 1n : 0xdn) | ((word & 2n) !== 0n ? 0n : 0x40n);
}

const frame = fc.bigInt(0n, (1n << 64n) - 1n);

describe('writing', () => {
  test.each([
    [0x2345013n, '0x234501'],
    [0x2345011n, '0x234541'],
    [0x2345003n, '0x23450d'],
    [0x2345001n, '0x23454d'],
    [0xf000000000000013n, '0xf00000000000001'],
  ])('frame %s is the entry of the specification', (word, entry) => {
    for (const chip of [gp100, gp10b, gv100, tu102]) {
      expect(hex(wordPair(write(framesOf(chip, 12), [word], 2), 0))).toBe(entry);
    }
  });

  test('a 2 MiB frame writes the low half alone', () => {
    const out = write(wide, [0x2400003n], 4);
    expect(hex(wordPair(out, 0))).toBe('0x24000d');
    expect([out[2], out[3]]).toEqual([0xcccccccc, 0xcccccccc]);
  });

  test('frames without the valid bit leave their entries alone, and the others keep their places', () => {
    const out = write(small, [0x1003n, 0x2002n, 0x3013n, 0x4010n, 0x5003n], 2);
    expect(entries(out, 0, 5).map(hex)).toEqual([
      '0x10d',
      '0xcccccccccccccccc',
      '0x301',
      '0xcccccccccccccccc',
      '0x50d',
    ]);
  });

  test.each([
    ['small', small, 2],
    ['2 MiB', wide, 4],
  ] as const)('%s frames are what the model says, mixed runs included', (_name, frames, stride) => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 30 }),
        fc.nat(10),
        fc.nat(10),
        fc.boolean(),
        (words, skip, at, listen) => {
          const from = Math.min(skip, words.length);
          const count = words.length - from;
          const out = dirtyWords((at + count + 1) * stride);
          frames.write(out, at * stride, lanes(words), from, count, listen ? new SpyHost() : undefined);
          const expected = words.slice(from).map((word) => ((word & 1n) !== 0n ? entryOf(word) : 0xccccccccccccccccn));
          expect(entries(out, at * stride, count, stride).map(hex)).toEqual(expected.map(hex));
          expect(out.subarray(0, at * stride).every((word) => word === 0xcccccccc)).toBe(true);
          expect(out.subarray((at + count) * stride).every((word) => word === 0xcccccccc)).toBe(true);
          if (stride === 4)
            expect(entries(out, at * 4 + 2, count, 4).every((v) => v === 0xccccccccccccccccn)).toBe(true);
        },
      ),
    );
  });

  test('host pages are mapped for the device, video pages are not', () => {
    const host = new SpyHost((addr) => addr + 0x1_0000_0000);
    const out = write(small, [0x1003n, 0x2013n, 0x2n, 0x123456789001n], 2, host);
    expect(host.trace).toEqual(['map 0x1000 0x1000', 'map 0x123456789000 0x1000']);
    expect(entries(out, 0, 4).map(hex)).toEqual(['0x1000010d', '0x201', '0xcccccccccccccccc', '0x1235567894d']);
    const large = new SpyHost();
    write(wide, [0x2400003n], 4, large);
    expect(large.trace).toEqual(['map 0x2400000 0x200000']);
  });

  test('a page that can not be mapped leaves an entry that is not valid', () => {
    const out = write(small, [0x1003n, 0x2001n, 0x3013n], 2, new SpyHost(() => undefined));
    expect(entries(out, 0, 3).map(hex)).toEqual(['0x0', '0x40', '0x301']);
  });
});

describe('clearing', () => {
  test('takes the valid bit of host pages and tells which', () => {
    const words = lanes([0x23450dn, 0x234501n, 0x23450cn, 0x0n, 0x8n, 0x23454dn]);
    const wrote: [number, string][] = [];
    expect(small.clear(words, 0, 6, (n) => wrote.push([n, hex(wordPair(words, n * 2))]))).toBe(true);
    expect(entries(words, 0, 6).map(hex)).toEqual(['0x23450c', '0x234501', '0x23450c', '0x0', '0x8', '0x23454c']);
    expect(wrote).toEqual([
      [0, '0x23450c'],
      [5, '0x23454c'],
    ]);
  });

  test('leaves a range of video pages as it is', () => {
    const words = lanes([0x234501n, 0x234541n]);
    expect(small.clear(words, 0, 2, undefined)).toBe(false);
    expect(entries(words, 0, 2).map(hex)).toEqual(['0x234501', '0x234541']);
  });

  test('looks at the low halves of PD0 alone, inside the range', () => {
    const words = lanes([0x24000dn, 0x24000dn, 0x24000dn, 0xffn, 0x24000dn, 0x0n]);
    expect(wide.clear(words, 4, 1, undefined)).toBe(true);
    expect(entries(words, 0, 6).map(hex)).toEqual(['0x24000d', '0x24000d', '0x24000c', '0xff', '0x24000d', '0x0']);
  });
});

describe('releasing', () => {
  test('goes by the aperture, not by the valid bit, in order', () => {
    const host = new SpyHost();
    const words = lanes([0x23450cn, 0x234501n, 0x1234567894dn, 0x8n]);
    small.unmap(words, 0, 4, host);
    expect(host.trace).toEqual(['unmap 0x2345000 0x1000', 'unmap 0x123456789000 0x1000']);
    expect(entries(words, 0, 4).map(hex)).toEqual(['0x23450c', '0x234501', '0x1234567894d', '0x8']);
  });

  test('a 2 MiB page is released as one', () => {
    const host = new SpyHost();
    wide.unmap(lanes([0x24000cn, 0x10002n, 0x26000cn, 0x0n]), 0, 2, host);
    expect(host.trace).toEqual(['unmap 0x2400000 0x200000', 'unmap 0x2600000 0x200000']);
  });

  test('takes all address bits that fit', () => {
    fc.assert(
      fc.property(frame, (entry) => {
        const host = new SpyHost();
        small.unmap(lanes([entry | 4n]), 0, 1, host);
        expect(host.trace).toEqual([`unmap ${hex(BigInt.asUintN(64, (entry >> 8n) << 12n))} 0x1000`]);
      }),
    );
  });

  test('what was mapped is what is released', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt(0n, (1n << 35n) - 1n), { minLength: 1, maxLength: 20 }), (pfns) => {
        const host = new SpyHost();
        const words = write(
          small,
          pfns.map((pfn) => (pfn << 12n) | 3n),
          2,
          host,
        );
        expect(small.clear(words, 0, pfns.length, undefined)).toBe(true);
        const mapped = host.trace.splice(0);
        small.unmap(words, 0, pfns.length, host);
        expect(host.trace).toEqual(mapped.map((line) => line.replace('map', 'unmap')));
      }),
    );
  });
});
