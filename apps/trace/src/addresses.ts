import { InvalidArgumentError } from 'commander';

/** Suffixes of sizes, as powers of two. */
const SUFFIXES: Readonly<Record<string, number>> = { k: 10, m: 20, g: 30, t: 40, p: 50 };

/**
 * Reads a number of up to `bits` bits: hexadecimal with `0x`, decimal, either with `K`, `M`, `G`, `T` or `P` behind it,
 * or hexadecimal as logs print it, which is 16 digits, or at least 8 with zeros in front.
 *
 * @returns The number, or `undefined` when the text is none.
 */
export function parseNumber(text: string, bits = 64): bigint | undefined {
  const [, digits = '', suffix = ''] = /^(0x[0-9a-f_]+|[0-9a-f]+?)([kmgtp]?)$/i.exec(text) ?? [];
  if (digits === '') return undefined;
  const value = parseDigits(digits.replaceAll('_', ''));
  if (value === undefined) return undefined;
  const scaled = value << BigInt(SUFFIXES[suffix.toLowerCase()] ?? 0);
  return scaled >> BigInt(bits) === 0n ? scaled : undefined;
}

function parseDigits(digits: string): bigint | undefined {
  if (/^0x[0-9a-f]+$/i.test(digits)) return BigInt(digits);
  if (/^(?:[0-9a-f]{16}|0[0-9a-f]{7,})$/i.test(digits)) return BigInt(`0x${digits}`);
  return /^\d+$/.test(digits) ? BigInt(digits) : undefined;
}

/** Reads an address on the command line. */
export function parseAddress(text: string): bigint {
  const value = parseNumber(text);
  if (value !== undefined) return value;
  const hint = /^[0-9a-f]+$/i.test(text) ? ` Hexadecimal numbers start with 0x: 0x${text}.` : '';
  throw new InvalidArgumentError(`"${text}" is not an address from 0x0 to 0xffffffffffffffff.${hint}`);
}

/** Reads a size on the command line, from 1. */
export function parseSize(text: string): bigint {
  const value = parseNumber(text);
  if (value === undefined || value === 0n)
    throw new InvalidArgumentError(`"${text}" is not a size like 0x1000 or 64K.`);
  return value;
}

/** Addresses from `start` up to, but not including, `end`. */
export interface AddressRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** Reads `START-END`, `START..END` or `START+SIZE` on the command line. */
export function parseRange(text: string): AddressRange {
  const [, first = '', sign = '', second = ''] = /^(\w+)(-|\.\.|\+)(\w+)$/.exec(text) ?? [];
  const start = parseNumber(first);
  const other = parseNumber(second);
  if (start === undefined || other === undefined) {
    throw new InvalidArgumentError(`"${text}" is not a range like 0x10000-0x20000 or 0x10000+64K.`);
  }
  const end = sign === '+' ? start + other : other;
  if (end <= start) throw new InvalidArgumentError(`The range "${text}" is empty: it ends where it starts, or before.`);
  return { start, end };
}
