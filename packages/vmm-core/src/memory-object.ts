import type { MemoryTarget } from '@nvmmu/ptcache';
import type { SourceKind } from './backend.js';
import { VmmError } from './errors.js';
import { hex, isAligned, pow2, toNumber } from './numbers.js';
import type { TagRecord } from './tags.js';

/** A piece of memory, addresses and lengths in bytes. */
export type Extent = readonly [addr: bigint, size: bigint];

/** Options of {@link MemoryObject.video}. */
export interface VideoMemoryOptions {
  /** log2 of the page size that all extents respect; default 12. Larger pages can't be used to map the object. */
  readonly page?: number;
  /** Memory type (bank-swizzle class) of the nv50 family; default 1. */
  readonly type?: number;
}

const PAGE_SHIFT = 12;

/**
 * Something that can be mapped: a list of pieces of video memory, or of host memory. Immutable but for the compression
 * tags that its mappings share. It has no owner: the same object may be mapped any number of times, in any number of
 * address spaces of one device.
 */
export class MemoryObject {
  readonly target: MemoryTarget;
  /** log2 of the page size that the pieces promise to respect. */
  readonly pageShift: number;
  /** Bytes in all. */
  readonly size: number;
  readonly kind: SourceKind;
  /** Start of each piece in bytes; of each 4 KiB page for kind `pages`. */
  readonly starts: Float64Array;
  /** Length of each piece in bytes; empty for kind `pages`. */
  readonly lengths: Float64Array;
  /** Memory type of the nv50 family. */
  readonly type: number;
  /** Mappings that use the object. */
  references = 0;
  /**
   * The device that the object is mapped on.
   *
   * @internal
   */
  owner: object | undefined = undefined;
  /**
   * Compression tags; see `TagAllocator`.
   *
   * @internal
   */
  tags: TagRecord | undefined = undefined;

  private constructor(
    target: MemoryTarget,
    kind: SourceKind,
    pageShift: number,
    type: number,
    starts: Float64Array,
    lengths: Float64Array,
    size: number,
  ) {
    this.target = target;
    this.kind = kind;
    this.pageShift = pageShift;
    this.type = type;
    this.starts = starts;
    this.lengths = lengths;
    this.size = size;
  }

  /**
   * Video memory from extents.
   *
   * @throws VmmError `EINVAL` when there are no extents, or one is not a multiple of the page size or is out of range.
   */
  static video(extents: readonly Extent[], options: VideoMemoryOptions = {}): MemoryObject {
    const page = options.page ?? PAGE_SHIFT;
    if (!Number.isInteger(page) || page < PAGE_SHIFT || page > 63) {
      throw new VmmError('EINVAL', `page shift ${page} of video memory is not from 12 to 63`);
    }
    return MemoryObject.#pieces('vram', 'extents', extents, page, options.type ?? 1);
  }

  /**
   * Host memory from a scatter list.
   *
   * @throws VmmError `EINVAL` when the list is empty, or a piece is not a multiple of 4 KiB or is out of range.
   */
  static scatter(target: 'host' | 'ncoh', pieces: readonly Extent[]): MemoryObject {
    return MemoryObject.#pieces(target, 'scatter', pieces, PAGE_SHIFT, 0);
  }

  /**
   * Host memory from the addresses of its 4 KiB pages.
   *
   * @throws VmmError `EINVAL` when the list is empty, or an address is not a multiple of 4 KiB or is out of range.
   */
  static pages(target: 'host' | 'ncoh', addrs: Iterable<bigint>): MemoryObject {
    const starts = Float64Array.from(addrs, (addr, i) => checkedMultiple(addr, PAGE_SHIFT, `page ${i}`));
    return MemoryObject.#list(target, starts);
  }

  /**
   * Host memory of `count` pages of 4 KiB, one behind the other.
   *
   * @throws VmmError `EINVAL` when `count` is not a positive integer or the range is out of bounds.
   */
  static pageRange(target: 'host' | 'ncoh', addr: bigint, count: number): MemoryObject {
    const start = checkedMultiple(addr, PAGE_SHIFT, 'page range');
    if (!Number.isInteger(count) || count < 1 || count > 2 ** 32) {
      throw new VmmError('EINVAL', `page range of ${count} pages`);
    }
    const starts = new Float64Array(count);
    for (let i = 0; i < count; i++) starts[i] = start + i * pow2(PAGE_SHIFT);
    return MemoryObject.#list(target, starts);
  }

  static #list(target: 'host' | 'ncoh', starts: Float64Array): MemoryObject {
    if (starts.length === 0) throw new VmmError('EINVAL', 'memory object without pages');
    const size = starts.length * pow2(PAGE_SHIFT);
    return new MemoryObject(target, 'pages', PAGE_SHIFT, 0, starts, new Float64Array(0), size);
  }

  static #pieces(
    target: MemoryTarget,
    kind: SourceKind,
    pieces: readonly Extent[],
    pageShift: number,
    type: number,
  ): MemoryObject {
    if (pieces.length === 0) throw new VmmError('EINVAL', 'memory object without extents');
    const starts = new Float64Array(pieces.length);
    const lengths = new Float64Array(pieces.length);
    let size = 0;
    pieces.forEach(([addr, length], i) => {
      starts[i] = checkedMultiple(addr, pageShift, `extent ${i}: address`);
      const bytes = checkedMultiple(length, pageShift, `extent ${i}: length`);
      if (bytes === 0) throw new VmmError('EINVAL', `extent ${i}: length 0x0`);
      lengths[i] = bytes;
      size += bytes;
    });
    return new MemoryObject(target, kind, pageShift, type, starts, lengths, size);
  }
}

function checkedMultiple(value: bigint, shift: number, what: string): number {
  const number = toNumber(value);
  if (number === undefined) throw new VmmError('EINVAL', `${what} ${hex(value)} is out of range`);
  if (!isAligned(number, shift)) {
    throw new VmmError('EINVAL', `${what} ${hex(value)} is not a multiple of ${hex(pow2(shift))}`);
  }
  return number;
}
