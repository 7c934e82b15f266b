/** An operation on an address space that driver trace lines let infer. Numbers are shifts, counts and flags. */
export interface TraceOperation {
  /** Line that the operation is inferred from; of several, the first. */
  line: number;
  /**
   * `get` (allocation), `map`, `unmap`, `put` (references dropped), `ref` (references taken outside a get), `sparse`,
   * `unsparse`, `boot` (all tables of the smallest page allocated at once).
   */
  op: 'get' | 'map' | 'unmap' | 'put' | 'ref' | 'sparse' | 'unsparse' | 'boot';
  /** Name of the address space. */
  vmm: string;
  bdf?: string;
  getref?: number;
  mapref?: number;
  sparse?: number;
  align?: number;
  /** Page shift. */
  page: number;
  size: string;
  /** Absent where the log does not tell it. */
  addr?: string;
  ptes?: number;
  /** Level of the flush that ended the operation. */
  flush?: number;
}

/** An allocation of instance memory: a page table, a page directory or an instance block. */
export interface TraceMemory {
  line: number;
  size: string;
  align: string;
  zero: number;
  addr: string;
}

const hex = (digits: string): string => `0x${BigInt(`0x${digits}`).toString(16)}`;

const GETREF =
  /mmu: (\S{1,32}): getref (\d) mapref (\d) sparse (\d) shift: (\d{1,3}) align: (\d{1,3}) size: ([0-9a-f]{16})/;
const WALK =
  /mmu: (\S{1,32}): (?:[0-9a-fx]{5}:){1,6} (ref \+ map|unmap \+ unref|sparse ref|sparse unref|bootstrap|release|unmap|unref|map|ref): ([0-9a-f]{16}) ([0-9a-f]{16}) (\d{1,3}) (\d{1,20}) PTEs/;
const FLUSH = /mmu: (\S{1,32}): (?:[0-9a-fx]{5}:){1,6} flush: (\d{1,2})/;
const MEMORY = /imem: new ([0-9a-f]{8,16}) ([0-9a-f]{8,16}) (\d): ([0-9a-f]{10,16}) ([0-9a-f]{10,16})/;
const DEVICE = /nouveau ([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]):/;

interface Slot {
  readonly operation: TraceOperation;
  settled: boolean;
}

interface Space {
  get: Slot | undefined;
  walk: Slot | undefined;
}

const QUEUE_LIMIT = 256;

/**
 * Infers operations from the driver's trace lines: the `getref` line of an allocation, which prints no address, takes
 * that of the walk that follows it; `ref` with `bootstrap` is one operation.
 */
export class TraceReader {
  readonly #emit: (operation: TraceOperation) => void;
  readonly #memory: (memory: TraceMemory) => void;
  readonly #spaces = new Map<string, Space>();
  #queue: Slot[] = [];

  constructor(emit: (operation: TraceOperation) => void, memory: (memory: TraceMemory) => void) {
    this.#emit = emit;
    this.#memory = memory;
  }

  /** Reads one line. */
  line(number: number, line: string): void {
    const text = line.length > 400 ? line.slice(0, 400) : line;
    if (text.includes('imem: new ')) {
      const found = MEMORY.exec(text);
      if (found === null) return;
      const [, size = '', align = '', zero = '', addr = ''] = found;
      this.#memory({ line: number, size: hex(size), align: hex(align), zero: Number(zero), addr: hex(addr) });
      return;
    }
    if (!text.includes('mmu: ')) return;
    const bdf = DEVICE.exec(text)?.[1];
    if (!this.#getref(number, text, bdf) && !this.#walk(number, text, bdf)) this.#flush(text, bdf);
    this.#drain(QUEUE_LIMIT);
  }

  /** Hands out what is still held back. */
  end(): void {
    this.#drain(0);
  }

  #space(name: string, bdf: string | undefined): Space {
    const key = `${bdf ?? ''} ${name}`;
    let space = this.#spaces.get(key);
    if (space === undefined) {
      if (this.#spaces.size > 256) this.#spaces.clear();
      space = { get: undefined, walk: undefined };
      this.#spaces.set(key, space);
    }
    return space;
  }

  #add(operation: TraceOperation, settled: boolean): Slot {
    const slot = { operation, settled };
    this.#queue.push(slot);
    return slot;
  }

