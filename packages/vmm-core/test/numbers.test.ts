import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  alignDown,
  alignUp,
  bitField,
  exactNumber,
  fromLanes,
  hex,
  hexDigits,
  highLane,
  isAligned,
  LANE,
  lowLane,
  paddedHex,
  pow2,
  shiftRight,
  toBigInt,
  toNumber,
} from '../src/numbers.js';

/** Multiples of 16 below 2^57, which doubles hold exactly: all that addresses and sizes can be. */
const addresses = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }).map((n) => n * 16n),
  fc.tuple(fc.nat(56), fc.constantFrom(-16n, 0n, 16n)).map(([bit, d]) => {
    const value = 2n ** BigInt(bit) + d;
    return value < 0n ? 0n : value & ~15n;
  }),
);

describe('against bigint arithmetic', () => {
  test('lanes', () => {
    fc.assert(
      fc.property(addresses, (value) => {
        const number = Number(value);
        expect(BigInt(lowLane(number))).toBe(value & 0xffff_ffffn);
        expect(BigInt(highLane(number))).toBe(value >> 32n);
        expect(fromLanes(lowLane(number), highLane(number))).toBe(number);
      }),
    );
  });

  test('alignment', () => {
    fc.assert(
      fc.property(addresses, fc.nat(57), (value, shift) => {
        const number = Number(value);
        const unit = 1n << BigInt(shift);
        expect(isAligned(number, shift)).toBe(value % unit === 0n);
        expect(BigInt(alignDown(number, shift))).toBe((value / unit) * unit);
        expect(BigInt(alignUp(number, shift))).toBe(((value + unit - 1n) / unit) * unit);
        expect(BigInt(shiftRight(number, shift))).toBe(value / unit);
      }),
      { numRuns: 500 },
    );
  });

  test('fields', () => {
    fc.assert(
      fc.property(addresses, fc.nat(56), fc.integer({ min: 0, max: 30 }), (value, shift, bits) => {
        const expected = (value >> BigInt(shift)) & ((1n << BigInt(bits)) - 1n);
        // Indices have fewer than 32 bits below which nothing is left: what lies above must not disturb.
        if (value >> BigInt(shift) < 2n ** 57n) expect(BigInt(bitField(Number(value), shift, bits))).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('digits', () => {
    fc.assert(
      fc.property(addresses, fc.integer({ min: 1, max: 20 }), (value, width) => {
        const digits = value.toString(16);
        expect(hexDigits(Number(value))).toBe(digits);
        expect(hex(Number(value))).toBe(`0x${digits}`);
        expect(hex(value)).toBe(`0x${digits}`);
        expect(paddedHex(Number(value), width)).toBe(digits.padStart(width, '0'));
        expect(paddedHex(value, width)).toBe(digits.padStart(width, '0'));
      }),
    );
  });
});

test('powers of two are exact up to 2^63', () => {
  for (let shift = 0; shift < 64; shift++) expect(BigInt(pow2(shift))).toBe(1n << BigInt(shift));
  expect(LANE).toBe(2 ** 32);
});

test('alignment to 2^31 and 2^32 is not that of a signed number', () => {
  expect([31, 32, 33].map((shift) => isAligned(2 ** 31, shift))).toEqual([true, false, false]);
  expect([31, 32, 33].map((shift) => isAligned(2 ** 32, shift))).toEqual([true, true, false]);
  expect(alignDown(2 ** 32 + 2 ** 31 + 16, 31)).toBe(2 ** 32 + 2 ** 31);
});

test('padded digits of a negative bigint are those of 64 bits', () => {
  expect(paddedHex(-1n, 16)).toBe('f'.repeat(16));
});

describe('toNumber', () => {
  test('takes what is exact', () => {
    fc.assert(
      fc.property(addresses, (value) => {
        expect(toNumber(value)).toBe(Number(value));
      }),
    );
    expect(toNumber(2n ** 53n - 1n)).toBe(2 ** 53 - 1);
    expect(toNumber(2n ** 63n)).toBe(2 ** 63);
  });

  test.each([-1n, 2n ** 53n + 1n, 2n ** 57n + 8n, 2n ** 64n, 2n ** 64n - 1n, 2n ** 70n])('refuses %s', (value) => {
    expect(toNumber(value)).toBe(undefined);
  });
});

describe('exactNumber', () => {
  test('is toNumber, with NaN for undefined', () => {
    const wide = fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n });
    fc.assert(
      fc.property(fc.oneof(addresses, wide), (value) => {
        expect(exactNumber(value)).toBe(toNumber(value) ?? Number.NaN);
      }),
    );
  });

  test.each([2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 2n, 2n ** 63n])('takes %s', (value) => {
    expect(exactNumber(value)).toBe(Number(value));
  });

  test.each([-1n, 2n ** 53n + 1n, 2n ** 57n + 8n, 2n ** 64n, 2n ** 64n + 16n, 2n ** 64n - 1n])(
    'refuses %s',
    (value) => {
      expect(exactNumber(value)).toBeNaN();
    },
  );
});

test('an address goes back to what it was', () => {
  fc.assert(
    fc.property(addresses, (value) => {
      expect(toBigInt(Number(value))).toBe(value);
    }),
  );
});
