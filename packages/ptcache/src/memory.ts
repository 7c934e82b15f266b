/** Where page-table memory lives: video memory, coherent host memory, or non-coherent host memory. */
export type MemoryTarget = 'vram' | 'host' | 'ncoh';

/** One allocation of page-table memory, as a provider hands it out. The object itself is the handle. */
export interface TableMemory {
  /** Address in bytes, as the GPU sees it. */
  readonly addr: number;
  /** Size in bytes. */
  readonly size: number;
  /** Kind of memory, which decides the aperture bits of entries that point here. */
  readonly target: MemoryTarget;
  /** The contents, as 32-bit words: `size / 4` of them. */
  readonly words: Uint32Array;
}

/**
 * Where page-table memory comes from. The pool calls it only when it has nothing parked, so what a provider sees
 * is what a device would see.
 */
export interface MemoryProvider {
  /**
   * Allocates `size` bytes at an address that is a multiple of `align`, both in bytes, filled with zero if `zero` is
   * set and with anything otherwise. Returns `undefined` when there is no memory left.
   */
  allocate(size: number, align: number, zero: boolean): TableMemory | undefined;
  /** Takes back an allocation. The pool never uses the object again. */
  free(memory: TableMemory): void;
}

/** Smallest alignment of memory that a pool asks for, and the size of the tables that it cuts into slots. */
export const PAGE_BYTES = 0x1000;

/** Writes a number for a message. Addresses and sizes are hexadecimal. */
export function hex(value: number): string {
  return Number.isSafeInteger(value) ? `${value < 0 ? '-' : ''}0x${Math.abs(value).toString(16)}` : String(value);
}

/**
 * Refuses memory that is not what was asked for. Throws `RangeError` for an address or size that does not fit, and
 * `TypeError` for words that do not match the size.
 */
export function checkMemory(memory: TableMemory, size: number, align: number): void {
  const { addr, words } = memory;
  if (!Number.isSafeInteger(addr) || addr < 0) {
    throw new RangeError(`provider gave memory at ${hex(addr)}, which is no address`);
  }
  if (addr % align !== 0) {
    throw new RangeError(`provider gave memory at ${hex(addr)}, which is not aligned to ${hex(align)}`);
  }
  if (!Number.isSafeInteger(memory.size) || memory.size < size) {
    throw new RangeError(`provider gave ${hex(memory.size)} bytes at ${hex(addr)} where ${hex(size)} were asked for`);
  }
  if (!(words instanceof Uint32Array) || words.length * 4 !== memory.size) {
    const length = words instanceof Uint32Array ? `${words.length} words` : 'no Uint32Array';
    throw new TypeError(`provider gave ${length} for ${hex(memory.size)} bytes at ${hex(addr)}`);
  }
}
