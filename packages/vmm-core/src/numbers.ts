// Addresses and sizes are doubles inside this package: exact for every multiple of 16 below 2^57. Bit operators
// would cut them to 32 bits, so all arithmetic on them that is not plain `+` and `-` goes through this file.

/** 2^32, the weight of the high lane of a 64-bit number. */
export const LANE = 0x1_0000_0000;

/** The low 32 bits of a non-negative integer below 2^64, as an unsigned number. */
export function lowLane(value: number): number {
  return value >>> 0;
}

/** Bits 63:32 of a non-negative integer below 2^64, as an unsigned number. */
export function highLane(value: number): number {
  // Times 2^-32, as a literal: V8 does not fold an exported constant.
  return (value * 2.3283064365386963e-10) >>> 0;
}

/** 2^n and 2^-n; a look-up and a multiplication cost a fraction of a power and a division. */
const POWERS = Float64Array.from({ length: 64 }, (_, n) => 2 ** n);
const INVERSE_POWERS = Float64Array.from({ length: 64 }, (_, n) => 2 ** -n);

/** 2^shift, for shifts from 0 to 63. */
export function pow2(shift: number): number {
  return POWERS[shift] as number;
}

/** 2^-shift, for shifts from 0 to 63. */
export function inversePow2(shift: number): number {
  return INVERSE_POWERS[shift] as number;
}

// The next two are short for V8 to inline them everywhere; a mask on a double applies to its low 32 bits.

/** Whether `value` is a multiple of 2^shift. */
export function isAligned(value: number, shift: number): boolean {
  return shift < 32 ? (value & ((1 << shift) - 1)) === 0 : value % pow2(shift) === 0;
}

/** The largest multiple of 2^shift that is not above `value`. */
export function alignDown(value: number, shift: number): number {
  return shift < 32 ? value - (value & ((1 << shift) - 1)) : value - (value % pow2(shift));
}

/** The smallest multiple of 2^shift that is not below `value`. */
export function alignUp(value: number, shift: number): number {
  const down = alignDown(value, shift);
  return down === value ? value : down + pow2(shift);
}

/** `value` divided by 2^shift, rounded down. */
export function shiftRight(value: number, shift: number): number {
  return Math.floor(value * (INVERSE_POWERS[shift] as number));
}

/**
 * Bits [shift, shift + bits) of a non-negative integer below 2^64: a table index out of an address.
 * `bits` is at most 31.
 */
export function bitField(value: number, shift: number, bits: number): number {
  // Shifted first and masked after: a mask on the address itself would lose its high lane.
  return ((value * (INVERSE_POWERS[shift] as number)) >>> 0) & ((1 << bits) - 1);
}

/** The number made of two unsigned 32-bit lanes; exact only if the sum is (see the head of this file). */
export function fromLanes(lo: number, hi: number): number {
  return (hi >>> 0) * LANE + (lo >>> 0);
}

/** `value` as lower-case hexadecimal digits without a prefix, for integers below 2^64. */
export function hexDigits(value: number): string {
  if (value < LANE) return value.toString(16);
  return highLane(value).toString(16) + lowLane(value).toString(16).padStart(8, '0');
}

/** `value` as hexadecimal with `0x` in front, for messages. */
export function hex(value: number | bigint): string {
  return `0x${typeof value === 'bigint' ? value.toString(16) : hexDigits(value)}`;
}

/** `value` as `width` hexadecimal digits (more if it needs them), as C prints `%0*llx`. */
export function paddedHex(value: number | bigint, width: number): string {
  return (typeof value === 'bigint' ? BigInt.asUintN(64, value).toString(16) : hexDigits(value)).padStart(width, '0');
}

/**
 * A 64-bit quantity from the public edge as a plain number.
 *
 * @returns The number, or `undefined` when `value` is negative, needs more than 64 bits, or is not exact as a double.
 */
export function toNumber(value: bigint): number | undefined {
  const number = Number(value);
  if (number < 0 || number >= 2 ** 64) return undefined;
  if (number > Number.MAX_SAFE_INTEGER && BigInt(number) !== value) return undefined;
  return number;
}

// A 64-bit typed array and its lanes convert in a third of the time that `Number(bigint)` takes.
const wide = new BigUint64Array(1);
const wideLanes = new Uint32Array(wide.buffer);

/**
 * A 64-bit quantity from the public edge as a number, or NaN where it is not exact (or no 64-bit quantity at all): then
 * `toNumber` and the slow paths look at it again.
 */
export function exactNumber(value: bigint): number {
  wide[0] = value;
  const number = (wideLanes[1] as number) * LANE + (wideLanes[0] as number);
  if (number <= Number.MAX_SAFE_INTEGER && wide[0] === value) return number;
  return toNumber(value) ?? Number.NaN;
}

/** An address or size as the public edge has it. */
export function toBigInt(value: number): bigint {
  wideLanes[0] = lowLane(value);
  wideLanes[1] = highLane(value);
  return wide[0] as bigint;
}
