/** 2^64, the bound of every quantity in a script. */
export const U64_END: bigint = 1n << 64n;

const CANONICAL = /^0x(?:0|[1-9a-f][0-9a-f]*)$/;

/** A 64-bit quantity as scripts and results write it: lower-case hexadecimal with `0x` and no leading zeros. */
export function formatHex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

/** A 64-bit quantity as 16 lower-case hexadecimal digits without a prefix, as VMA lines have it. */
export function formatHex16(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}

/**
 * Reads a 64-bit quantity.
 *
 * @returns The value, or what is wrong with the text.
 */
export function parseHex(text: string): bigint | string {
  if (!CANONICAL.test(text)) {
    if (/^0x0[0-9a-f]+$/.test(text)) return 'has leading zeros';
    if (/^0x[0-9a-f]+$/i.test(text)) return 'has upper-case digits';
    return 'is not a hexadecimal string such as "0x1000"';
  }
  if (text.length > 18) return 'does not fit 64 bits';
  return BigInt(text);
}
