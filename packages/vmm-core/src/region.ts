import { RbNode } from '@nvmmu/rbtree';
import type { MemoryObject } from './memory-object.js';
import { highLane, LANE } from './numbers.js';
import type { TagRecord } from './tags.js';

/** Page index that stands for "none" in a region, as it appears in dumps and in the `split` log line. */
export const PAGE_NONE = 7;

const USED = 1;
const MAPREF = 2;
const SPARSE = 4;
const PART = 8;
const BUSY = 16;
const MAPPED = 32;
const PAGE_SHIFT = 6;
const REFD_SHIFT = 9;
const PAGE_MASK = 7;

/** State of a new region: no flags, no page sizes. */
const NEW = (PAGE_NONE << PAGE_SHIFT) | (PAGE_NONE << REFD_SHIFT);

/** 2^31: what the low lane of a key is smaller by, so that it is a small integer with the order of unsigned ones. */
const BIAS = 0x8000_0000;

/**
 * A region of address space (`nvkm_vma`): free, allocated, or a part of an allocation that a map split off. It is a
 * node of either the free tree or the tree of used regions, and of the list of all regions in address order.
 *
 * Regions are what an address space has most of, and searches go through them: V8 keeps a double in an object of its
 * own, a cache miss away, and small integers in place. So address and size are kept as two lanes each, and flags and
 * page sizes share one integer.
 */
export class Region extends RbNode<Region> {
  /** Bits 31:0 of the address, less 2^31; see {@link keyLow}. */
  addrLo = 0;
  /** Bits 63:32 of the address. */
  addrHi = 0;
  /** As of the address. */
  sizeLo = 0;
  sizeHi = 0;
  #state = NEW;
  /** Neighbours in address order. */
  prev: Region | undefined = undefined;
  next: Region | undefined = undefined;
  memory: MemoryObject | undefined = undefined;
  /** Byte of the object that the map starts with. */
  offset = 0;
  tags: TagRecord | undefined = undefined;
  /** While it is free: for each alignment that `AlignIndex` looks after, the largest room in the subtree. */
  most: number[] | undefined = undefined;

  constructor(addr: number, size: number) {
    super();
    this.addr = addr;
    this.size = size;
  }

  /** First address. */
  get addr(): number {
    return this.addrHi * LANE + (this.addrLo + BIAS);
  }
  set addr(addr: number) {
    this.addrLo = keyLow(addr);
    this.addrHi = highLane(addr);
  }

  /** Bytes. */
  get size(): number {
    return this.sizeHi * LANE + (this.sizeLo + BIAS);
  }
  set size(size: number) {
    this.sizeLo = keyLow(size);
    this.sizeHi = highLane(size);
  }

  /** First address behind the region. */
  get end(): number {
    return this.addr + this.size;
  }

  /** Index of the page size asked for; {@link PAGE_NONE} for none. */
  get page(): number {
    return (this.#state >> PAGE_SHIFT) & PAGE_MASK;
  }
  set page(page: number) {
    this.#state = (this.#state & ~(PAGE_MASK << PAGE_SHIFT)) | (page << PAGE_SHIFT);
  }

  /** Index of the page size that references are held at; {@link PAGE_NONE} for none. */
  get refd(): number {
    return (this.#state >> REFD_SHIFT) & PAGE_MASK;
  }
  set refd(page: number) {
    this.#state = (this.#state & ~(PAGE_MASK << REFD_SHIFT)) | (page << REFD_SHIFT);
  }

  /** Whether the region is allocated. */
  get used(): boolean {
    return (this.#state & USED) !== 0;
  }
  set used(on: boolean) {
    this.#set(USED, on);
  }

  /** Whether maps take their own references on page tables. A free region keeps the flag of its last owner (KD-37). */
  get mapref(): boolean {
    return (this.#state & MAPREF) !== 0;
  }
  set mapref(on: boolean) {
    this.#set(MAPREF, on);
  }

  /** Whether accesses to what is not mapped do not fault. A free region keeps the flag of its last owner (KD-37). */
  get sparse(): boolean {
    return (this.#state & SPARSE) !== 0;
  }
  set sparse(on: boolean) {
    this.#set(SPARSE, on);
  }

  /** Whether the region was split off the one before it, of the same allocation. */
  get part(): boolean {
    return (this.#state & PART) !== 0;
  }
  set part(on: boolean) {
    this.#set(PART, on);
  }

  /** Whether a map of the region is under way. */
  get busy(): boolean {
    return (this.#state & BUSY) !== 0;
  }
  set busy(on: boolean) {
    this.#set(BUSY, on);
  }

  /** Whether the region is mapped: to `memory`, or to page frames where that is absent. */
  get mapped(): boolean {
    return (this.#state & MAPPED) !== 0;
  }
  set mapped(on: boolean) {
    this.#set(MAPPED, on);
  }

  /** Takes over all flags and page indices of another region. */
  copyState(other: Region): void {
    this.#state = other.#state;
  }

  /** Makes the object as new, when the region is gone. */
  retire(): void {
    this.#state = NEW;
    this.prev = this.next = undefined;
    this.memory = undefined;
    this.tags = undefined;
    this.offset = 0;
  }

  #set(bit: number, on: boolean): void {
    this.#state = on ? this.#state | bit : this.#state & ~bit;
  }
}

/** The low lane of an address or size as regions keep it: what compares like the lane is a 32-bit signed integer. */
export function keyLow(value: number): number {
  return (value ^ BIAS) | 0;
}
