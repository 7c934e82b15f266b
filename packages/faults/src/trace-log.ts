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

/** What a replay of trace operations ends with. */
export interface TraceState {
  vmm: string;
  /** Mapped ranges `[start, end)` in address order, neighbours of the same page size joined. */
  ranges: { start: string; end: string; page: number }[];
}

interface Range {
  start: bigint;
  end: bigint;
  page: number;
  line: number;
}

/** What the trace lines say about one address. */
export type TraceAnswer =
  | { kind: 'mapped'; line: number; start: string; end: string; page: number }
  | { kind: 'unmapped'; mappedAt: number; unmappedAt: number }
  | { kind: 'never' }
  | { kind: 'unknown' };

const HISTORY_LIMIT = 65536;

/**
 * Follows map and unmap operations and answers what was mapped at an address. Memory is bounded: beyond a limit the
 * oldest history is forgotten, and answers become `unknown` rather than wrong.
 */
export class TraceHistory {
  readonly #spaces = new Map<string, { ranges: Range[]; gone: (Range & { gone: number })[] }>();
  #seen = 0;
  #forgot = false;

  /** Applies one operation. Operations without an address change nothing. */
  apply(operation: TraceOperation): void {
    if (operation.addr === undefined) return;
    const start = BigInt(operation.addr);
    const end = start + BigInt(operation.size);
    let space = this.#spaces.get(operation.vmm);
    if (space === undefined) {
      if (this.#spaces.size > 256) return;
      space = { ranges: [], gone: [] };
      this.#spaces.set(operation.vmm, space);
    }
    if (operation.op === 'map') {
      this.#seen++;
      this.#cut(space.ranges, start, end);
      const at = lowerBound(space.ranges, start);
      space.ranges.splice(at, 0, { start, end, page: operation.page, line: operation.line });
    } else if (operation.op === 'unmap') {
      for (const range of this.#cut(space.ranges, start, end)) space.gone.push({ ...range, gone: operation.line });
    }
    if (space.gone.length > HISTORY_LIMIT) {
      space.gone.splice(0, HISTORY_LIMIT >> 1);
      this.#forgot = true;
    }
    if (space.ranges.length > HISTORY_LIMIT) {
      space.ranges.splice(0, HISTORY_LIMIT >> 1);
      this.#forgot = true;
    }
  }

  /** Says what the operations so far did to an address in one address space. */
  at(vmm: string, address: bigint): TraceAnswer {
    const space = this.#spaces.get(vmm);
    if (space === undefined || this.#seen === 0) return { kind: 'unknown' };
    const range = space.ranges[lowerBound(space.ranges, address + 1n) - 1];
    if (range !== undefined && address < range.end) {
      return { kind: 'mapped', line: range.line, start: big(range.start), end: big(range.end), page: range.page };
    }
    for (let i = space.gone.length - 1; i >= 0; i--) {
      const gone = space.gone[i];
      if (gone !== undefined && gone.start <= address && address < gone.end) {
        return { kind: 'unmapped', mappedAt: gone.line, unmappedAt: gone.gone };
      }
    }
    return this.#forgot ? { kind: 'unknown' } : { kind: 'never' };
  }

  /** The mapped ranges below and above an address, as distances in bytes. */
  neighbours(
    vmm: string,
    address: bigint,
  ): { below?: { end: string; distance: string }; above?: { start: string; distance: string } } {
    const ranges = this.#spaces.get(vmm)?.ranges ?? [];
    const at = lowerBound(ranges, address + 1n);
    const below = ranges[at - 1];
    const above = ranges[at];
    return {
      ...(below === undefined || address < below.end
        ? {}
        : { below: { end: big(below.end), distance: big(address - below.end) } }),
      ...(above === undefined ? {} : { above: { start: big(above.start), distance: big(above.start - address) } }),
    };
  }

  /** The mapped ranges of every address space. */
  state(): TraceState[] {
    return [...this.#spaces].map(([vmm, { ranges }]) => {
      const joined: { start: bigint; end: bigint; page: number }[] = [];
      for (const { start, end, page } of ranges) {
        const last = joined.at(-1);
        if (last?.end === start && last.page === page) last.end = end;
        else joined.push({ start, end, page });
      }
      return { vmm, ranges: joined.map(({ start, end, page }) => ({ start: big(start), end: big(end), page })) };
    });
  }

  /** Removes `[start, end)` from the ranges and returns the parts removed. */
  #cut(ranges: Range[], start: bigint, end: bigint): Range[] {
    let first = lowerBound(ranges, start);
    const before = ranges[first - 1];
    if (before !== undefined && before.end > start) first--;
    let last = first;
    while (last < ranges.length && (ranges[last]?.start ?? end) < end) last++;
    const hit = ranges.slice(first, last);
    const kept: Range[] = [];
    for (const range of hit) {
      if (range.start < start) kept.push({ ...range, end: start });
      if (range.end > end) kept.push({ ...range, start: end });
    }
    ranges.splice(first, last - first, ...kept);
    return hit.map((range) => ({
      ...range,
      start: range.start < start ? start : range.start,
      end: range.end > end ? end : range.end,
    }));
  }
}

const big = (value: bigint): string => `0x${value.toString(16)}`;

function lowerBound(ranges: readonly Range[], start: bigint): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.start ?? start) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}
