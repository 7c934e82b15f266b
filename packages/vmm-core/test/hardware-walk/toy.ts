import {
  type EntryLayout,
  field,
  type LevelFormat,
  MemoryImage,
  type MmuFormat,
  type Root,
  take,
} from '../../src/hardware-walk/index.js';

// A made-up MMU with everything that a real one has: two directories, the lower of which is dual, 30-bit addresses.
//
//   TOP 29:24 (64 entries) → DUAL 23:18 (64) → LARGE 17:15 (8) and SMALL 17:12 (64), entries of 8 bytes
//
// Page and table entries: the low word is what, bits 2:0 (0 none, 1 page, 2 table(s), 3 sparse, 4 blocked, 5 nowhere,
// else malformed), 3 read only, 5:4 aperture, and the address 31:12. Dual entries: a second table in the high word.

export const NONE = 0;
export const PAGE = 1;
export const TABLE = 2;
export const SPARSE = 3;
export const BLOCKED = 4;
export const NOWHERE = 5;

const WHAT = field('what', 2, 0, 'what the entry is');
const RO = field('ro', 3, 3, 'read only');
const APERTURE = field('aperture', 5, 4, 'where');
const ADDR = field('addr', 31, 12, 'address', { shift: 12 });
const LAYOUT: EntryLayout = { name: 'entry', fields: [WHAT, RO, APERTURE, ADDR] };
const DUAL: EntryLayout = {
  name: 'dual',
  fields: [WHAT, RO, APERTURE, ADDR, field('small', 63, 32, 'small table')],
};

const APERTURES = ['vram', 'peer', 'host', 'ncoh'] as const;
const TARGETS = ['vram', 'vram', 'host', 'ncoh'] as const;

function toyLevel(name: string, shift: number, bits: number, child: number, small: number): LevelFormat {
  return {
    name,
    directory: child > 0,
    shift,
    bits,
    entryBytes: 8,
    decode: (w0, w1, _w2, _w3, out) => {
      const what = take(WHAT, w0, w1);
      if (what === NONE) out.state = 'none';
      else if (what === SPARSE) out.state = 'sparse';
      else if (what === BLOCKED) out.state = 'blocked';
      else if (what === NOWHERE) out.state = 'nowhere';
      else if (what === PAGE) {
        out.state = 'page';
        out.addr = (w0 & 0xfffff000) >>> 0;
        out.apertureCode = take(APERTURE, w0, w1);
        out.aperture = APERTURES[out.apertureCode]!;
        out.ro = take(RO, w0, w1) === 1;
        out.priv = out.vol = out.noAtomics = false;
        out.kind = out.tag = out.tagStep = out.peer = 0;
        out.block = 0;
      } else if (what === TABLE) {
        const large = (w0 & 0xfffff000) >>> 0;
        out.state = 'table';
        out.child = small > 0 && large === 0 ? -1 : child;
        out.childTarget = TARGETS[take(APERTURE, w0, w1)]!;
        out.childAddr = large;
        out.childEntries = small > 0 ? 8 : 64;
        out.small = small > 0 && w1 !== 0 ? small : -1;
        out.smallTarget = 'vram';
        out.smallAddr = (w1 & 0xfffff000) >>> 0;
        out.smallEntries = 64;
        if (small > 0 && out.child < 0 && out.small < 0) out.fail('no table');
      } else out.fail(`what ${what}`);
    },
    layouts: [small > 0 ? DUAL : LAYOUT],
    layoutOf: () => (small > 0 ? DUAL : LAYOUT),
    step: 2 ** shift,
    stepMask: 0xfffff000,
  };
}

