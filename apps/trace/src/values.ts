const UNITS = ['', 'K', 'M', 'G', 'T', 'P', 'E'] as const;

/** A size in the largest unit that divides it: `64K`, `2M`, `32 bytes`; hexadecimal where that says more. */
export function formatSize(size: bigint | number): string {
  let value = BigInt(size);
  if (value === 0n) return '0';
  let unit = 0;
  while (value % 1024n === 0n && unit < UNITS.length - 1) {
    value /= 1024n;
    unit++;
  }
  // A large odd number says less than its hexadecimal form.
  if (value > 99_999n) return formatHex(size);
  if (unit === 0) return value === 1n ? '1 byte' : `${value} bytes`;
  return `${value}${UNITS[unit] ?? ''}`;
}

/** A page size from its shift: `4K`, `64K`, `2M`. */
export function formatShift(shift: number): string {
  return shift < 63 ? formatSize(1n << BigInt(shift)) : `2^${shift}`;
}

/** Hexadecimal with `0x`. */
export function formatHex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

/** `1 page`, `2 pages`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
