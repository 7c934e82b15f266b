import { hex, PAGE_BYTES, type MemoryProvider, type MemoryTarget, type TableMemory } from './memory.js';

/** Options of a `BumpProvider`. */
export interface BumpProviderOptions {
  /** First address that may be handed out, in bytes; 0x100000 by default. */
  readonly base?: number;
  /** End of the memory, in bytes: an allocation that would pass it fails. Unlimited by default. */
  readonly limit?: number;
  /** Where the memory lives; `vram` by default. */
  readonly target?: MemoryTarget;
  /** Called after each allocation, instance blocks included. */
  readonly onAllocate?: (memory: TableMemory, zero: boolean) => void;
  /** Called after each release. */
  readonly onFree?: (memory: TableMemory) => void;
}

/**
 * Small allocations are cut from slabs of this many bytes: an ArrayBuffer of its own costs more than a page of zeros. All
 * providers cut from the same one, since many have no more than a few tables.
 */
const SLAB_BYTES = 0x4_0000;
const SLAB_SHARE = 0x1_0000;
let slab = new ArrayBuffer(0);
let slabUsed = 0;

/** Bytes that are kept for other allocations. */
const SPARE_BYTES = 0x100_0000;

/**
 * Words of allocations that are gone, by size, for later ones of any provider: addresses are never used twice, but
 * bytes are. What is in them is always overwritten, and memory that the process has touched before costs much less than
 * fresh memory, whose pages the system has to find first.
 */
const spares = new Map<number, Uint32Array[]>();
let spareBytes = 0;

/** What memory that was not asked for zeroed is filled with, so that a missing write shows. */
const POISON = 0xcccccccc;

/** An allocation, which knows where the provider lists it. */
class Allocation implements TableMemory {
  readonly addr: number;
  readonly size: number;
  readonly target: MemoryTarget;
  readonly words: Uint32Array;
  index: number;

  constructor(addr: number, size: number, target: MemoryTarget, words: Uint32Array, index: number) {
    this.addr = addr;
    this.size = size;
    this.target = target;
    this.words = words;
    this.index = index;
  }
}

/**
 * The deterministic memory of a simulated device: addresses only rise and are never used twice, every allocation
 * begins on a 4 KiB boundary at least, and memory that is not zeroed starts as 0xcc bytes. A failure can be injected.
 * It has no counterpart in the driver.
 */
export class BumpProvider implements MemoryProvider {
  readonly #target: MemoryTarget;
  readonly #limit: number;
  readonly #onAllocate: ((memory: TableMemory, zero: boolean) => void) | undefined;
  readonly #onFree: ((memory: TableMemory) => void) | undefined;
  /** Allocations in order of their addresses, since those only rise; gaps where one is gone. */
  #allocations: (Allocation | undefined)[] = [];
  /** Their addresses, those of gaps too. */
  #starts: number[] = [];
  #live = 0;
  #cursor: number;
  #failAfter: number | undefined = undefined;

  /** Makes a provider with nothing allocated. Throws `RangeError` for a base or limit that is no address. */
  constructor(options: BumpProviderOptions = {}) {
    const { base = 0x100000, limit = Number.MAX_SAFE_INTEGER } = options;
    if (!Number.isSafeInteger(base) || base < 0) throw new RangeError(`base ${hex(base)} is no address`);
    if (!Number.isSafeInteger(limit) || limit < 0) throw new RangeError(`limit ${hex(limit)} is no address`);
    this.#cursor = base;
    this.#limit = limit;
    this.#target = options.target ?? 'vram';
    this.#onAllocate = options.onAllocate;
    this.#onFree = options.onFree;
  }

  /** Lowest address that the next allocation can have, before it is aligned. */
  get cursor(): number {
    return this.#cursor;
  }

