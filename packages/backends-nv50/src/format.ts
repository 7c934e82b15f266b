import {
  type Aperture,
  type DecodedEntry,
  type EntryDecoder,
  type EntryLayout,
  field,
  type LevelFormat,
  type MmuFormat,
  take,
  takeAddress,
} from '@nvmmu/vmm-core';

// Page entry: 8 bytes
//
//  63 62 61 60   49 48 47 46    40 39         12 11 10 9   7  6 5  4   3  2 1   0
// ├─┼en┼pc┼─ tag ──┼─comp─┼─ kind ─┼ addr >> 12 ──┼─ 0 ─┼block┼pr┼ tgt ┼ ro┼ 0 ─┼ v ┤
//
// Directory entry: 8 bytes
//
//  63      40 39         12 11    7 6    5  4 3  2 1     0
// ├──── 0 ───┼ addr >> 12 ──┼── 0 ──┼ size ─┼ 0┼ tgt ┼ pages ┤

/** Chips whose tables have this format. */
export type FormatTChip = 'nv50' | 'g84' | 'mcp77';

const MEMORY = {
  values: { 0: 'video memory', 1: 'invalid', 2: 'coherent system memory', 3: 'non-coherent system memory' },
};

const VALID = field('valid', 0, 0, 'the entry maps a page');
const RO = field('ro', 3, 3, 'read only');
const PAGE_TARGET = field('target', 5, 4, 'memory that holds the page', MEMORY);
const PRIV = field('priv', 6, 6, 'supervisor accesses only');
const BLOCK = field('block', 9, 7, 'log2 of the pages in the contiguous block');
const ADDR_VIDEO = field('addr', 31, 12, 'address bits 31:12 of the first page of the block', { shift: 12 });
const ADDR_HIGH = field('addr-high', 39, 32, 'ignored for video memory');
const ADDR_SYSTEM = field('addr', 39, 12, 'address bits 39:12 of the first page of the block', { shift: 12 });
const KIND = field('kind', 46, 40, 'storage kind');
const COMP = field('comp', 48, 47, 'compression mode', { values: { 0: 'none', 1: 'single', 2: 'double' } });
const TAG = field('tag', 60, 49, 'compression tag of the first page of the block');
const PARTITION = field('partition', 61, 61, 'partition cycle');
const ENCRYPTED = field('encrypted', 62, 62, 'encrypted (g84 and later)');

const PAGES = field('pages', 1, 0, 'page size of the table', {
  values: { 0: 'no table', 1: '64 KiB', 2: '16 KiB (gt215 and later)', 3: '4 KiB' },
});
const TABLE_TARGET = field('target', 3, 2, 'memory that holds the table', MEMORY);
const TABLE_SIZE = field('size', 6, 5, 'entries of a table of 4 KiB pages', {
  values: { 0: '0x20000', 1: '0x8000', 2: '0x4000', 3: '0x2000' },
});
const TABLE_ADDR = field('addr', 39, 12, 'address of the table', { shift: 12 });

const TARGETS: readonly (Exclude<Aperture, 'peer'> | undefined)[] = ['vram', undefined, 'host', 'ncoh'];

/** log2 of what one directory entry covers. */
const DIRECTORY_SHIFT = 29;
/** Page shift by the page-size field of a directory entry. */
const PAGE_SHIFTS = [0, 16, 14, 12] as const;
/** Level index by the page-size field. */
const LEVELS = [0, 1, 2, 3] as const;
/** Entries of a 4 KiB-page table by its size field. */
const SIZES = [0x20000, 0x8000, 0x4000, 0x2000] as const;

/** Bits of the low lane that hold address bits whatever the target. */
const STEP_MASK = 0xfffff000;

