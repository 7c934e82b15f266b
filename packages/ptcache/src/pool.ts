import { Bucket, BUCKET_LIMIT } from './bucket.js';
import { checkMemory, hex, PAGE_BYTES, type MemoryProvider, type TableMemory } from './memory.js';
import { Parent } from './parent.js';
import { PooledTable } from './table.js';

/** Counts of a pool at one moment. Sizes are bytes. */
export interface PoolStats {
  /** Tables that are handed out; each slot of a parent counts as one, the parents themselves do not. */
  readonly live: number;
  /** Highest value that `live` has had. */
  readonly peak: number;
  /** Tables that are parked for reuse. */
  readonly cached: number;
  /** Bytes held from the provider, for live tables, parked tables and parents. */
  readonly bytes: number;
  /** Highest value that `bytes` has had. */
  readonly peakBytes: number;
  /** The part of `bytes` that is parked. */
  readonly cachedBytes: number;
  /** 4 KiB tables that are cut into slots. */
  readonly parents: number;
  /** Allocations that the provider has granted. */
  readonly allocated: number;
  /** Allocations that the provider has got back. */
  readonly released: number;
  /** Requests that a parked table has answered. */
  readonly reused: number;
}

/** The smallest slot that can hold a 64-bit entry. */
const MIN_ALIGN = 8;

/**
 * The page-table memory of one device (`nvkm_mmu_ptc_get`, `nvkm_mmu_ptc_put`, `nvkm_mmu_ptc_dump`). It keeps up to
 * eight released tables of each size for reuse, contents and all, and cuts 4 KiB tables into slots for smaller ones.
 * Which table comes back for a request is part of the promise: the order is the driver's.
 */
export class PageTablePool {
  readonly #provider: MemoryProvider;
  /** By table size, in order of creation. */
  readonly #buckets = new Map<number, Bucket>();
  /** First of the parents that have a free slot. */
  #open: Parent | undefined = undefined;
  readonly #parents = new Set<Parent>();
  /** Everything held from the provider, in no order. */
  readonly #held: PooledTable[] = [];
  /** End of the highest memory that the provider has given. */
  #top = 0;
  /** Addresses of what is held, from the first memory on that was not above all before: providers rarely go back. */
  #addresses: Set<number> | undefined = undefined;
  #finished = false;
  #live = 0;
  #peak = 0;
  #cached = 0;
  #bytes = 0;
  #peakBytes = 0;
  #cachedBytes = 0;
  #allocated = 0;
  #released = 0;
  #reused = 0;

  /** Makes an empty pool over a provider. It may share the provider with others. */
  constructor(provider: MemoryProvider) {
    this.#provider = provider;
  }

