import { REGION, type ObjectInfo, type SpaceInfo } from './recording.js';

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

/** The used regions of a space, changed one by one and laid out in address order when somebody looks. */
export class RegionTable {
  readonly #info: SpaceInfo;
  readonly #objects: readonly ObjectInfo[];
  readonly #regions = new Map<number, { readonly size: number; readonly flags: number; readonly object: number }>();
  #columns: RegionColumns | undefined;

  constructor(info: SpaceInfo, objects: readonly ObjectInfo[]) {
    this.#info = info;
    this.#objects = objects;
  }

  /** Used regions. */
  get size(): number {
    return this.#regions.size;
  }

  add(addr: number, size: number, flags: number, object: number): void {
    this.#regions.set(addr, { size, flags, object });
    this.#columns = undefined;
  }

  remove(addr: number): void {
    this.#regions.delete(addr);
    this.#columns = undefined;
  }

  /** All regions and gaps in address order. */
  columns(): RegionColumns {
    return (this.#columns ??= this.#layOut());
  }

  #layOut(): RegionColumns {
    const starts = Float64Array.from(this.#regions.keys()).sort();
    const capacity = 2 * starts.length + 1;
    const addr = new Float64Array(capacity + 1);
    const flags = new Int32Array(capacity);
    const object = new Int32Array(capacity).fill(-1);
    let count = 0;
    let end = this.#info.start;
    for (const start of starts) {
      const region = this.#regions.get(start);
      if (region === undefined) continue;
      if (start > end) {
        addr[count] = end;
        flags[count++] = FREE;
      }
      addr[count] = start;
      flags[count] = region.flags;
      object[count++] = region.object;
      end = start + region.size;
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
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((addr[middle] as number) <= at) low = middle + 1;
      else high = middle;
    }
    const end = addr[low] ?? -1;
    return low > 0 && at < end ? low - 1 : -1;
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
      object: this.#objects[object[index] as number],
    };
  }
}

/** What colours a row of the columns. */
export function stateOf(flags: number): RegionState {
  if (flags === FREE) return 'free';
  if ((flags & REGION.mapped) !== 0) return 'mapped';
  return (flags & REGION.sparse) !== 0 ? 'sparse' : 'reserved';
}