const directoryDecoder: EntryDecoder = (w0, w1, _w2, _w3, out) => {
  const pages = take(PAGES, w0, w1);
  if (pages === 0) {
    // Only these two bits count: absent entries have something else in their high word.
    out.state = 'none';
    return;
  }
  const target = TARGETS[take(TABLE_TARGET, w0, w1)];
  if (target === undefined) {
    out.fail('the target of a table is 1, which is not valid');
    return;
  }
  out.state = 'table';
  out.child = LEVELS[pages] as number;
  out.childTarget = target;
  out.childAddr = takeAddress(TABLE_ADDR, w0, w1);
  out.childEntries =
    pages === 3 ? (SIZES[take(TABLE_SIZE, w0, w1)] as number) : 2 ** (DIRECTORY_SHIFT - (PAGE_SHIFTS[pages] as number));
  out.small = -1;
};

function pageDecoder(shift: number): EntryDecoder {
  return (w0, w1, _w2, _w3, out) => {
    if (take(VALID, w0, w1) === 0) {
      out.state = 'none';
      return;
    }
    const code = take(PAGE_TARGET, w0, w1);
    const aperture = TARGETS[code];
    if (aperture === undefined) {
      out.fail('the target of a page is 1, which is not valid');
      return;
    }
    decodePage(shift, code, aperture, w0, w1, out);
  };
}

function decodePage(shift: number, code: number, aperture: Aperture, w0: number, w1: number, out: DecodedEntry): void {
  const addr = takeAddress(code === 0 ? ADDR_VIDEO : ADDR_SYSTEM, w0, w1);
  const comp = take(COMP, w0, w1);
  out.state = 'page';
  out.addr = addr - (addr % 2 ** shift);
  out.apertureCode = code;
  out.aperture = aperture;
  out.peer = 0;
  out.ro = take(RO, w0, w1) === 1;
  out.priv = take(PRIV, w0, w1) === 1;
  out.vol = false;
  out.noAtomics = false;
  out.kind = take(KIND, w0, w1);
  out.tag = comp === 0 ? 0 : take(TAG, w0, w1);
  // One tag cell for each 64 KiB and step of the mode.
  out.tagStep = shift === 16 ? comp : 0;
  out.block = take(BLOCK, w0, w1);
}

const NO_TABLE: EntryLayout = { name: 'no table', fields: [PAGES, field('ignored', 63, 2, 'ignored')] };
const TABLE: EntryLayout = { name: 'table of 16 or 64 KiB pages', fields: [PAGES, TABLE_TARGET, TABLE_ADDR] };
const SMALL_TABLE: EntryLayout = {
  name: 'table of 4 KiB pages',
  fields: [PAGES, TABLE_TARGET, TABLE_SIZE, TABLE_ADDR],
};

const DIRECTORY: LevelFormat = {
  name: 'PD',
  directory: true,
  shift: DIRECTORY_SHIFT,
  bits: 11,
  entryBytes: 8,
  decode: directoryDecoder,
  absent: [0, 0xdeadcafe],
  layouts: [NO_TABLE, TABLE, SMALL_TABLE],
  layoutOf: ([w0 = 0, w1 = 0]) => {
    const pages = take(PAGES, w0, w1);
    return pages === 0 ? NO_TABLE : pages === 3 ? SMALL_TABLE : TABLE;
  },
  warnings: ([w0 = 0, w1 = 0]) => {
    const pages = take(PAGES, w0, w1);
    const warnings: string[] = [];
    if (pages !== 0 && take(TABLE_TARGET, w0, w1) === 1) warnings.push('target 1 is not valid');
    if (pages === 2) warnings.push('16 KiB pages exist on gt215 and later only');
    return warnings;
  },
};

const ABSENT: EntryLayout = { name: 'absent', fields: [VALID, field('ignored', 63, 1, 'ignored')] };
const REST = [KIND, COMP, TAG, PARTITION, ENCRYPTED];
const VIDEO_PAGE: EntryLayout = {
  name: 'page in video memory',
  fields: [VALID, RO, PAGE_TARGET, PRIV, BLOCK, ADDR_VIDEO, ADDR_HIGH, ...REST],
};
const SYSTEM_PAGE: EntryLayout = {
  name: 'page in system memory',
  fields: [VALID, RO, PAGE_TARGET, PRIV, BLOCK, ADDR_SYSTEM, ...REST],
};