  /**
   * Gets a table of `size` bytes at an address that is a multiple of `align` bytes.
   *
   * With `align` of 4 KiB or more the table is the one of that size which has been parked longest, or new memory. If
   * `zero` is set its first `size` bytes are zero; otherwise a parked table keeps the bytes it was put with.
   * With a smaller `align` the table is the lowest free slot of a shared 4 KiB parent, whose slots are as large as
   * the alignment rounded up to a power of two. Slots are never cleared: `zero` has no effect.
   *
   * As in the driver, neither rule looks at everything: a parked table is reused whatever alignment above 4 KiB is
   * asked for, and the first parent with a free slot is used whatever its slot size. A caller keeps to one alignment
   * for each size, and to slots of one size.
   *
   * Returns `undefined` when the provider has no memory; nothing has changed then. Throws `RangeError` for a size or
   * alignment that makes no sense, for a table that no parent can hold, and for memory from the provider that does
   * not fit the request.
   */
  get(size: number, align: number, zero: boolean): PooledTable | undefined {
    if (this.#finished) throw new TypeError('the pool is finished');
    if (!Number.isSafeInteger(size) || size <= 0 || size % 8 !== 0) {
      throw new RangeError(`table size ${hex(size)} is not a positive multiple of 8`);
    }
    if (!Number.isSafeInteger(align) || align < MIN_ALIGN) {
      throw new RangeError(`table alignment ${hex(align)} is below ${hex(MIN_ALIGN)}`);
    }
    const table = align < PAGE_BYTES ? this.#getSlot(size, align) : this.#getWhole(size, align, zero);
    if (table !== undefined && ++this.#live > this.#peak) this.#peak = this.#live;
    return table;
  }

  /**
   * Gives a table back; `undefined` is ignored. A whole table is parked with its contents if fewer than eight of its
   * size are, and released otherwise or with `force`. A slot is freed; when it was the last one in use, its parent is
   * parked or released by the same rule.
   *
   * Throws `TypeError` for a table that is not handed out, or that belongs to another pool.
   */
  put(table: PooledTable | undefined, force: boolean): void {
    if (table === undefined) return;
    if (table.owner.pool !== this) throw new TypeError(`table at ${hex(table.addr)} belongs to another pool`);
    if (!table.live) throw new TypeError(`table at ${hex(table.addr)} has been put already`);
    if (this.#finished) throw new TypeError('the pool is finished');
    if (table.owner instanceof Bucket) this.#putWhole(table, table.owner, force);
    else this.#putSlot(table, table.owner, force);
    this.#live--;
  }

  /** Releases every parked table: sizes in reverse order of their first use, and within one size the oldest first. */
  dump(): void {
    for (const bucket of [...this.#buckets.values()].reverse()) {
      for (let table = bucket.oldest(); table !== undefined; table = bucket.oldest()) {
        this.#release(table);
        bucket.removeOldest();
        this.#cached--;
        this.#cachedBytes -= table.memory.size;
      }
    }
  }

  /**
   * Ends the pool's life at device teardown and returns its last counts. A clean teardown has put and dumped
   * everything before: `live`, `cached` and `bytes` are 0. What is left is not released. Afterwards `get` and `put`
   * throw `TypeError`.
   */
  fini(): PoolStats {
    const stats = this.stats();
    this.#finished = true;
    this.#buckets.clear();
    this.#parents.clear();
    this.#open = undefined;
    return stats;
  }

  /** Ends the pool at the end of a `using` block. A second end does nothing. */
  [Symbol.dispose](): void {
    if (!this.#finished) this.fini();
  }

  /** Counts what the pool holds now and has done so far. */
  stats(): PoolStats {
    return {
      live: this.#live,
      peak: this.#peak,
      cached: this.#cached,
      bytes: this.#bytes,
      peakBytes: this.#peakBytes,
      cachedBytes: this.#cachedBytes,
      parents: this.#parents.size,
      allocated: this.#allocated,
      released: this.#released,
      reused: this.#reused,
    };
  }

  /**
   * Checks what must hold between calls: counters against lists, every open parent and no full one on the list,
   * allocations without overlap. Costs time in proportion to what is held. Throws `Error` naming the first fault.
   */
  verify(): void {
    const fail = (what: string): never => {
      throw new Error(`page-table pool is broken: ${what}`);
    };
    const parkedAt = new Set<TableMemory>();
    let cachedBytes = 0;
    for (const bucket of this.#buckets.values()) {
      const parked = bucket.parked();
      if (parked.length !== bucket.count || bucket.count > BUCKET_LIMIT) fail(`bucket ${hex(bucket.size)} miscounts`);
      for (const table of parked) {
        if (table.live || table.owner !== bucket) fail(`parked table at ${hex(table.addr)} is in use`);
        if (parkedAt.has(table.memory)) fail(`table at ${hex(table.addr)} is parked twice`);
        if (this.#held[table.heldAt] !== table) fail(`parked table at ${hex(table.addr)} is not held`);
        parkedAt.add(table.memory);
        cachedBytes += table.memory.size;
      }
    }
    if (parkedAt.size !== this.#cached || cachedBytes !== this.#cachedBytes) fail('parked tables are miscounted');
    this.#verifyParents(fail);
    let end = 0;
    let bytes = 0;
    for (const { memory } of [...this.#held].sort((a, b) => a.addr - b.addr)) {
      if (memory.addr < end) fail(`memory at ${hex(memory.addr)} overlaps the one before it`);
      end = memory.addr + memory.size;
      bytes += memory.size;
    }
    if (bytes !== this.#bytes) fail(`${hex(this.#bytes)} bytes are counted and ${hex(bytes)} held`);
  }

  #verifyParents(fail: (what: string) => never): void {
    let open = 0;
    let before: Parent | undefined;
    for (let parent = this.#open; parent !== undefined; before = parent, parent = parent.next) {
      if (parent.prev !== before) fail(`list of parents is torn at ${hex(parent.table.addr)}`);
      if (!this.#parents.has(parent)) fail(`parent at ${hex(parent.table.addr)} is unknown`);
      if (parent.isFull || parent.isEmpty) fail(`parent at ${hex(parent.table.addr)} should not be on the list`);
      open++;
    }
    for (const parent of this.#parents) {
      if (parent.countFree() !== parent.free) fail(`slots at ${hex(parent.table.addr)} are miscounted`);
      if (!parent.table.live) fail(`parent at ${hex(parent.table.addr)} is parked`);
      if (!parent.isFull) open--;
    }
    if (open !== 0) fail('a parent with free slots is not on the list');
  }

  #getWhole(size: number, align: number, zero: boolean): PooledTable | undefined {
    let bucket = this.#buckets.get(size);
    if (bucket === undefined) {
      // Made before the allocation is tried, and kept if that fails: the order of creation is the order of `dump`.
      bucket = new Bucket(this, size);
      this.#buckets.set(size, bucket);
    }
    const parked = bucket.oldest();
    if (parked !== undefined) {
      bucket.removeOldest();
      this.#cached--;
      this.#cachedBytes -= parked.memory.size;
      this.#reused++;
      if (zero) parked.words.fill(0, 0, size / 4);
      parked.live = true;
      return parked;
    }
    const memory = this.#provider.allocate(size, align, zero);
    if (memory === undefined) return undefined;
    checkMemory(memory, size, align);
    this.#claim(memory);
    this.#allocated++;
    this.#bytes += memory.size;
    if (this.#bytes > this.#peakBytes) this.#peakBytes = this.#bytes;
    const table = new PooledTable(memory, 0, false, bucket);
    table.heldAt = this.#held.length;
    this.#held.push(table);
    return table;
  }

  /** Refuses memory that is held already. */
  #claim({ addr, size }: TableMemory): void {
    if (addr >= this.#top) {
      this.#top = addr + size;
    } else {
      this.#addresses ??= new Set(this.#held.map((table) => table.addr));
      if (this.#addresses.has(addr)) throw new RangeError(`provider gave memory at ${hex(addr)} twice`);
    }
    this.#addresses?.add(addr);
  }

  #putWhole(table: PooledTable, bucket: Bucket, force: boolean): void {
    if (bucket.count < BUCKET_LIMIT && !force) {
      bucket.park(table);
      this.#cached++;
      this.#cachedBytes += table.memory.size;
    } else {
      this.#release(table);
    }
    table.live = false;
  }

  /** Hands memory back first, so that a provider that throws leaves the table where it was. */
  #release(table: PooledTable): void {
    const { memory, heldAt } = table;
    this.#provider.free(memory);
    const last = this.#held.pop();
    if (last !== undefined && last !== table) {
      this.#held[heldAt] = last;
      last.heldAt = heldAt;
    }
    this.#addresses?.delete(memory.addr);
    this.#released++;
    this.#bytes -= memory.size;
  }

  #getSlot(size: number, align: number): PooledTable | undefined {
    const shift = 32 - Math.clz32(align - 1); // the alignment rounded up to a power of two
    if (size > PAGE_BYTES) {
      throw new RangeError(`table of ${hex(size)} bytes aligned to ${hex(align)} does not fit a parent of 4 KiB`);
    }
    let parent = this.#open;
    if (parent === undefined) {
      const table = this.#getWhole(PAGE_BYTES, PAGE_BYTES, false);
      if (table === undefined) return undefined;
      parent = new Parent(this, table, shift);
      this.#parents.add(parent);
      this.#link(parent);
    }
    const slot = parent.take();
    if (parent.isFull) this.#unlink(parent);
    return new PooledTable(parent.table.memory, slot << parent.shift, true, parent);
  }

  #putSlot(table: PooledTable, parent: Parent, force: boolean): void {
    if (parent.isLastInUse) {
      this.#putWhole(parent.table, parent.table.owner as Bucket, force);
      if (!parent.isFull) this.#unlink(parent);
      this.#parents.delete(parent);
    } else {
      // A parent that was full becomes the next one used; one on the list keeps its place.
      if (parent.isFull) this.#link(parent);
      parent.give(table.base >> parent.shift);
    }
    table.live = false;
  }

  #link(parent: Parent): void {
    parent.prev = undefined;
    parent.next = this.#open;
    if (this.#open !== undefined) this.#open.prev = parent;
    this.#open = parent;
  }

  #unlink(parent: Parent): void {
    if (parent.prev === undefined) this.#open = parent.next;
    else parent.prev.next = parent.next;
    if (parent.next !== undefined) parent.next.prev = parent.prev;
    parent.prev = undefined;
    parent.next = undefined;
  }
}
