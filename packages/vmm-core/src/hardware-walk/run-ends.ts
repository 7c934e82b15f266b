// Where a run of entries ends, found in their words without decoding them.

/** Whether one of `count` words from `at` on could not be read. */
export function isMissing(missing: Uint8Array, at: number, count: number): boolean {
  for (let i = at; i < at + count; i++) if (missing[i] === 1) return true;
  return false;
}

/** First entry from `i` on that differs from the given words. */
export function sameEnd(
  words: Uint32Array,
  at: number,
  i: number,
  end: number,
  stride: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
): number {
  if (stride === 2) {
    for (let p = at + 2 * i; i < end && words[p] === w0 && words[p + 1] === w1; p += 2) i++;
  } else if (stride === 1) {
    while (i < end && words[at + i] === w0) i++;
  } else {
    for (let p = at + 4 * i; i < end && words[p] === w0 && words[p + 1] === w1; p += 4) {
      if (words[p + 2] !== w2 || words[p + 3] !== w3) break;
      i++;
    }
  }
  return i;
}

/** First entry from `i` on that is not the page behind the one before it. */
export function contiguousEnd(
  words: Uint32Array,
  at: number,
  i: number,
  end: number,
  stride: number,
  w0: number,
  w1: number,
  step: number,
  keep: number,
): number {
  let last = w0;
  for (let p = at + i * stride; i < end; p += stride) {
    const word = words[p] as number;
    if (word - last !== step || ((word ^ last) & keep) !== 0 || (stride > 1 && words[p + 1] !== w1)) break;
    last = word;
    i++;
  }
  return i;
}
