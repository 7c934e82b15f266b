// What an address space must do, in the plainest terms there are: for each 4 KiB page, what is mapped there. No trees, no
// tables, no reference counts of tables.

/** log2 of the pages that the model counts in. */
export const PAGE_SHIFT = 12;
export const PAGE_BYTES = 0x1000;

/** What a page must translate to. */
export type Expected = 'fault' | 'sparse' | Cell;

/** A mapped page. */
export interface Cell {
  /** Physical address of its first byte. */
  readonly addr: number;
  readonly ro: boolean;
  /** Whether it was mapped as a page frame rather than from a memory object. */
  readonly frame: boolean;
}

/** Bytes `[addr, addr + size)`. */
export interface Range {
  readonly addr: number;
  readonly size: number;
}

/** An allocation, or a range that the client manages itself. */
export interface Allocation extends Range {
  readonly sparse: boolean;
  readonly type: 'lazy' | 'addr' | 'ptes';
  /** log2 of the page size asked for, 0 for none. */
  readonly page: number;
}

function overlaps(a: Range, b: Range): boolean {
  return a.addr < b.addr + b.size && b.addr < a.addr + a.size;
}

/** A model of one address space. Its methods say what an operation that succeeded has done. */
export class SpaceModel {
  /** Mapped pages by page number: of ordinary calls, and of raw calls by page shift. */
  readonly pages: Map<number, Cell> = new Map<number, Cell>();
  readonly rawPages: Map<number, Map<number, Cell>> = new Map<number, Map<number, Cell>>();
  /** References that raw calls hold, by page shift and page number in pages of that size. */
  readonly rawRefs: Map<number, Map<number, number>> = new Map<number, Map<number, number>>();
  /** Ranges that raw calls made sparse. */
  readonly rawSparse: Range[] = [];
  readonly allocations: Allocation[] = [];
  /** Maps of memory objects. */
  readonly maps: Range[] = [];
  /** Whether a valid large and a valid small page for one address are a fault. */
  readonly #bothFault: boolean;

  constructor(bothFault: boolean) {
    this.#bothFault = bothFault;
  }

  /** What the hardware must find at an address. */
  at(addr: number): Expected {
    const page = Math.floor(addr / PAGE_BYTES);
    const cell = this.pages.get(page);
    if (cell !== undefined) return cell;
    let found: Cell | undefined;
    let largest = 0;
    let layers = 0;
    for (const [shift, layer] of this.rawPages) {
      const here = layer.get(page);
      if (here === undefined) continue;
      if (shift > largest) {
        found = here;
        largest = shift;
      }
      layers++;
    }
    if (layers > 1 && this.#bothFault) return 'fault';
    if (found !== undefined) return found;
    const place = { addr: page * PAGE_BYTES, size: PAGE_BYTES };
    for (const range of this.rawSparse) if (overlaps(range, place)) return 'sparse';
    for (const allocation of this.allocations) if (allocation.sparse && overlaps(allocation, place)) return 'sparse';
    return 'fault';
  }

  /** The allocation that holds an address. */
  allocationAt(addr: number): Allocation | undefined {
    return this.allocations.find((range) => addr >= range.addr && addr < range.addr + range.size);
  }

  /** Whether a gap between allocations of a space holds `size` bytes from a multiple of `unit` on. */
  hasRoom(size: number, unit: number, start: number, limit: number): boolean {
    let from = start;
    for (const { addr, size: taken } of this.allocations.toSorted((a, b) => a.addr - b.addr)) {
      if (Math.ceil(from / unit) * unit + size <= addr) return true;
      from = addr + taken;
    }
    return Math.ceil(from / unit) * unit + size <= limit;
  }

  /** Notes an allocation; the result says what is wrong with its place. */
  get(allocation: Allocation): string | undefined {
    const other = this.allocations.find((range) => overlaps(range, allocation));
    this.allocations.push(allocation);
    return other === undefined ? undefined : `overlaps the allocation at 0x${other.addr.toString(16)}`;
  }

  put(addr: number): Range | undefined {
    const at = this.allocations.findIndex((range) => range.addr === addr);
    const allocation = this.allocations[at];
    if (allocation === undefined) return undefined;
    this.allocations.splice(at, 1);
    this.#clear(allocation);
    for (let i = this.maps.length - 1; i >= 0; i--) {
      if (overlaps(this.maps[i] as Range, allocation)) this.maps.splice(i, 1);
    }
    return allocation;
  }

  map(range: Range, physical: (page: number) => number, ro: boolean): void {
    const at = this.maps.findIndex((map) => map.addr === range.addr);
    if (at >= 0) this.maps.splice(at, 1);
    this.maps.push(range);
    const first = range.addr / PAGE_BYTES;
    const count = range.size / PAGE_BYTES;
    for (let i = 0; i < count; i++) this.pages.set(first + i, { addr: physical(i), ro, frame: false });
  }

  unmap(addr: number): Range | undefined {
    const at = this.maps.findIndex((map) => map.addr === addr);
    const [map] = at < 0 ? [] : this.maps.splice(at, 1);
    if (map !== undefined) this.#clear(map);
    return map;
  }

  mapFrame(addr: number, shift: number, cell: Cell): void {
    const first = addr / PAGE_BYTES;
    for (let i = 0; i < 2 ** (shift - PAGE_SHIFT); i++) {
      this.pages.set(first + i, { ...cell, addr: cell.addr + i * PAGE_BYTES });
    }
  }

  clearFrames(range: Range): void {
    const end = (range.addr + range.size) / PAGE_BYTES;
    for (let page = range.addr / PAGE_BYTES; page < end; page++) {
      if (this.pages.get(page)?.frame === true) this.pages.delete(page);
    }
  }

  rawLayer(shift: number): Map<number, Cell> {
    let layer = this.rawPages.get(shift);
    if (layer === undefined) this.rawPages.set(shift, (layer = new Map<number, Cell>()));
    return layer;
  }

  #refs(shift: number): Map<number, number> {
    let refs = this.rawRefs.get(shift);
    if (refs === undefined) this.rawRefs.set(shift, (refs = new Map<number, number>()));
    return refs;
  }