export function toyFormat(bothValidFaults = false): MmuFormat {
  return {
    version: 'toy',
    chip: 'toy',
    vaBits: 30,
    signExtended: false,
    levels: [
      toyLevel('TOP', 24, 6, 1, 0),
      toyLevel('DUAL', 18, 6, 2, 3),
      toyLevel('LARGE', 15, 3, 0, 0),
      toyLevel('SMALL', 12, 6, 0, 0),
    ],
    bothValidFaults,
    reasons: { pde: { number: 0, name: 'PDE' }, pte: { number: 2, name: 'PTE' }, limit: { number: 3, name: 'LIMIT' } },
    instance: {
      bytes: 8,
      words: [{ offset: 0, fields: [field('addr', 31, 12, 'directory', { shift: 12 })] }],
      subcontexts: 0,
      decode: (inst, read) => {
        const word = read(0);
        if (word === undefined) return { kind: 'unreadable', addr: inst.addr };
        return { kind: 'root', target: 'vram', addr: BigInt((word & 0xfffff000) >>> 0) };
      },
    },
    apertures: APERTURES,
    addressBits: [32, 32, 32, 32],
  };
}

/** Memory of 4 KiB pages, written an entry at a time. */
export class ToyMemory {
  readonly #pages = new Map<number, Uint32Array>();

  /** Sets the entry at `addr`; reserves its page. */
  set(addr: number, lo: number, hi = 0): this {
    const words = this.page(addr);
    words[(addr % 0x1000) / 4] = lo;
    words[(addr % 0x1000) / 4 + 1] = hi;
    return this;
  }

  page(addr: number): Uint32Array {
    const base = addr - (addr % 0x1000);
    let words = this.#pages.get(base);
    if (words === undefined) this.#pages.set(base, (words = new Uint32Array(1024)));
    return words;
  }

  image(): MemoryImage {
    return new MemoryImage([...this.#pages].map(([addr, words]) => ({ addr, target: 'vram' as const, words })));
  }
}

export const ROOT: Root = { kind: 'root', target: 'vram', addr: 0x1000n };

/** Writes tables for single pages the obvious way, and remembers what every 4 KiB page is. */
export class ToyBuilder {
  readonly memory = new ToyMemory();
  /** By page number: `mapped ADDR SHIFT APERTURE RO`, `sparse SHIFT` or `nowhere SHIFT`. */
  readonly model = new Map<number, string>();
  #next = 0x10000;
  readonly #top = new Map<number, number>();
  readonly #dual = new Map<number, { large: number; small: number }>();

  constructor() {
    this.memory.page(0x1000);
  }

  /** Sets a large or small entry, unless something is in the way. */
  put(shift: 12 | 15, va: number, what: number, addr: number, aperture: number, ro: boolean): void {
    const pages = 2 ** (shift - 12);
    const first = Math.floor(va / 2 ** shift) * pages;
    for (let i = 0; i < pages; i++) if (this.model.has(first + i)) return;
    const tables = this.#tables(first * 0x1000);
    const index = shift === 15 ? (first >> 3) & 7 : first & 63;
    const base = shift === 15 ? tables.large : tables.small;
    const aligned = addr - (addr % 2 ** shift);
    this.memory.set(base + 8 * index, (what === PAGE ? aligned | (aperture << 4) | (ro ? 8 : 0) : 0) | what);
    for (let i = 0; i < pages; i++) {
      const said =
        what === PAGE
          ? `mapped ${aligned + i * 0x1000} ${shift} ${APERTURES[aperture]} ${ro}`
          : what === SPARSE
            ? `sparse ${shift}`
            : what === NOWHERE
              ? `nowhere ${shift}`
              : undefined;
      if (said !== undefined) this.model.set(first + i, said);
    }
    if (what === BLOCKED) for (let i = 0; i < pages; i++) this.model.set(first + i, 'fault');
  }

  #tables(va: number): { large: number; small: number } {
    const top = va >>> 24;
    let dual = this.#top.get(top);
    if (dual === undefined) {
      this.#top.set(top, (dual = this.#allocate()));
      this.memory.set(0x1000 + 8 * top, dual | TABLE);
    }
    const key = va >>> 18;
    let tables = this.#dual.get(key);
    if (tables === undefined) {
      this.#dual.set(key, (tables = { large: this.#allocate(), small: this.#allocate() }));
      this.memory.set(dual + 8 * (key & 63), tables.large | TABLE, tables.small);
    }
    return tables;
  }

  #allocate(): number {
    const addr = this.#next;
    this.#next += 0x1000;
    this.memory.page(addr);
    return addr;
  }
}
