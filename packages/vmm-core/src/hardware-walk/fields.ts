import { pow2 } from '../numbers.js';

/** One bit field of a table entry or of an instance-block word: what decoders, encoders and documents all read. */
export interface FieldSpec {
  /** Short name, as users write it: `addr`, `kind`, `ro`. */
  readonly name: string;
  /** Highest bit. */
  readonly hi: number;
  /** Lowest bit. Bit 0 is the lowest bit of the entry's first word. */
  readonly lo: number;
  /** What the field says, in a few words. */
  readonly meaning: string;
  /** Meaning of single values. */
  readonly values?: Readonly<Record<number, string>> | undefined;
  /** For a field that holds an address: log2 of the bytes that 1 stands for. */
  readonly shift?: number | undefined;
}

/** One way to read an entry: which fields it has is decided by a few of its bits. */
export interface EntryLayout {
  /** Short name, for example `page, video memory`. */
  readonly name: string;
  /** Fields, lowest bit first. Bits without a field are not defined. */
  readonly fields: readonly FieldSpec[];
}

/** Makes a {@link FieldSpec}; `extra` holds `values` or `shift`. */
export function field(
  name: string,
  hi: number,
  lo: number,
  meaning: string,
  extra: Pick<FieldSpec, 'values' | 'shift'> = {},
): FieldSpec {
  // All fields have one shape, which keeps decoders fast.
  return { name, hi, lo, meaning, values: extra.values, shift: extra.shift };
}

/** The same field `by` bits higher, with `prefix` before its name: for the upper half of a dual entry. */
export function moved(spec: FieldSpec, by: number, prefix: string): FieldSpec {
  return field(`${prefix}${spec.name}`, spec.hi + by, spec.lo + by, spec.meaning, spec);
}

/** The value of a field of up to 31 bits that lies within one of the two lowest words. */
export function take(spec: FieldSpec, w0: number, w1: number): number {
  const word = spec.lo < 32 ? w0 : w1;
  return (word >>> (spec.lo & 31)) & ((1 << (spec.hi - spec.lo + 1)) - 1);
}

/** The address in bytes that a field in the two lowest words holds; it may cross from one word to the next. */
export function takeAddress(spec: FieldSpec, w0: number, w1: number): number {
  const unit = pow2(spec.shift ?? 0);
  const bits = spec.hi - spec.lo + 1;
  if (spec.lo < 32 && spec.hi >= 32) {
    const upper = w1 & ((1 << (spec.hi - 31)) - 1);
    return ((w0 >>> spec.lo) + upper * pow2(32 - spec.lo)) * unit;
  }
  const word = (spec.lo < 32 ? w0 : w1) >>> (spec.lo & 31);
  return (bits >= 32 ? word : word & ((1 << bits) - 1)) * unit;
}

/** Number of bits of a field. */
export function fieldWidth(spec: FieldSpec): number {
  return spec.hi - spec.lo + 1;
}

/** The raw value of a field of `value`, an entry as one number. */
export function fieldValue(spec: FieldSpec, value: bigint): bigint {
  return BigInt.asUintN(fieldWidth(spec), value >> BigInt(spec.lo));
}

/** An entry's 32-bit words, lowest first, as one number. */
export function wordsToBigInt(words: ArrayLike<number>): bigint {
  let value = 0n;
  for (let i = words.length - 1; i >= 0; i--) value = (value << 32n) | BigInt((words[i] as number) >>> 0);
  return value;
}

/** The 32-bit words of `value`, lowest first, `count` of them. */
export function bigIntToWords(value: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number(BigInt.asUintN(32, value >> BigInt(32 * i))));
}
