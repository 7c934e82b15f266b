import {
  APERTURES,
  type Aperture,
  type DecodedEntry,
  type EntryDecoder,
  type EntryLayout,
  field,
  type FieldSpec,
  type KindSource,
  kindQueries,
  type LevelFormat,
  type MmuFormat,
  take,
  takeAddress,
} from '@nvmmu/vmm-core';
import { instanceFormat } from './format-instance.js';
import { GF100_REASONS, GK104_REASONS } from './format-reasons.js';

// Page entry: 8 bytes
//
//  63 62 61 60 59      44 43    36 35 34 33 32 31    29 28          4   3   2   1   0
// ├wd┼rd┼ 0 ┼── tag ────┼─ kind ─┼ lk ┼─ap──┼vol┼─ peer ┼ addr >> 12 ─┼ en┼ ro┼ pr┼ v ┤
//
//   Bits 31:29 are address bits 39:37 in system memory. Bit 60 is the top of the tag, or (GM20x, 64 KiB) its half.
//
// Directory entry: 8 bytes, a table of large and one of small pages
//
//  63                  36  35  34 33 32 31                 4 3    2 1  0
// ├─ small addr >> 12 ────┼ lv┼ sv┼─ sa ┼─ large addr >> 12 ┼ size ┼ la ┤

/** Chips whose tables have this format. */
export type Format1Chip = 'gf100' | 'gk104' | 'gk20a' | 'gm200' | 'gm20b';

const VALID = field('valid', 0, 0, 'the entry maps a page');
const PRIV = field('priv', 1, 1, 'privileged accesses only');
const BLOCKED = field('blocked', 1, 1, 'the 4 KiB table is not consulted');
const RO = field('ro', 2, 2, 'read only');
const ENCRYPTED = field('encrypted', 3, 3, 'encrypted');
const ADDR_VIDEO = field('addr', 28, 4, 'address bits 36:12', { shift: 12 });
const PEER = field('peer', 31, 29, 'number of the peer; must be 0 for video memory');
const ADDR_SYSTEM = field('addr', 31, 4, 'address bits 39:12', { shift: 12 });
const VOL = field('vol', 32, 32, 'not cached in L2');
const SPARSE = field('sparse', 32, 32, 'not mapped, but accesses do not fault');
const PAGE_APERTURE = field('aperture', 34, 33, 'memory that holds the page', {
  values: { 0: 'video memory', 1: 'peer', 2: 'coherent system memory', 3: 'non-coherent system memory' },
});
const LOCK = field('lock', 35, 35, 'lock');
const KIND = field('kind', 43, 36, 'storage kind');
const TAG = field('tag', 60, 44, 'compression tag line');
const TAG_LINE = field('tag', 59, 44, 'compression tag line');
const TAG_HALF = field('tag-half', 60, 60, 'half of the tag line');
const READ_DISABLE = field('read-disable', 62, 62, 'reads are refused');
const WRITE_DISABLE = field('write-disable', 63, 63, 'writes are refused');

const TABLE_VALUES = {
  values: { 0: 'no table', 1: 'video memory', 2: 'coherent system memory', 3: 'non-coherent system memory' },
};
const LARGE_APERTURE = field('large-aperture', 1, 0, 'memory that holds the large-page table', TABLE_VALUES);
const TABLE_SIZE = field('size', 3, 2, 'part of the tables that is there', {
  values: { 0: 'full', 1: 'half', 2: 'quarter', 3: 'eighth' },
});
const LARGE_VIDEO = field('large-addr', 28, 4, 'large-page table, address bits 36:12', { shift: 12 });
const LARGE_SYSTEM = field('large-addr', 31, 4, 'large-page table, address bits 39:12', { shift: 12 });
const SMALL_APERTURE = field('small-aperture', 33, 32, 'memory that holds the small-page table', TABLE_VALUES);
const SMALL_VOL = field('small-vol', 34, 34, 'the small-page table is not cached in L2');
const LARGE_VOL = field('large-vol', 35, 35, 'the large-page table is not cached in L2');
const DIRECTORY_SPARSE = field('sparse', 35, 35, 'not mapped, but accesses do not fault (GM20x)');
const SMALL_ADDR = field('small-addr', 63, 36, 'small-page table, address bits 39:12', { shift: 12 });

