import type { Generation } from './chips.js';

/** A page-table format: T (nv50 family), 1 (gf100 to gm20b), 2 (gp100 to Ada), 3 (gh100 and later). */
export type PageFormat = 'T' | '1' | '2' | '3';

/** One level of a format: which address bits index it. */
export interface Level {
  readonly name: string;
  readonly high: number;
  readonly low: number;
  /** True for a table of pages, false for a directory. Where several tables follow a directory they are alternatives. */
  readonly leaf: boolean;
}

/** How addresses of one format are taken apart. */
export interface Layout {
  readonly format: PageFormat;
  readonly title: string;
  /** Width of a virtual address in bits. */
  readonly bits: number;
  readonly levels: readonly Level[];
  /** Page sizes that can occur, as powers of two. */
  readonly pageShifts: readonly number[];
  /** Log2 of the big page, where the format leaves it open. */
  readonly bigPage?: 16 | 17;
}

const directory = (name: string, high: number, low: number): Level => ({ name, high, low, leaf: false });
const table = (name: string, high: number, low: number): Level => ({ name, high, low, leaf: true });

const TESLA: Layout = {
  format: 'T',
  title: 'nv50 family, 40 bits, 2 levels',
  bits: 40,
  levels: [directory('PD', 39, 29), table('PT (64 KiB)', 28, 16), table('PT (4 KiB)', 28, 12)],
  pageShifts: [12, 16],
};

const fermi = (bigPage: 16 | 17): Layout => ({
  format: '1',
  title: `gf100 to gm20b with ${bigPage === 17 ? 128 : 64} KiB big pages, 40 bits, 2 levels`,
  bits: 40,
  levels: [directory('PD', 39, bigPage + 10), table('LPT', bigPage + 9, bigPage), table('SPT', bigPage + 9, 12)],
  pageShifts: [12, bigPage],
  bigPage,
});

const LOWER: readonly Level[] = [
  directory('PD2', 46, 38),
  directory('PD1', 37, 29),
  directory('PD0', 28, 21),
  table('LPT', 20, 16),
  table('SPT', 20, 12),
];

const PASCAL: Layout = {
  format: '2',
  title: 'gp100 to Ada, 49 bits, 5 levels',
  bits: 49,
  levels: [directory('PD3', 48, 47), ...LOWER],
  pageShifts: [12, 16, 21],
};

const HOPPER: Layout = {
  format: '3',
  title: 'gh100 and later, 57 bits, 6 levels',
  bits: 57,
  levels: [directory('PD4', 56, 56), directory('PD3', 55, 47), ...LOWER],
  pageShifts: [12, 16, 21, 29],
};

/** The format that a generation uses. */
export function formatOf(generation: Generation): PageFormat {
  switch (generation) {
    case 'nv50':
      return 'T';
    case 'gf100':
    case 'gk104':
    case 'gm107':
      return '1';
    case 'gp100':
    case 'gv100':
    case 'tu102':
      return '2';
    case 'gh100':
      return '3';
  }
}

/** The layouts of a format: one, or two for format 1, where the big-page size is open, unless `bigPage` picks one. */
export function layoutsOf(format: PageFormat, bigPage?: 16 | 17): readonly Layout[] {
  switch (format) {
    case 'T':
      return [TESLA];
    case '1':
      return bigPage === undefined ? [fermi(17), fermi(16)] : [fermi(bigPage)];
    case '2':
      return [PASCAL];
    case '3':
      return [HOPPER];
  }
}

/** The index of an address at one level, and what the entry there covers. */
export interface LevelIndex {
  readonly level: string;
  /** Address bits of the index, `46:38`. */
  readonly bits: string;
  readonly index: number;
  /** Log2 of the bytes that the entry covers. */
  readonly shift: number;
  /** First address that the entry covers, `0x…`. */
  readonly start: string;
  /** First address after it, `0x…`. */
  readonly end: string;
  readonly leaf: boolean;
}

/** Where an address falls in one layout. */
export interface Location {
  readonly format: PageFormat;
  readonly title: string;
  readonly bigPage?: 16 | 17;
  /** False where the address has bits above the width of the format. */
  readonly inRange: boolean;
  readonly levels: readonly LevelIndex[];
  /** Page sizes that could be at the address, as powers of two. */
  readonly pageShifts: readonly number[];
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** Says whether an address fits a width, also as a sign-extended (canonical) address of formats 2 and 3. */
function fits(address: bigint, bits: number): boolean {
  if (address >> BigInt(bits) === 0n) return true;
  return bits > 40 && address >> BigInt(bits - 1) === (1n << BigInt(65 - bits)) - 1n;
}

/** Computes the index at every level of one layout. An address out of range keeps only its low bits. */
export function locate(address: bigint, layout: Layout): Location {
  const within = BigInt.asUintN(layout.bits, address);
  const levels = layout.levels.map(({ name, high, low, leaf }): LevelIndex => {
    const shift = BigInt(low);
    const start = (within >> shift) << shift;
    return {
      level: name,
      bits: high === low ? `${high}` : `${high}:${low}`,
      index: Number(BigInt.asUintN(high - low + 1, within >> shift)),
      shift: low,
      start: hex(start),
      end: hex(start + (1n << shift)),
      leaf,
    };
  });
  const { format, title, bigPage, pageShifts } = layout;
  const location = { format, title, inRange: fits(address, layout.bits), levels, pageShifts };
  return bigPage === undefined ? location : { ...location, bigPage };
}
