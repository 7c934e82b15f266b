import { RbNode } from '@nvmmu/rbtree';
import type { MemoryObject } from './memory-object.js';
import { highLane } from './numbers.js';
import type { TagRecord } from './tags.js';

/** Page index that stands for "none" in a region, as it appears in dumps and in the `split` log line. */
export const PAGE_NONE = 7;

/**
 * State of a new region: no flags, no page sizes. Bits: 0 used, 1 mapref, 2 sparse, 3 part, 4 busy, 5 mapped; 6 to 8 page,
 * 9 to 11 refd.
 */
const NEW = (PAGE_NONE << 6) | (PAGE_NONE << 9);

/**
 * A region of address space (`nvkm_vma`): free, allocated, or a part of an allocation that a map split off. It is a
 * node of the free tree or, if need be, of the tree of used regions, and of the list of all regions in address order.
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
  /** Flags and page sizes. */
  state: number = NEW;
  /** Neighbours in address order. */
  prev: Region | undefined = undefined;
  next: Region | undefined = undefined;
  memory: MemoryObject | undefined = undefined;
  /** Byte of the object that the map starts with. */
  offset = 0;
  tags: TagRecord | undefined = undefined;
  /** While it is used: its place among those that are not in the tree yet, or -1; see `UsedRegions`. */
  waiting = -1;
  /** While it is free: for each alignment that `AlignIndex` looks after, the largest room in the subtree. */
  most: number[] | undefined = undefined;

  constructor(addr: number, size: number) {
    super();
    this.addr = addr;
    this.size = size;
  }

  // The accessors are short enough for V8 to inline them wherever they are used (27 bytes of bytecode): numbers instead of
  // names, and no helpers.

  /** First address. */
  get addr(): number {
    return this.addrHi * 0x1_0000_0000 + (this.addrLo + 0x8000_0000);
  }
  set addr(addr: number) {
    this.addrLo = keyLow(addr);
    this.addrHi = highLane(addr);
  }

  /** Bytes. */
  get size(): number {
    return this.sizeHi * 0x1_0000_0000 + (this.sizeLo + 0x8000_0000);
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
    return (this.state >> 6) & 7;
  }
  set page(page: number) {
    this.state = (this.state & ~0x1c0) | (page << 6);
  }

  /** Index of the page size that references are held at; {@link PAGE_NONE} for none. */
  get refd(): number {
    return (this.state >> 9) & 7;
  }
  set refd(page: number) {
    this.state = (this.state & ~0xe00) | (page << 9);
  }

  /** Whether the region is allocated. */
  get used(): boolean {
    return (this.state & 1) !== 0;
  }
  set used(on: boolean) {
    this.state = (this.state & ~1) | +on;
  }

  /** Whether maps take their own references on page tables. A free region keeps the flag of its last owner (KD-37). */
  get mapref(): boolean {
    return (this.state & 2) !== 0;
  }
  set mapref(on: boolean) {
    this.state = (this.state & ~2) | (+on << 1);
  }

  /** Whether accesses to what is not mapped do not fault. A free region keeps the flag of its last owner (KD-37). */
  get sparse(): boolean {
    return (this.state & 4) !== 0;
  }
  set sparse(on: boolean) {
    this.state = (this.state & ~4) | (+on << 2);
  }

  /** Whether the region was split off the one before it, of the same allocation. */
  get part(): boolean {
    return (this.state & 8) !== 0;
  }
  set part(on: boolean) {
    this.state = (this.state & ~8) | (+on << 3);
  }

  /** Whether a map of the region is under way. */
  get busy(): boolean {
    return (this.state & 16) !== 0;
  }
  set busy(on: boolean) {
    this.state = (this.state & ~16) | (+on << 4);
  }

  /** Whether the region is mapped: to `memory`, or to page frames where that is absent. */
  get mapped(): boolean {
    return (this.state & 32) !== 0;
  }
  set mapped(on: boolean) {
    this.state = (this.state & ~32) | (+on << 5);
  }

  /** Takes over all flags and page indices of another region. */
  copyState(other: Region): void {
    this.state = other.state;
  }

  /** Makes the object as new, when the region is gone. */
  retire(): void {
    this.state = NEW;
    this.prev = this.next = undefined;
    this.memory = undefined;
    this.tags = undefined;
    this.offset = 0;
  }
}

/** The low lane of an address or size as regions keep it, less 2^31: a small integer with the order of the lane. */
export function keyLow(value: number): number {
  return value ^ 0x8000_0000;
}
