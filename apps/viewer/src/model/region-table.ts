import { REGION, REGION_ROW, type ObjectInfo, type Recording, type SpaceInfo } from './recording.js';

/** One region of an address space, as the page shows it. Addresses and sizes are numbers: regions are aligned. */
export interface ShownRegion {
  readonly addr: number;
  readonly size: number;
  readonly used: boolean;
  readonly mapref: boolean;
  readonly sparse: boolean;
  readonly part: boolean;
  readonly mapped: boolean;
  /** log2 of the page size asked for, and of the one that references are held at. */
  readonly page: number | undefined;
  readonly refd: number | undefined;
  readonly object: ObjectInfo | undefined;
}

/** What colours a region. */
export type RegionState = 'free' | 'reserved' | 'sparse' | 'mapped';

/** The regions in address order, as columns: what canvases and tables read. Gaps between used regions are rows too. */
export interface RegionColumns {
  readonly count: number;
  /** One more than `count`: the last is the end of the space. */
  readonly addr: Float64Array;
  readonly flags: Int32Array;
  readonly object: Int32Array;
}

/** Flags of a row that is a gap. */
const FREE = -1;

/** Changes up to which the order is mended rather than made anew. */
const MEND = 256;

/**
 * The used regions of a space, changed one by one and laid out in address order when somebody looks. A region is the
 * number of its row in the recording, so that going through many steps allocates nothing.
 */
export class RegionTable {
  readonly #info: SpaceInfo;
  readonly #recording: Pick<Recording, 'regions' | 'objects'>;
  readonly #rows = new Map<number, number>();
  /** Addresses in order and the rows of their regions, as they were when last laid out. */
  #starts = new Float64Array(64);
  #order = new Int32Array(64);
  #count = 0;
  /** Addresses that changed since. */
  readonly #pending = new Set<number>();
  #columns: RegionColumns | undefined;

  constructor(info: SpaceInfo, recording: Pick<Recording, 'regions' | 'objects'>) {
    this.#info = info;
    this.#recording = recording;
  }

  /** Used regions. */
  get size(): number {
    return this.#rows.size;
  }

  /** Adds the region at an address, or replaces it. */
  add(addr: number, row: number): void {
    this.#rows.set(addr, row);
    this.#touch(addr);
  }

  remove(addr: number): void {
    this.#rows.delete(addr);
    this.#touch(addr);
  }

  #touch(addr: number): void {
    this.#columns = undefined;
    if (this.#pending.size <= MEND) this.#pending.add(addr);
  }

  /** All regions and gaps in address order. */
  columns(): RegionColumns {
    if (this.#columns === undefined) {
      if (this.#pending.size > MEND) this.#sort();
      else for (const addr of this.#pending) this.#mend(addr);
      this.#pending.clear();
      this.#columns = this.#layOut();
    }
    return this.#columns;
  }

  #reserve(count: number): void {
    if (count <= this.#starts.length) return;
    const starts = new Float64Array(2 * count);
    const order = new Int32Array(2 * count);
    starts.set(this.#starts);
    order.set(this.#order);
    this.#starts = starts;
    this.#order = order;
  }

  #sort(): void {
    const count = this.#rows.size;
    this.#reserve(count);
    this.#count = count;
    this.#starts.set(Float64Array.from(this.#rows.keys()).sort());
    for (let i = 0; i < count; i++) this.#order[i] = this.#rows.get(this.#starts[i] as number) as number;
  }

  #mend(addr: number): void {
    const at = lowerBound(this.#starts, this.#count, addr);
    const isThere = at < this.#count && this.#starts[at] === addr;
    const row = this.#rows.get(addr);
    if (row === undefined) {
      if (!isThere) return;
      this.#starts.copyWithin(at, at + 1, this.#count);
      this.#order.copyWithin(at, at + 1, this.#count);
      this.#count--;
      return;
    }
    if (!isThere) {
      this.#reserve(this.#count + 1);
      this.#starts.copyWithin(at + 1, at, this.#count);
      this.#order.copyWithin(at + 1, at, this.#count);
      this.#count++;
    }
    this.#starts[at] = addr;
    this.#order[at] = row;
  }

  #layOut(): RegionColumns {
    const { regions } = this.#recording;
    const total = this.#count;
    const starts = this.#starts;
    const order = this.#order;
    const capacity = 2 * total + 1;
    const addr = new Float64Array(capacity + 1);
    const flags = new Int32Array(capacity);
    const object = new Int32Array(capacity).fill(-1);
    let count = 0;
    let end = this.#info.start;
    for (let i = 0; i < total; i++) {
      const start = starts[i] as number;
      const at = (order[i] as number) * REGION_ROW;
      if (start > end) {
        addr[count] = end;
        flags[count++] = FREE;
      }
      addr[count] = start;
      flags[count] = regions[at + 3] as number;
      object[count++] = regions[at + 4] as number;
      end = start + (regions[at + 2] as number);
    }
    if (end < this.#info.limit) {
      addr[count] = end;
      flags[count++] = FREE;
      end = this.#info.limit;
    }
    addr[count] = end;
    return { count, addr, flags, object };
  }

  /** Index of the row that contains an address; -1 when it lies outside. */
  find(at: number): number {
    const { count, addr } = this.columns();
    const found = lowerBound(addr, count + 1, at);
    const index = addr[found] === at ? found : found - 1;
    return index >= 0 && index < count && at < (addr[index + 1] as number) ? index : -1;
  }

  /** One row, spelled out. */
  row(index: number): ShownRegion | undefined {
    const { count, addr, flags, object } = this.columns();
    if (index < 0 || index >= count) return undefined;
    const start = addr[index] as number;
    const bits = flags[index] as number;
    const used = bits !== FREE;
    const page = (at: number): number | undefined =>
      used && ((bits >> at) & 15) > 0 ? this.#info.pages[((bits >> at) & 15) - 1]?.shift : undefined;
    return {
      addr: start,
      size: (addr[index + 1] as number) - start,
      used,
      mapref: used && (bits & REGION.mapref) !== 0,
      sparse: used && (bits & REGION.sparse) !== 0,
      part: used && (bits & REGION.part) !== 0,
      mapped: used && (bits & REGION.mapped) !== 0,
      page: page(8),
      refd: page(12),
      object: this.#recording.objects[object[index] as number],
    };
  }
}

/** What colours a row of the columns. */
export function stateOf(flags: number): RegionState {
  if (flags === FREE) return 'free';
  if ((flags & REGION.mapped) !== 0) return 'mapped';
  return (flags & REGION.sparse) !== 0 ? 'sparse' : 'reserved';
}

/** Index of the first of `count` ascending values that is not below `value`. */
function lowerBound(values: Float64Array, count: number, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