/** Memory targets by the aperture number of directory entries. */
const TABLE_TARGETS = ['vram', 'vram', 'host', 'ncoh'] as const;

const PAGE_SHIFT = 12;
/** Large tables have this many index bits, for both sizes of large pages. */
const LARGE_BITS = 10;
/** Bits of the low lane that hold address bits whatever the aperture. */
const STEP_MASK = 0x1ffffff0;

const LEVEL = { directory: 0, large: 1, small: 2 } as const;

/** What a decoder needs to know about the chip. */
interface ChipTraits {
  /** GM20x: sparse entries, half tag lines. */
  readonly gm20x: boolean;
  /** Large entries can block the small table. */
  readonly blocks: boolean;
  /** Aperture 0 is the system memory that the chip has. */
  readonly integrated: boolean;
  isCompressed(kind: number): boolean;
}

function pageAddress(chip: ChipTraits, code: number): FieldSpec {
  return code >= 2 || (chip.integrated && code === 0) ? ADDR_SYSTEM : ADDR_VIDEO;
}

function decodePage(chip: ChipTraits, shift: number, w0: number, w1: number, out: DecodedEntry): void {
  const code = take(PAGE_APERTURE, w0, w1);
  const addr = takeAddress(pageAddress(chip, code), w0, w1);
  const halves = chip.gm20x && shift <= 16;
  out.state = 'page';
  out.addr = addr - (addr % 2 ** shift);
  out.apertureCode = code;
  out.aperture = chip.integrated && code === 0 ? 'ncoh' : (APERTURES[code] as Aperture);
  out.peer = code === 1 ? take(PEER, w0, w1) : 0;
  out.priv = take(PRIV, w0, w1) === 1;
  out.ro = take(RO, w0, w1) === 1;
  out.vol = take(VOL, w0, w1) === 1;
  out.noAtomics = false;
  out.kind = take(KIND, w0, w1);
  out.tag = halves ? take(TAG_LINE, w0, w1) + take(TAG_HALF, w0, w1) / 2 : take(TAG, w0, w1);
  out.tagStep = shift > PAGE_SHIFT && chip.isCompressed(out.kind) ? (halves ? 0.5 : 1) : 0;
  out.block = 0;
}

function largeDecoder(chip: ChipTraits, shift: number): EntryDecoder {
  return (w0, w1, _w2, _w3, out) => {
    if (take(VALID, w0, w1) === 1) decodePage(chip, shift, w0, w1, out);
    else if (chip.gm20x && take(SPARSE, w0, w1) === 1) out.state = 'sparse';
    else out.state = chip.blocks && take(BLOCKED, w0, w1) === 1 ? 'blocked' : 'none';
  };
}

function smallDecoder(chip: ChipTraits): EntryDecoder {
  return (w0, w1, _w2, _w3, out) => {
    if (take(VALID, w0, w1) === 1) decodePage(chip, PAGE_SHIFT, w0, w1, out);
    else out.state = chip.gm20x && take(SPARSE, w0, w1) === 1 ? 'sparse' : 'none';
  };
}

