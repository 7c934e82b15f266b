const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const LETTERS = ['', 'K', 'M', 'G', 'T', 'P'] as const;

/** An address or value in hexadecimal. */
export function hex(value: number | bigint): string {
  return `0x${(typeof value === 'bigint' ? value : BigInt(value)).toString(16)}`;
}

/** Bytes for people: exact, in the largest unit that divides them or else rounded to two digits. */
export function size(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const rounded = Number(value.toFixed(2));
  return `${rounded === value ? '' : '≈ '}${rounded} ${UNITS[unit] ?? ''}`;
}

/** A page size by its log2: 4K, 2M. */
export function shiftName(shift: number): string {
  const unit = Math.floor(shift / 10);
  return `${2 ** (shift - 10 * unit)}${LETTERS[unit] ?? ''}`;
}

/** A number with a noun. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : many}`;
}

/**
 * Reads an address that somebody typed: hexadecimal with or without 0x, underscores and blanks allowed.
 *
 * @returns `undefined` for anything else, and for more than 64 bits.
 */
export function parseAddress(text: string): bigint | undefined {
  const digits = text.replace(/[\s_]/g, '').replace(/^0x/i, '');
  if (!/^[0-9a-f]{1,32}$/i.test(digits)) return undefined;
  const value = BigInt(`0x${digits}`);
  return value < 1n << 64n ? value : undefined;
}

/** The names of the error numbers that operations return. */
const ERRORS: Readonly<Record<number, string>> = {
  2: 'ENOENT',
  7: 'E2BIG',
  12: 'ENOMEM',
  16: 'EBUSY',
  22: 'EINVAL',
  28: 'ENOSPC',
  38: 'ENOSYS',
};

/** A return code as a name: `ok`, `EINVAL`. */
export function returnName(ret: number): string {
  return ret === 0 ? 'ok' : (ERRORS[-ret] ?? String(ret));
}
