/** A leaf of a printed page-table tree. */
export interface PageMapping {
  line: number;
  va: string;
  pa: string;
  /** Page size in bytes. */
  page: string;
  /** Index at each level from the root down. */
  path: number[];
  /** Address of the entry in its table. */
  entry_addr: string;
}

/** What a printed tree says about an address. */
export type PageMapAnswer =
  | { answer: 'mapped'; pa: string; line: number; page: string }
  | { answer: 'not mapped'; missing_level: string; index: number }
  | { answer: 'unknown'; why: string };

interface Table {
  readonly level: string;
  readonly address: bigint;
  /** Deepest level first: PD3 is 3 … PD0 is 0, PT is -1. */
  readonly depth: number;
  readonly entries: Map<number, Table | Page>;
  /** Entries above this index may have been left out by the printer; infinite if nothing was. */
  elidedAfter: number;
  last: number;
  pageShift: number;
}

interface Page {
  readonly line: number;
  readonly pa: bigint;
  readonly shift: number;
}

const ROOT = /^\s{0,64}(PD[34])@0x([0-9a-fA-F]{1,16})\s{0,64}$/;
const NODE = /^\s{0,200}(\d{1,4})-->(PD[0-3]|PT)@0x([0-9a-fA-F]{1,16})\s{0,64}$/;
const LEAF =
  /^\s{0,200}(\d{1,4})-->(\d{1,4})(KB|MB)-Page@0x([0-9a-fA-F]{1,16})(?:\s{1,64}VA: 0x([0-9a-fA-F]{1,16}))?\s{0,64}$/;

const SHIFTS: Readonly<Record<string, number>> = { PD4: 56, PD3: 47, PD2: 38, PD1: 29, PD0: 21 };
const DEPTHS: Readonly<Record<string, number>> = { PD4: 4, PD3: 3, PD2: 2, PD1: 1, PD0: 0, PT: -1 };
const big = (value: bigint): string => `0x${value.toString(16)}`;

const LEAF_LIMIT = 1 << 20;

/**
 * Reads trees of the form that the published extractor for NVIDIA page tables prints: `PD3@0x…`, `0-->PD2@0x…`,
 * `16-->64KB-Page@0x… VA: 0x…`. A line of dots means that something was left out.
 */
export class PageMapReader {
  readonly #emit: (mapping: PageMapping) => void;
  #root: Table | undefined;
  #path: { table: Table; index: number }[] = [];
  #leaves = 0;

  constructor(emit: (mapping: PageMapping) => void = () => undefined) {
    this.#emit = emit;
  }

  /** Address of the root directory, if a tree was read. */
  get root(): string | undefined {
    return this.#root === undefined ? undefined : big(this.#root.address);
  }

  /** Reads one line and says whether it belongs to a tree. */
  line(number: number, text: string): boolean {
    if (this.#root !== undefined && /^\s{0,200}(?:\.\.\.|…)\s{0,64}$/.test(text)) {
      this.#elide();
      return true;
    }
    if (text.includes('-->')) return this.#root !== undefined && (this.#node(text) || this.#leaf(number, text));
    if (!text.includes('@0x')) return false;
    const found = ROOT.exec(text);
    if (found?.[1] === undefined || found[2] === undefined) return false;
    this.#root = table(found[1], BigInt(`0x${found[2]}`));
    this.#path = [{ table: this.#root, index: 0 }];
    this.#leaves = 0;
    return true;
  }

