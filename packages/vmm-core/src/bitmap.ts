// Sets of small integers as bits of 32-bit words: one bit for each entry of a table.

/** Makes an empty set for numbers below `size`. */
export function createBitmap(size: number): Uint32Array {
  return new Uint32Array(Math.ceil(size / 32));
}

/** Whether a number is in the set. */
export function hasBit(map: Uint32Array, at: number): boolean {
  return (((map[at >>> 5] as number) >>> (at & 31)) & 1) !== 0;
}

/** Bits `from` and up of a word, as a mask. */
function upFrom(from: number): number {
  return -1 << from;
}

/** Bits below `to` (1 to 32) of a word, as a mask. */
function upTo(to: number): number {
  return -1 >>> (32 - to);
}

/** Puts `[from, from + count)` into the set. */
export function setBits(map: Uint32Array, from: number, count: number): void {
  const last = from + count - 1;
  const first = from >>> 5;
  const end = last >>> 5;
  if (first === end) {
    map[first] = (map[first] as number) | (upFrom(from & 31) & upTo((last & 31) + 1));
    return;
  }
  map[first] = (map[first] as number) | upFrom(from & 31);
  for (let i = first + 1; i < end; i++) map[i] = 0xffff_ffff;
  map[end] = (map[end] as number) | upTo((last & 31) + 1);
}

/** Takes `[from, from + count)` out of the set. */
export function clearBits(map: Uint32Array, from: number, count: number): void {
  const last = from + count - 1;
  const first = from >>> 5;
  const end = last >>> 5;
  if (first === end) {
    map[first] = (map[first] as number) & ~(upFrom(from & 31) & upTo((last & 31) + 1));
    return;
  }
  map[first] = (map[first] as number) & ~upFrom(from & 31);
  for (let i = first + 1; i < end; i++) map[i] = 0;
  map[end] = (map[end] as number) & ~upTo((last & 31) + 1);
}

/** The first number in `[from, end)` that is (`wanted` true) or is not in the set; `end` when there is none. */
export function findBit(map: Uint32Array, from: number, end: number, wanted: boolean): number {
  const flip = wanted ? 0 : -1;
  for (let at = from; at < end;) {
    const word = ((map[at >>> 5] as number) ^ flip) & upFrom(at & 31);
    if (word !== 0) return Math.min(end, (at & ~31) + 31 - Math.clz32(word & -word));
    at = (at & ~31) + 32;
  }
  return end;
}