  /**
   * Allocates page-table memory: at `alignUp(cursor, max(align, 0x1000))`, the cursor moving behind it. Returns
   * `undefined` for an injected failure or beyond the limit, and the cursor stays. Throws `RangeError` for a size that
   * is no positive multiple of 4 or an alignment that is no power of two.
   */
  allocate(size: number, align: number, zero: boolean): TableMemory | undefined {
    checkRequest(size, align);
    if (this.#failAfter === 0) {
      this.#failAfter = undefined;
      return undefined;
    }
    const memory = this.#take(size, align, zero);
    if (memory !== undefined && this.#failAfter !== undefined) this.#failAfter--;
    return memory;
  }

  /**
   * Allocates a zeroed instance block of `size` bytes from the same cursor. It neither counts for an injected failure
   * nor suffers one. Returns `undefined` beyond the limit.
   */
  allocateInstance(size: number): TableMemory | undefined {
    checkRequest(size, PAGE_BYTES);
    return this.#take(size, PAGE_BYTES, true);
  }

  /** Takes memory back; its bytes may serve a later allocation. Throws `TypeError` if it is not a live allocation of this provider. */
  free(memory: TableMemory): void {
    const index = memory instanceof Allocation ? memory.index : -1;
    if (index < 0 || this.#allocations[index] !== memory) {
      throw new TypeError(`memory at ${hex(memory.addr)} is not a live allocation of this provider`);
    }
    this.#allocations[index] = undefined;
    this.#live--;
    keep(memory);
    if (this.#starts.length > 64 && this.#starts.length > 2 * this.#live) this.#closeGaps();
    this.#onFree?.(memory);
  }

  /**
   * Arms one failure: of the coming calls of `allocate`, the one after the next `count` successful ones fails. A later
   * call replaces it, `undefined` disarms it. Throws `RangeError` for a count that is no whole number from 0.
   */
  failAfter(count: number | undefined): void {
    if (count !== undefined && (!Number.isSafeInteger(count) || count < 0)) {
      throw new RangeError(`cannot fail after ${count} allocations`);
    }
    this.#failAfter = count;
  }

  /** The live allocations in order of their addresses. */
  allocations(): TableMemory[] {
    return this.#allocations.filter((memory) => memory !== undefined);
  }

  /** The live allocation that contains a byte address, or `undefined`. */
  find(addr: number): TableMemory | undefined {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] as number) <= addr) low = middle + 1;
      else high = middle;
    }
    const memory = this.#allocations[low - 1];
    return memory !== undefined && addr < memory.addr + memory.size ? memory : undefined;
  }

  #take(size: number, align: number, zero: boolean): TableMemory | undefined {
    const unit = Math.max(align, PAGE_BYTES);
    const addr = Math.ceil(this.#cursor / unit) * unit;
    if (addr + size > this.#limit) return undefined;
    const words = wordsFor(size, zero);
    const memory = new Allocation(addr, size, this.#target, words, this.#starts.length);
    this.#cursor = addr + size;
    this.#allocations.push(memory);
    this.#starts.push(addr);
    this.#live++;
    this.#onAllocate?.(memory, zero);
    return memory;
  }

  #closeGaps(): void {
    const kept = this.#allocations.filter((memory) => memory !== undefined);
    kept.forEach((memory, index) => (memory.index = index));
    this.#allocations = kept;
    this.#starts = kept.map(({ addr }) => addr);
  }
}

/** Words for an allocation: of one that is gone, of the slab, or of their own. */
function wordsFor(size: number, zero: boolean): Uint32Array {
  const spare = spares.get(size)?.pop();
  if (spare !== undefined) {
    spareBytes -= size;
    return spare.fill(zero ? 0 : POISON);
  }
  let words: Uint32Array;
  if (size > SLAB_SHARE) {
    words = new Uint32Array(size / 4);
  } else {
    if (slabUsed + size > slab.byteLength) {
      slab = new ArrayBuffer(SLAB_BYTES);
      slabUsed = 0;
    }
    words = new Uint32Array(slab, slabUsed, size / 4);
    slabUsed += size;
  }
  return zero ? words : words.fill(POISON);
}

/** Keeps the words of an allocation that is gone, if there is room. */
function keep({ size, words }: TableMemory): void {
  if (size > SLAB_SHARE || spareBytes + size > SPARE_BYTES) return;
  const kept = spares.get(size);
  if (kept === undefined) spares.set(size, [words]);
  else kept.push(words);
  spareBytes += size;
}

function checkRequest(size: number, align: number): void {
  if (!Number.isSafeInteger(size) || size <= 0 || size % 4 !== 0) {
    throw new RangeError(`size ${hex(size)} is not a positive multiple of 4`);
  }
  if (!isPowerOfTwo(align)) {
    throw new RangeError(`alignment ${hex(align)} is not a power of two`);
  }
}

function isPowerOfTwo(value: number): boolean {
  if (value > 0 && value <= 0x4000_0000) return (value & (value - 1)) === 0 && Number.isInteger(value);
  return Number.isSafeInteger(value) && value > 0 && 2 ** Math.round(Math.log2(value)) === value;
}