  #getref(number: number, text: string, bdf: string | undefined): boolean {
    const found = GETREF.exec(text);
    if (found === null) return false;
    const [, vmm = '', getref, mapref, sparse, shift, align, size = ''] = found;
    const space = this.#space(vmm, bdf);
    if (space.get !== undefined) space.get.settled = true;
    if (space.walk !== undefined) space.walk.settled = true;
    space.walk = undefined;
    space.get = this.#add(
      {
        line: number,
        op: 'get',
        vmm,
        ...(bdf === undefined ? {} : { bdf }),
        getref: Number(getref),
        mapref: Number(mapref),
        sparse: Number(sparse),
        page: Number(shift),
        align: Number(align),
        size: hex(size),
      },
      false,
    );
    return true;
  }

  #walk(number: number, text: string, bdf: string | undefined): boolean {
    const found = WALK.exec(text);
    if (found === null) return false;
    const [, vmm = '', name, addrDigits = '', sizeDigits = '', shift, ptes] = found;
    const space = this.#space(vmm, bdf);
    const addr = hex(addrDigits);
    const size = hex(sizeDigits);
    if (name === 'bootstrap') {
      const ref = space.walk;
      if (ref?.operation.op === 'ref' && ref.operation.addr === addr && ref.operation.size === size) {
        ref.operation.op = 'boot';
        delete ref.operation.flush;
        ref.settled = true;
        space.walk = undefined;
        return true;
      }
    }
    if (space.walk !== undefined) space.walk.settled = true;
    space.walk = undefined;
    const get = space.get;
    let ofGet = false;
    if (get !== undefined && get.operation.size === size) {
      const { getref, mapref, sparse } = get.operation;
      if (name === 'ref + map' || name === 'map') ofGet = mapref === 1 || getref === 1;
      else if (name === 'ref') ofGet = getref === 1;
      else if (name === 'sparse ref') ofGet = sparse === 1;
      if (ofGet) get.operation.addr = addr;
    }
    if (get !== undefined && name !== 'unref' && name !== 'unmap + unref' && name !== 'unmap') {
      get.settled = true;
      // An allocation with references is followed by `ref`, and its first map comes later.
      space.get = undefined;
    }
    const op =
      name === 'ref + map' || name === 'map'
        ? 'map'
        : name === 'unmap' || name === 'unmap + unref' || name === 'release'
          ? 'unmap'
          : name === 'unref'
            ? 'put'
            : name === 'sparse ref'
              ? 'sparse'
              : name === 'sparse unref'
                ? 'unsparse'
                : name === 'bootstrap'
                  ? 'boot'
                  : 'ref';
    // The references of an allocation are part of it.
    if (ofGet && op === 'ref') return true;
    space.walk = this.#add(
      {
        line: number,
        op,
        vmm,
        ...(bdf === undefined ? {} : { bdf }),
        addr,
        size,
        page: Number(shift),
        ptes: Number(ptes),
      },
      false,
    );
    return true;
  }

  #flush(text: string, bdf: string | undefined): boolean {
    const found = FLUSH.exec(text);
    if (found?.[1] === undefined) return false;
    const space = this.#space(found[1], bdf);
    if (space.walk === undefined) return false;
    space.walk.operation.flush = Number(found[2]);
    // A `ref` may still turn out to be the beginning of a bootstrap.
    if (space.walk.operation.op !== 'ref') {
      space.walk.settled = true;
      space.walk = undefined;
    }
    return true;
  }

  #drain(limit: number): void {
    let count = 0;
    while (count < this.#queue.length && (this.#queue[count]?.settled === true || this.#queue.length - count > limit)) {
      count++;
    }
    if (count === 0) return;
    for (const { operation } of this.#queue.splice(0, count)) this.#emit(operation);
  }
}
