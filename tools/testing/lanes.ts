// 64-bit values, and the pairs of 32-bit words that stand for them.

/** `value` modulo 2^64. */
export function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

/** The low 32 bits of a value. */
export function low(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}

/** Bits 63:32 of a value. */
export function high(value: bigint): number {
  return Number(BigInt.asUintN(32, value >> 32n));
}

/** The value of two lanes; throws for lanes that are not unsigned. */
export function joinLanes(lo: number, hi: number): bigint {
  if (lo < 0 || hi < 0) throw new Error('lanes are unsigned');
  return (BigInt(hi) << 32n) | BigInt(lo);
}

/** The 64-bit value at word index `at`. */
export function wordPair(words: ArrayLike<number>, at: number): bigint {
  return joinLanes(words[at] as number, words[at + 1] as number);
}

/** The 64-bit entry `index` of a table. */
export function entry(words: ArrayLike<number>, index: number): bigint {
  return wordPair(words, 2 * index);
}

/** The `count` 64-bit entries of a table from `from` on. */
export function entries(words: ArrayLike<number>, from: number, count: number): bigint[] {
  return Array.from({ length: count }, (_, n) => entry(words, from + n));
}
