import { RbTree } from '@nvmmu/rbtree';
import { AlignIndex } from './align-index.js';
import { InvariantError } from './errors.js';
import { alignDown, alignUp, hex, highLane } from './numbers.js';
import { keyLow, PAGE_NONE, Region } from './region.js';
import { UsedRegions } from './used-regions.js';

/** Regions that are tried one by one before the index for the alignment is asked. */
const PATIENCE = 16;
/** Region objects that are kept for later. */
const MAX_SPARES = 1024;

/**
 * The regions of an address space: a tree of free ones ordered by size and address, the used ones by address, and a list
 * of all in address order.
 */
export class RegionMap {
  readonly #alignIndex = new AlignIndex();
  readonly #free = new RbTree<Region>((a, b) => a.size - b.size || a.addr - b.addr, {
    update: (region) => this.#alignIndex.update(region),
  });
  readonly #used = new UsedRegions();
  readonly #pageBlockShift: number;
  /** What `find` found last: calls often come in pairs on one region. */
  #found: Region | undefined = undefined;
  /** Regions that are gone, to be made again. */
  readonly #spares: Region[] = [];
  #first: Region | undefined = undefined;

  /**
   * Makes an empty map.
   *
   * @param pageBlockShift - log2 of the blocks that hold one page size only, or 0.
   */
  constructor(pageBlockShift: number) {
    this.#pageBlockShift = pageBlockShift;
  }

  /** The region with the lowest address. */
  get first(): Region | undefined {
    return this.#first;
  }

  /** The used region with the lowest address. */
  get firstUsed(): Region | undefined {
    const first = this.#first;
    // Two free regions are never neighbours.
    return first?.used === false ? first.next : first;
  }

  /** All regions in address order. */
  *[Symbol.iterator](): IterableIterator<Region> {
    for (let region = this.#first; region !== undefined; region = region.next) yield region;
  }

  /** Adds a region behind all others. */
  append(region: Region): void {
    let last = this.#first;
    while (last?.next !== undefined) last = last.next;
    if (last === undefined) this.#first = region;
    else {
      last.next = region;
      region.prev = last;
    }
    if (region.used) this.#used.insert(region);
    else this.#insertFree(region);
  }

  /** The used region that contains an address. */
  find(addr: number): Region | undefined {
    const last = this.#found;
    if (last?.used === true && addr >= last.addr && addr < last.end) return last;
    const exact = this.#used.startingAt(addr);
    if (exact !== undefined) {
      this.#found = exact;
      return exact;
    }
    const below = this.#used.floor(addr);
    if (below === undefined || addr >= below.end) return undefined;
    this.#found = below;
    return below;
  }

  /**
   * Takes `size` bytes aligned to 2^align out of the smallest free region (of equal ones the lowest) that can hold them.
   *
   * @param page - Index of the page size; where blocks hold one size only, neighbours of another one keep a distance.
   * @returns The region, in neither tree, or `undefined` when nothing is large enough.
   */
  take(size: number, align: number, page: number): Region | undefined {
    const region = this.#fitting(size, align, page);
    return region === undefined ? undefined : this.#carve(region, this.#place(region, size, align, page), size);
  }

  /** Whether {@link take} would find a region. */
  fits(size: number, align: number, page: number): boolean {
    return this.#fitting(size, align, page) !== undefined;
  }

  #fitting(size: number, align: number, page: number): Region | undefined {
    let tries = 0;
    for (let region = this.#smallestFrom(size); region !== undefined; region = this.#free.next(region)) {
      if (this.#place(region, size, align, page) >= 0) return region;
      if (++tries === PATIENCE) return this.#fittingIndexed(size, align, page, region);
    }
    return undefined;
  }

  /** Goes on with a search behind `after`, with the help of the index. */
  #fittingIndexed(size: number, align: number, page: number, after: Region): Region | undefined {
    let region = this.#alignIndex.find(this.#free, size, align, after);
    // Room enough, but for the distance from neighbours of another page size.
    while (region !== undefined && this.#place(region, size, align, page) < 0) {
      region = this.#alignIndex.find(this.#free, size, align, region);
    }
    return region;
  }

  /** Where `size` bytes go in a free region, or -1 when they do not. */
  #place(region: Region, size: number, align: number, page: number): number {
    const block = this.#pageBlockShift;
    let { addr } = region;
    let end = addr + region.size;
    if (block > 0) {
      const { prev, next } = region;
      if (prev !== undefined && prev.page !== page) addr = alignUp(addr, block);
      if (next !== undefined && next.page !== page) end = alignDown(end, block);
    }
    addr = alignUp(addr, align);
    return addr <= end && end - addr >= size ? addr : -1;
  }

  /** The smallest free region of at least `size` bytes. */
  #smallestFrom(size: number): Region | undefined {
    const hi = highLane(size);
    const lo = keyLow(size);
    let found: Region | undefined;
    let region = this.#free.root;
    while (region !== undefined) {
      const at = region.sizeHi;
      if (at === hi ? region.sizeLo < lo : at < hi) {
        region = region.right;
      } else {
        found = region;
        region = region.left;
      }
    }
    return found;
  }

  /** Takes `[addr, addr + size)` out of a free region that holds it. The result is in neither tree. */
  #carve(region: Region, addr: number, size: number): Region {
    const wasLargest = region === this.#free.last();
    const rest = region.end - addr - size;
    const tail = rest > 0 ? this.#tail(region, rest) : undefined;
    if (tail !== undefined && wasLargest && (this.#free.prev(region)?.size ?? 0) < rest) {
      // It is the largest again: it can have the place.
      this.#free.replace(region, tail);
    } else {
      this.#free.erase(region);
      if (tail !== undefined) this.#insertFree(tail);
    }
    let taken = region;
    if (addr !== region.addr) {
      taken = this.#tail(region, size);
      this.#insertFree(region);
    }
    return taken;
  }

  /** Makes a region that is in neither tree a used one. */
  use(region: Region): void {
    region.used = true;
    // An allocation is usually mapped at once.
    this.#found = region;
    this.#used.insert(region);
  }

  /** Takes a region out of the used ones, to be given to {@link release}. */
  unuse(region: Region): void {
    this.#used.erase(region);
    region.used = false;
  }

  /** Makes a region that is in neither tree free, together with free neighbours. */
  release(region: Region): void {
    const { prev, next } = region;
    if (prev !== undefined && !prev.used) {
      region.addr = prev.addr;
      region.size += prev.size;
      this.#free.erase(prev);
      this.#unlink(prev);
    }
    if (next === undefined || next.used) {
      this.#insertFree(region);
      return;
    }
    region.size += next.size;
    if (next === this.#free.last()) {
      // It stays the largest.
      this.#free.replace(next, region);
    } else {
      this.#free.erase(next);
      this.#insertFree(region);
    }
    this.#unlink(next);
  }

  /** Makes `[addr, addr + size)` of a used region a region of its own; pieces that do not start it are parts. */
  split(region: Region, addr: number, size: number): Region {
    let piece = region;
    if (piece.addr !== addr) {
      piece = this.#tail(piece, piece.end - addr);
      piece.part = true;
      this.#used.insert(piece);
    }
    if (piece.size !== size) {
      const rest = this.#tail(piece, piece.size - size);
      rest.part = true;
      this.#used.insert(rest);
    }
    return piece;
  }

  /**
   * Lets `size` bytes of a used region go over to a neighbour: all of it to either or both, or its end to `next`, or its
   * beginning to `prev`.
   *
   * @returns The region that has the bytes now.
   */
  merge(prev: Region | undefined, region: Region, next: Region | undefined, size: number): Region {
    if (region.size === size) {
      if (next !== undefined) {
        region.size += next.size;
        this.#delete(next);
      }
      if (prev === undefined) return region;
      prev.size += region.size;
      this.#delete(region);
      return prev;
    }
    if (next !== undefined) {
      if (prev !== undefined)
        throw new InvariantError(`merging a piece of the region at ${hex(region.addr)} both ways`);
      // Neither key passes another region's: the trees stay in order.
      region.size -= size;
      this.#used.move(next, next.addr - size);
      next.size += size;
      return next;
    }
    if (prev === undefined) return region;
    prev.size += size;
    this.#used.move(region, region.addr + size);
    region.size -= size;
    return prev;
  }

  /** Checks trees and list against each other; see `verify`. */
  verify(start: number, limit: number): void {
    this.#free.verify();
    this.#used.verify();
    let at = start;
    let free = 0;
    let used = 0;
    for (const region of this) {
      const place = `region at ${hex(region.addr)}`;
      if (region.addr !== at) throw new InvariantError(`${place} does not begin where the one before ends, ${hex(at)}`);
      if (region.size <= 0) throw new InvariantError(`${place} is empty`);
      if (region.next !== undefined && region.next.prev !== region) throw new InvariantError(`${place}: broken list`);
      if (!region.isLinked) throw new InvariantError(`${place} is in no tree`);
      if (region.used) {
        used++;
        if (this.#used.floor(region.addr) !== region) throw new InvariantError(`${place} is not found in its tree`);
        if (region.part && region.prev?.used !== true) throw new InvariantError(`${place} is a part of nothing`);
      } else {
        free++;
        if (region.prev?.used === false) throw new InvariantError(`${place} is free like the one before`);
        if (region.mapped || region.memory !== undefined || region.refd !== PAGE_NONE) {
          throw new InvariantError(`${place} is free but mapped or referenced`);
        }
      }
      at = region.end;
    }
    if (at !== limit) throw new InvariantError(`regions end at ${hex(at)}, not at ${hex(limit)}`);
    if (free !== this.#free.size || used !== this.#used.size) throw new InvariantError('regions and trees differ');
  }

  /** Cuts the last `size` bytes off a region; the new region has its state but is in no tree. */
  #tail(region: Region, size: number): Region {
    if (size <= 0 || size >= region.size) throw new InvariantError(`cutting ${hex(size)} off ${hex(region.size)}`);
    const tail = this.#make(region.end - size, size);
    region.size -= size;
    tail.copyState(region);
    tail.prev = region;
    tail.next = region.next;
    if (region.next !== undefined) region.next.prev = tail;
    region.next = tail;
    return tail;
  }

  #insertFree(region: Region): void {
    const { sizeLo, sizeHi } = region;
    let parent: Region | undefined;
    let at = this.#free.root;
    let left = false;
    while (at !== undefined) {
      parent = at;
      if (sizeHi !== at.sizeHi) left = sizeHi < at.sizeHi;
      else if (sizeLo !== at.sizeLo) left = sizeLo < at.sizeLo;
      else left = region.addr < at.addr;
      at = left ? at.left : at.right;
    }
    this.#free.insertAt(region, parent, left);
  }

  #delete(region: Region): void {
    this.#used.erase(region);
    this.#unlink(region);
  }

  #unlink(region: Region): void {
    const { prev, next } = region;
    if (prev === undefined) this.#first = next;
    else prev.next = next;
    if (next !== undefined) next.prev = prev;
    region.retire();
    if (this.#spares.length < MAX_SPARES) this.#spares.push(region);
  }

  #make(addr: number, size: number): Region {
    const region = this.#spares.pop();
    if (region === undefined) return new Region(addr, size);
    region.addr = addr;
    region.size = size;
    return region;
  }
}