function directoryDecoder(chip: ChipTraits, bigShift: number): EntryDecoder {
  const smallBits = LARGE_BITS + bigShift - PAGE_SHIFT;
  return (w0, w1, _w2, _w3, out) => {
    const large = take(LARGE_APERTURE, w0, w1);
    const small = take(SMALL_APERTURE, w0, w1);
    if (large === 0 && small === 0) {
      out.state = chip.gm20x && take(DIRECTORY_SPARSE, w0, w1) === 1 ? 'sparse' : 'none';
      return;
    }
    const cut = take(TABLE_SIZE, w0, w1);
    out.state = 'table';
    out.child = large === 0 ? -1 : LEVEL.large;
    out.childTarget = TABLE_TARGETS[large] as 'vram' | 'host' | 'ncoh';
    out.childAddr = takeAddress(large === 1 ? LARGE_VIDEO : LARGE_SYSTEM, w0, w1);
    out.childEntries = 2 ** (LARGE_BITS - cut);
    out.small = small === 0 ? -1 : LEVEL.small;
    out.smallTarget = TABLE_TARGETS[small] as 'vram' | 'host' | 'ncoh';
    out.smallAddr = takeAddress(SMALL_ADDR, w0, w1);
    out.smallEntries = 2 ** (smallBits - cut);
  };
}

function directoryLevel(chip: ChipTraits, bigShift: number): LevelFormat {
  const layouts = [0, 1, 2].map((large) =>
    [false, true].map((small): EntryLayout => {
      const lower = large === 0 ? [] : [TABLE_SIZE, large === 1 ? LARGE_VIDEO : LARGE_SYSTEM];
      const upper = small ? [SMALL_VOL, SMALL_ADDR] : [];
      const vol = large !== 0 ? [LARGE_VOL] : !small && chip.gm20x ? [DIRECTORY_SPARSE] : [];
      const size = large === 0 && small ? [TABLE_SIZE] : [];
      const names = [
        large === 0 ? '' : `large table in ${large === 1 ? 'video' : 'system'} memory`,
        small ? 'small table' : '',
      ];
      return {
        name: names.filter((name) => name !== '').join(', ') || 'no table',
        fields: [LARGE_APERTURE, ...size, ...lower, SMALL_APERTURE, ...vol, ...upper].sort((a, b) => a.lo - b.lo),
      };
    }),
  );
  return {
    name: 'PD',
    directory: true,
    shift: bigShift + LARGE_BITS,
    bits: 40 - bigShift - LARGE_BITS,
    entryBytes: 8,
    decode: directoryDecoder(chip, bigShift),
    layouts: layouts.flat(),
    layoutOf: ([w0 = 0, w1 = 0]) => {
      const large = Math.min(take(LARGE_APERTURE, w0, w1), 2);
      return layouts[large]?.[take(SMALL_APERTURE, w0, w1) === 0 ? 0 : 1] as EntryLayout;
    },
    warnings: ([w0 = 0, w1 = 0]) =>
      take(LARGE_APERTURE, w0, w1) === 1 && take(PEER, w0, w1) !== 0
        ? ['large table in video memory beyond 37 address bits']
        : [],
  };
}

function leafLevel(
  chip: ChipTraits,
  format: () => MmuFormat,
  name: 'LPT' | 'SPT',
  shift: number,
  bits: number,
): LevelFormat {
  const flags = [VALID, PRIV, RO, ENCRYPTED];
  const tag = chip.gm20x && shift <= 16 ? [TAG_LINE, TAG_HALF] : [TAG];
  const rest = [VOL, PAGE_APERTURE, LOCK, KIND, ...tag, READ_DISABLE, WRITE_DISABLE];
  const system: EntryLayout = { name: 'page in system memory', fields: [...flags, ADDR_SYSTEM, ...rest] };
  const memory: EntryLayout = chip.integrated
    ? { name: 'page', fields: [...flags, ADDR_SYSTEM, ...rest] }
    : { name: 'page in video memory', fields: [...flags, ADDR_VIDEO, PEER, ...rest] };
  const peer: EntryLayout = { name: 'page of a peer', fields: [...flags, ADDR_VIDEO, PEER, ...rest] };
  const blocks = chip.blocks && name === 'LPT';
  const absent: EntryLayout = {
    name: 'absent',
    fields: [
      VALID,
      blocks ? BLOCKED : field('ignored-1', 1, 1, 'ignored'),
      field('ignored-low', 31, 2, 'ignored'),
      chip.gm20x ? SPARSE : field('ignored-32', 32, 32, 'ignored'),
      field('ignored-high', 63, 33, 'ignored'),
    ],
  };
  const pages = [memory, peer, system, system];
  return {
    name,
    directory: false,
    shift,
    bits,
    entryBytes: 8,
    decode: name === 'LPT' ? largeDecoder(chip, shift) : smallDecoder(chip),
    layouts: [absent, memory, peer, system],
    layoutOf: ([w0 = 0, w1 = 0]) =>
      take(VALID, w0, w1) === 0 ? absent : (pages[take(PAGE_APERTURE, w0, w1)] as EntryLayout),
    warnings: ([w0 = 0, w1 = 0]) => pageWarnings(chip, format(), blocks, shift, w0, w1),
    step: 2 ** (shift - 8),
    stepMask: STEP_MASK,
  };
}

