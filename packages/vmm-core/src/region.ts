import { RbNode } from '@nvmmu/rbtree';
import type { MemoryObject } from './memory-object.js';
import type { TagRecord } from './tags.js';

/** Page index that stands for "none" in a region, as it appears in dumps and in the `split` log line. */
export const PAGE_NONE = 7;

const USED = 1;
const MAPREF = 2;
const SPARSE = 4;
const PART = 8;
const BUSY = 16;
const MAPPED = 32;

/**
 * A region of address space (`nvkm_vma`): free, allocated, or a part of an allocation that a map split off. It is a
 * node of either the free tree or the tree of used regions, and of the list of all regions in address order.
 *
 * The flags share one small integer: regions are what an address space has most of.
 */
export class Region extends RbNode<Region> {
  addr: number;
  size: number;
  #flags = 0;
  /** Index of the page size asked for, and of the one that references are held at; {@link PAGE_NONE} for none. */
  page: number = PAGE_NONE;
  refd: number = PAGE_NONE;
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

  /** First address behind the region. */
  get end(): number {
    return this.addr + this.size;
  }

  /** Whether the region is allocated. */
  get used(): boolean {
    return (this.#flags & USED) !== 0;
  }
  set used(on: boolean) {
    this.#set(USED, on);
  }

  /** Whether maps take their own references on page tables. A free region keeps the flag of its last owner (KD-37). */
  get mapref(): boolean {
    return (this.#flags & MAPREF) !== 0;
  }
  set mapref(on: boolean) {
    this.#set(MAPREF, on);
  }

  /** Whether accesses to what is not mapped do not fault. A free region keeps the flag of its last owner (KD-37). */
  get sparse(): boolean {
    return (this.#flags & SPARSE) !== 0;
  }
  set sparse(on: boolean) {
    this.#set(SPARSE, on);
  }

  /** Whether the region was split off the one before it, of the same allocation. */
  get part(): boolean {
    return (this.#flags & PART) !== 0;
  }
  set part(on: boolean) {
    this.#set(PART, on);
  }

  /** Whether a map of the region is under way. */
  get busy(): boolean {
    return (this.#flags & BUSY) !== 0;
  }
  set busy(on: boolean) {
    this.#set(BUSY, on);
  }

  /** Whether the region is mapped: to `memory`, or to page frames where that is absent. */
  get mapped(): boolean {
    return (this.#flags & MAPPED) !== 0;
  }
  set mapped(on: boolean) {
    this.#set(MAPPED, on);
  }

  /** Takes over all flags and page indices of another region. */
  copyState(other: Region): void {
    this.#flags = other.#flags;
    this.page = other.page;
    this.refd = other.refd;
  }

  /** Makes the object as new, when the region is gone. */
  retire(): void {
    this.#flags = 0;
    this.page = this.refd = PAGE_NONE;
    this.prev = this.next = undefined;
    this.memory = undefined;
    this.tags = undefined;
    this.offset = 0;
  }

  #set(bit: number, on: boolean): void {
    this.#flags = on ? this.#flags | bit : this.#flags & ~bit;
  }
}