function pageLevel(name: string, shift: number): LevelFormat {
  return {
    name,
    directory: false,
    shift,
    bits: DIRECTORY_SHIFT - shift,
    entryBytes: 8,
    decode: pageDecoder(shift),
    layouts: [ABSENT, VIDEO_PAGE, SYSTEM_PAGE],
    layoutOf: ([w0 = 0, w1 = 0]) => {
      if (take(VALID, w0, w1) === 0) return ABSENT;
      return take(PAGE_TARGET, w0, w1) === 0 ? VIDEO_PAGE : SYSTEM_PAGE;
    },
    warnings: ([w0 = 0, w1 = 0]) => pageWarnings(shift, w0, w1),
    step: 2 ** shift,
    stepMask: STEP_MASK,
  };
}

function pageWarnings(shift: number, w0: number, w1: number): string[] {
  if (take(VALID, w0, w1) === 0) return [];
  const warnings: string[] = [];
  const target = take(PAGE_TARGET, w0, w1);
  const comp = take(COMP, w0, w1);
  if (target === 1) warnings.push('target 1 is not valid');
  if (target === 0 && take(ADDR_HIGH, w0, w1) !== 0) warnings.push('address bits 39:32 are ignored for video memory');
  if (takeAddress(ADDR_SYSTEM, w0, w1) % 2 ** shift !== 0) {
    warnings.push(`the address is not a multiple of the page size 2^${shift}`);
  }
  if (comp === 3) warnings.push('compression mode 3 is not defined');
  if (comp !== 0 && target !== 0) warnings.push('compression in system memory');
  if (comp !== 0 && shift !== 16) warnings.push('compression in pages that are not 64 KiB');
  return warnings;
}

/** Offset of the page directory in an instance block. */
const DIRECTORY_OFFSETS: Readonly<Record<FormatTChip, number>> = { nv50: 0x1400, g84: 0x200, mcp77: 0x200 };
const DIRECTORY_BYTES = 0x4000;

/** Storage kinds as the chips list them: a class by kind, and the class that means that a kind is not valid. */
export interface KindClasses {
  readonly table: Uint8Array;
  readonly invalid: number;
}

/**
 * How the hardware of a chip reads tables of format T: a directory in the instance block, each entry of which has one
 * table of one page size.
 * `kinds` are the storage kinds of the chip; without them none is found invalid.
 */
export function formatT(chip: FormatTChip, kinds?: KindClasses): MmuFormat {
  const offset = DIRECTORY_OFFSETS[chip];
  return {
    version: 'T',
    chip,
    vaBits: 40,
    signExtended: false,
    levels: [DIRECTORY, pageLevel('PT64K', 16), pageLevel('PT16K', 14), pageLevel('PT4K', 12)],
    bothValidFaults: false,
    reasons: {
      pde: { number: 0x0, name: 'PT_NOT_PRESENT' },
      size: { number: 0x1, name: 'PT_TOO_SHORT' },
      pte: { number: 0x2, name: 'PAGE_NOT_PRESENT' },
      priv: { number: 0x3, name: 'PAGE_SYSTEM_ONLY' },
      ro: { number: 0x4, name: 'PAGE_READ_ONLY' },
      kind: { number: 0x7, name: 'WRONG_MEMTYPE' },
    },
    instance: {
      bytes: offset + DIRECTORY_BYTES,
      words: [],
      subcontexts: 0,
      // The directory is part of the block: nothing to read.
      decode: (inst) => ({ kind: 'root', target: inst.target, addr: inst.addr + BigInt(offset) }),
    },
    apertures: ['vram', 'vram', 'host', 'ncoh'],
    addressBits: [32, 32, 40, 40],
    ...(kinds === undefined
      ? {}
      : { isValidKind: (kind: number) => (kinds.table[kind] ?? kinds.invalid) !== kinds.invalid }),
  };
}