function pageWarnings(
  chip: ChipTraits,
  format: MmuFormat,
  blocks: boolean,
  shift: number,
  w0: number,
  w1: number,
): string[] {
  const warnings: string[] = [];
  if (take(VALID, w0, w1) === 0) {
    if (chip.gm20x && blocks && take(SPARSE, w0, w1) === 1 && take(BLOCKED, w0, w1) === 1) {
      warnings.push('sparse and blocked at once: taken as sparse');
    }
    return warnings;
  }
  const code = take(PAGE_APERTURE, w0, w1);
  const kind = take(KIND, w0, w1);
  if (code === 0 && !chip.integrated && take(PEER, w0, w1) !== 0) {
    warnings.push('a peer number in video memory: the address may have had more than 37 bits');
  }
  if (takeAddress(pageAddress(chip, code), w0, w1) % 2 ** shift !== 0) {
    warnings.push(`the address is not a multiple of the page size 2^${shift}`);
  }
  if (format.isValidKind?.(kind) === false) warnings.push(`kind 0x${kind.toString(16)} is not known to the driver`);
  if (chip.isCompressed(kind)) {
    if (code >= 2) warnings.push('a compressed kind in system memory');
    if (shift === PAGE_SHIFT) warnings.push('a compressed kind in a 4 KiB page');
  }
  return warnings;
}

/**
 * How the hardware of a chip reads tables of format 1: two levels, a table of large pages and one of 4 KiB pages below
 * one directory entry.
 * `bigPageShift` is the log2 of the large page; `kinds` are the storage kinds of the chip, without which nothing is known about compression.
 */
export function format1(chip: Format1Chip, bigPageShift: 16 | 17, kinds?: KindSource): MmuFormat {
  const queries = kindQueries(kinds);
  const traits: ChipTraits = {
    gm20x: chip === 'gm200' || chip === 'gm20b',
    blocks: chip !== 'gf100',
    integrated: chip === 'gm20b',
    isCompressed: queries.isCompressedKind ?? (() => false),
  };
  const get = (): MmuFormat => format;
  const withBigPage = (shift: 16 | 17): MmuFormat => (shift === bigPageShift ? format : format1(chip, shift, kinds));
  const format: MmuFormat = {
    version: '1',
    chip,
    vaBits: 40,
    signExtended: false,
    levels: [
      directoryLevel(traits, bigPageShift),
      leafLevel(traits, get, 'LPT', bigPageShift, LARGE_BITS),
      leafLevel(traits, get, 'SPT', PAGE_SHIFT, LARGE_BITS + bigPageShift - PAGE_SHIFT),
    ],
    bothValidFaults: chip !== 'gf100',
    reasons: chip === 'gf100' ? GF100_REASONS : GK104_REASONS,
    instance: instanceFormat(traits.gm20x, withBigPage),
    apertures: traits.integrated ? ['ncoh', 'peer', 'host', 'ncoh'] : APERTURES,
    addressBits: [traits.integrated ? 40 : 37, 37, 40, 40],
    bigPageShift,
    withBigPage,
    ...queries,
  };
  return format;
}