  /** Adds to the references of each entry of a range. */
  rawCount(range: Range, shift: number, by: 1 | -1): void {
    const refs = this.#refs(shift);
    const first = range.addr / 2 ** shift;
    for (let i = 0; i < range.size / 2 ** shift; i++) {
      const count = (refs.get(first + i) ?? 0) + by;
      if (count === 0) refs.delete(first + i);
      else refs.set(first + i, count);
    }
  }

  /** Whether each entry of a range has a reference; with `last`, one more than what is mapped there needs. */
  rawHasRefs(range: Range, shift: number, last: boolean): boolean {
    const refs = this.#refs(shift);
    const layer = this.rawLayer(shift);
    const unit = 2 ** shift;
    for (let at = range.addr; at < range.addr + range.size; at += unit) {
      const count = refs.get(at / unit) ?? 0;
      if (count === 0 || (last && count === 1 && layer.has(at / PAGE_BYTES))) return false;
    }
    return true;
  }

  rawMap(range: Range, shift: number, physical: (page: number) => number, ro: boolean): void {
    const layer = this.rawLayer(shift);
    const first = range.addr / PAGE_BYTES;
    const count = range.size / PAGE_BYTES;
    for (let i = 0; i < count; i++) layer.set(first + i, { addr: physical(i), ro, frame: false });
  }

  rawUnmap(range: Range, shift: number): void {
    const layer = this.rawLayer(shift);
    const end = (range.addr + range.size) / PAGE_BYTES;
    for (let page = range.addr / PAGE_BYTES; page < end; page++) layer.delete(page);
  }

  /** How much of a range raw calls have made sparse. */
  rawSparseShare(range: Range): 'all' | 'none' | 'some' {
    if (this.rawSparse.some((one) => range.addr >= one.addr && range.addr + range.size <= one.addr + one.size)) {
      return 'all';
    }
    return this.rawSparse.some((one) => overlaps(one, range)) ? 'some' : 'none';
  }

  /** Every page that is mapped somehow. */
  *mapped(): IterableIterator<number> {
    yield* this.pages.keys();
    for (const layer of this.rawPages.values()) yield* layer.keys();
  }

  #clear(range: Range): void {
    const first = Math.floor(range.addr / PAGE_BYTES);
    const end = Math.ceil((range.addr + range.size) / PAGE_BYTES);
    if (end - first > this.pages.size) {
      for (const page of this.pages.keys()) if (page >= first && page < end) this.pages.delete(page);
      return;
    }
    for (let page = first; page < end; page++) this.pages.delete(page);
  }
}