  /** Says whether the tree maps an address, and which level has no entry for it if not. */
  query(address: bigint): PageMapAnswer {
    let at = this.#root;
    if (at === undefined) return { answer: 'unknown', why: 'the log has no page-table tree' };
    if (this.#leaves > LEAF_LIMIT) return { answer: 'unknown', why: 'the tree is too large to be kept' };
    if (address >> BigInt((SHIFTS[at.level] ?? 47) + (at.level === 'PD3' ? 2 : 1)) !== 0n) {
      return { answer: 'unknown', why: 'the address is outside the address space' };
    }
    for (;;) {
      const shift = at.level === 'PT' ? at.pageShift : (SHIFTS[at.level] ?? 0);
      const width = at.level === 'PT' ? 21 - shift : at.level === 'PD0' ? 8 : 9;
      const index = Number(BigInt.asUintN(width, address >> BigInt(shift)));
      const entry = at.entries.get(index);
      const name = at.level === 'PT' ? `PT (${shift === 12 ? '4K' : '64K'})` : at.level;
      if (entry === undefined) {
        return index > at.elidedAfter
          ? { answer: 'unknown', why: `entries of ${name} at ${big(at.address)} were left out` }
          : { answer: 'not mapped', missing_level: name, index };
      }
      if (!('entries' in entry)) {
        const pa = entry.pa + BigInt.asUintN(entry.shift, address);
        return { answer: 'mapped', pa: big(pa), line: entry.line, page: big(1n << BigInt(entry.shift)) };
      }
      at = entry;
    }
  }

  /** Something was left out here: in every table that is open, entries after the last one printed are unknown. */
  #elide(): void {
    for (const { table: open } of this.#path) open.elidedAfter = Math.min(open.elidedAfter, open.last);
  }

  #parent(depth: number): Table | undefined {
    while (this.#path.length > 1 && (this.#path.at(-1)?.table.depth ?? 0) <= depth) this.#path.pop();
    return this.#path.at(-1)?.table;
  }

  #node(text: string): boolean {
    const found = NODE.exec(text);
    if (found === null) return false;
    const [, indexText, level = 'PT', address = '0'] = found;
    const index = Number(indexText);
    const child = table(level, BigInt(`0x${address}`));
    const parent = this.#parent(child.depth);
    if (parent === undefined || parent.depth <= child.depth) return false;
    if (this.#leaves <= LEAF_LIMIT) parent.entries.set(index, child);
    parent.last = Math.max(parent.last, index);
    this.#path.push({ table: child, index });
    return true;
  }

  #leaf(number: number, text: string): boolean {
    const found = LEAF.exec(text);
    if (found === null) return false;
    const [, indexText, count = '', unit, paText = '', vaText] = found;
    const index = Number(indexText);
    const bytes = Number(count) * (unit === 'KB' ? 1024 : 1048576);
    const shift = Math.round(Math.log2(bytes));
    if (bytes !== 2 ** shift || shift < 12 || shift > 38) return false;
    // A page is an entry of the table that indexes at its size.
    const depth = shift >= 29 ? 1 : shift >= 21 ? 0 : -1;
    const parent = this.#parent(depth - 1);
    if (parent?.depth !== depth) return false;
    const pa = BigInt(`0x${paText}`);
    if (depth === -1) parent.pageShift = shift;
    parent.last = Math.max(parent.last, index);
    if (++this.#leaves <= LEAF_LIMIT) parent.entries.set(index, { line: number, pa, shift });
    const path = [...this.#path.slice(1).map((step) => step.index), index];
    let va = 0n;
    let level = this.#root?.depth ?? 3;
    for (const step of path) {
      va |= BigInt(step) << BigInt(level >= 0 ? (SHIFTS[`PD${level}`] ?? 0) : shift);
      level--;
    }
    this.#emit({
      line: number,
      va: vaText === undefined ? big(va) : big(BigInt(`0x${vaText}`)),
      pa: big(pa),
      page: big(BigInt(bytes)),
      path,
      entry_addr: big(parent.address + BigInt(index * (depth === 0 ? 16 : 8))),
    });
    return true;
  }
}

function table(level: string, address: bigint): Table {
  return {
    level,
    address,
    depth: DEPTHS[level] ?? -1,
    entries: new Map(),
    elidedAfter: Number.POSITIVE_INFINITY,
    last: -1,
    pageShift: 16,
  };
}
