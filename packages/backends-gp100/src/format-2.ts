import {
  APERTURES,
  type Aperture,
  type DecodedEntry,
  type EntryDecoder,
  type EntryLayout,
  field,
  type FieldSpec,
  type InstanceFormat,
  type KindSource,
  kindQueries,
  type LevelFormat,
  type MmuFormat,
  moved,
  take,
  takeAddress,
} from '@nvmmu/vmm-core';
import { instanceFormat } from './format-instance.js';
import { MMU_REASONS } from './format-reasons.js';

// Page entry: 8 bytes; in PD0 the low half of the entry
//
//  63    56 55       36 35   33 32            8  7   6   5   4   3   2 1   0
// ├─ kind ─┼── tag ────┼─ peer ┼── addr >> 12 ─┼ na ┼ ro┼ pr┼ en┼vol┼ ap ┼ v ┤    video memory (0), peer (1)
// ├─ kind ─┼ 0 ┼─ 53 ───────────── addr >> 12 ─┼ na ┼ ro┼ pr┼ en┼vol┼ ap ┼ v ┤    system memory (2, 3)
//
// Directory entry: 8 bytes; in PD0 16 bytes, two of them, and address bits 11:8 of the large table in bits 7:4
//
//  63 54 53                        8  7 6   5   4   3   2 1   0
// ├─ 0 ─┼────── addr >> 12 ─────────┼─ 0 ─┼ats┼ 0 ┼vol┼ ap ┼ 0 ┤

/** Chips whose tables have this format. */
export type Format2Chip = 'gp100' | 'gp10b' | 'gv100' | 'tu102';

const VALID = field('valid', 0, 0, 'the entry maps a page');
const VOL = field('vol', 3, 3, 'not cached in L2');
const SPARSE = field('sparse', 3, 3, 'not mapped, but accesses do not fault');
const ENCRYPTED = field('encrypted', 4, 4, 'encrypted; must be 0');
const PRIV = field('priv', 5, 5, 'privileged accesses only');
const BLOCKED = field('blocked', 5, 5, 'the 4 KiB table is not consulted');
const RO = field('ro', 6, 6, 'read only');
const NO_ATOMICS = field('no-atomics', 7, 7, 'atomics are refused');
const ADDR_VIDEO = field('addr', 32, 8, 'address bits 36:12', { shift: 12 });
const ADDR_INTEGRATED = field('addr', 35, 8, 'address bits 39:12', { shift: 12 });
const ADDR_SYSTEM = field('addr', 53, 8, 'address bits 57:12', { shift: 12 });
const PEER = field('peer', 35, 33, 'number of the peer; must be 0 for video memory');
const TAG_PASCAL = field('tag', 53, 36, 'compression tag line');
const TAG_TURING = field('tag', 55, 36, 'compression tag line');
const KIND = field('kind', 63, 56, 'storage kind');
const PAGE_APERTURE = field('aperture', 2, 1, 'memory that holds the page', {
  values: { 0: 'video memory', 1: 'peer', 2: 'coherent system memory', 3: 'non-coherent system memory' },
});

const IS_PAGE = field('page', 0, 0, 'directory entry or page', { values: { 0: 'directory entry', 1: 'page' } });
const TABLE_APERTURE = field('aperture', 2, 1, 'memory that holds the table', {
  values: { 0: 'no table', 1: 'video memory', 2: 'coherent system memory', 3: 'non-coherent system memory' },
});
const TABLE_VOL = field('vol', 3, 3, 'the table is not cached in L2');
const NO_ATS = field('no-ats', 5, 5, 'no ATS lookup (Volta and later)');
const TABLE_VIDEO = field('addr', 32, 8, 'table address bits 32:12', { shift: 12 });
const TABLE_SYSTEM = field('addr', 53, 8, 'table address bits 57:12', { shift: 12 });
const LARGE_VIDEO = field('addr', 32, 4, 'table address bits 36:8', { shift: 8 });
const LARGE_SYSTEM = field('addr', 53, 4, 'table address bits 57:8', { shift: 8 });

/** Memory targets by the aperture number of directory entries. */
const TABLE_TARGETS = ['vram', 'vram', 'host', 'ncoh'] as const;

/** Bits of the low lane that hold address bits whatever the aperture. */
const STEP_MASK = 0xffffff00;

/** What a decoder needs to know about the chip. */
interface ChipTraits {
  readonly integrated: boolean;
  readonly tag: FieldSpec;
  readonly encrypts: boolean;
  readonly ats: boolean;
  isCompressed(kind: number): boolean;
}

function decodePage(chip: ChipTraits, shift: number, w0: number, w1: number, out: DecodedEntry): void {
  const code = take(PAGE_APERTURE, w0, w1);
  const tagged = code === 0;
  const spec = code >= 2 ? ADDR_SYSTEM : chip.integrated ? ADDR_INTEGRATED : ADDR_VIDEO;
  const addr = takeAddress(spec, w0, w1);
  out.state = 'page';
  // The page offset replaces whatever the address has below the page size.
  out.addr = addr - (addr % 2 ** shift);
  out.apertureCode = code;
  out.aperture = chip.integrated && code === 0 ? 'ncoh' : (APERTURES[code] as Aperture);
  out.peer = code === 1 ? take(PEER, w0, w1) : 0;
  out.vol = take(VOL, w0, w1) === 1;
  out.priv = take(PRIV, w0, w1) === 1;
  out.ro = take(RO, w0, w1) === 1;
  out.noAtomics = take(NO_ATOMICS, w0, w1) === 1;
  out.kind = take(KIND, w0, w1);
  out.tag = tagged ? take(chip.tag, w0, w1) : 0;
  // One line for each 64 KiB.
  out.tagStep = tagged && shift >= 16 && chip.isCompressed(out.kind) ? 2 ** (shift - 16) : 0;
  out.block = 0;
}

/** Entries of the small-page table: bit 5 has no meaning in an absent one. */
function smallDecoder(chip: ChipTraits): EntryDecoder {
  return (w0, w1, _w2, _w3, out) => {
    if (take(VALID, w0, w1) === 1) decodePage(chip, 12, w0, w1, out);
    else out.state = take(SPARSE, w0, w1) === 1 ? 'sparse' : 'none';
  };
}

function largeDecoder(chip: ChipTraits): EntryDecoder {
  return (w0, w1, _w2, _w3, out) => {
    if (take(VALID, w0, w1) === 1) {
      decodePage(chip, 16, w0, w1, out);
    } else if (take(SPARSE, w0, w1) === 1) {
      // Both bits are how NVIDIA's driver blocks the small table where ATS is in use.
      out.state = take(BLOCKED, w0, w1) === 1 && chip.ats ? 'blocked' : 'sparse';
    } else {
      out.state = take(BLOCKED, w0, w1) === 1 ? 'blocked' : 'none';
    }
  };
}

function decodeTable(child: number, entries: number, w0: number, w1: number, out: DecodedEntry): void {
  const aperture = take(TABLE_APERTURE, w0, w1);
  if (take(IS_PAGE, w0, w1) === 1) {
    out.fail('a directory entry of this level can not be a page, but bit 0 is set');
  } else if (aperture === 0) {
    out.state = take(SPARSE, w0, w1) === 1 ? 'sparse' : 'none';
  } else {
    out.state = 'table';
    out.child = child;
    out.small = -1;
    out.childEntries = entries;
    out.childTarget = TABLE_TARGETS[aperture] as 'vram' | 'host' | 'ncoh';
    out.childAddr = takeAddress(aperture === 1 ? TABLE_VIDEO : TABLE_SYSTEM, w0, w1);
  }
}

/** PD0: a page of 2 MiB, or a table of large and one of small pages. */
function dualDecoder(chip: ChipTraits, large: number): EntryDecoder {
  return (w0, w1, w2, w3, out) => {
    if (take(IS_PAGE, w0, w1) === 1) {
      decodePage(chip, 21, w0, w1, out);
      return;
    }
    const big = take(TABLE_APERTURE, w0, w1);
    const small = take(TABLE_APERTURE, w2, w3);
    if (big === 0 && small === 0) {
      out.state = take(SPARSE, w0, w1) === 1 ? 'sparse' : 'none';
      return;
    }
    out.state = 'table';
    out.child = big === 0 ? -1 : large;
    out.childTarget = TABLE_TARGETS[big] as 'vram' | 'host' | 'ncoh';
    out.childAddr = takeAddress(big === 1 ? LARGE_VIDEO : LARGE_SYSTEM, w0, w1);
    out.childEntries = 1 << 5;
    out.small = small === 0 ? -1 : large + 1;
    out.smallTarget = TABLE_TARGETS[small] as 'vram' | 'host' | 'ncoh';
    out.smallAddr = takeAddress(small === 1 ? TABLE_VIDEO : TABLE_SYSTEM, w2, w3);
    out.smallEntries = 1 << 9;
  };
}

function pageLayouts(chip: ChipTraits): { readonly byAperture: readonly EntryLayout[]; readonly all: EntryLayout[] } {
  const flags = [VALID, PAGE_APERTURE, VOL, ...(chip.encrypts ? [ENCRYPTED] : []), PRIV, RO, NO_ATOMICS];
  const memory: EntryLayout = chip.integrated
    ? { name: 'page', fields: [...flags, ADDR_INTEGRATED, chip.tag, KIND] }
    : { name: 'page in video memory', fields: [...flags, ADDR_VIDEO, PEER, chip.tag, KIND] };
  const peer: EntryLayout = { name: 'page of a peer', fields: [...flags, ADDR_VIDEO, PEER, chip.tag, KIND] };
  const system: EntryLayout = { name: 'page in system memory', fields: [...flags, ADDR_SYSTEM, KIND] };
  return { byAperture: [memory, peer, system, system], all: [memory, peer, system] };
}

const IGNORED_LOW = field('ignored', 2, 1, 'ignored');
const IGNORED_HIGH = field('ignored-high', 63, 6, 'ignored');
const ABSENT_SMALL: EntryLayout = {
  name: 'absent',
  fields: [VALID, IGNORED_LOW, SPARSE, field('ignored-middle', 5, 4, 'ignored'), IGNORED_HIGH],
};
const ABSENT_LARGE: EntryLayout = {
  name: 'absent',
  fields: [VALID, IGNORED_LOW, SPARSE, field('ignored-middle', 4, 4, 'ignored'), BLOCKED, IGNORED_HIGH],
};

function pageWarnings(chip: ChipTraits, format: () => MmuFormat, shift: number, words: readonly number[]): string[] {
  const [w0 = 0, w1 = 0] = words;
  const warnings: string[] = [];
  if (take(VALID, w0, w1) === 0) {
    if (shift === 16 && take(SPARSE, w0, w1) === 1 && take(BLOCKED, w0, w1) === 1) {
      warnings.push(
        chip.ats
          ? 'sparse and blocked: taken as blocked, which is certain with ATS only'
          : 'sparse and blocked at once',
      );
    }
    return warnings;
  }
  const code = take(PAGE_APERTURE, w0, w1);
  const kind = take(KIND, w0, w1);
  if (chip.encrypts && take(ENCRYPTED, w0, w1) === 1) warnings.push('the encryption bit must be 0');
  if (code === 0 && !chip.integrated && take(PEER, w0, w1) !== 0) {
    warnings.push('a peer number in video memory: the address may have had more than 37 bits');
  }
  const addr = takeAddress(code >= 2 ? ADDR_SYSTEM : chip.integrated ? ADDR_INTEGRATED : ADDR_VIDEO, w0, w1);
  if (addr % 2 ** shift !== 0) warnings.push(`the address is not a multiple of the page size 2^${shift}`);
  if (format().isValidKind?.(kind) === false) warnings.push(`kind 0x${kind.toString(16)} is not known to the driver`);
  if (chip.isCompressed(kind)) {
    if (code >= 2) warnings.push('a compressed kind in system memory');
    if (shift === 12) warnings.push('a compressed kind in a 4 KiB page');
  }
  return warnings;
}

const NO_TABLE: EntryLayout = { name: 'no table', fields: [IS_PAGE, TABLE_APERTURE, SPARSE] };
const UNDEFINED_PAGE: EntryLayout = {
  name: 'page, not defined here',
  fields: [IS_PAGE, field('rest', 63, 1, 'not defined')],
};

function tableFields(aperture: number, ats: boolean, large: boolean): readonly FieldSpec[] {
  if (aperture === 0) return [TABLE_APERTURE, SPARSE];
  const addr = aperture === 1 ? (large ? LARGE_VIDEO : TABLE_VIDEO) : large ? LARGE_SYSTEM : TABLE_SYSTEM;
  // In the large half bit 5 is an address bit, whatever the headers say about ATS.
  return [TABLE_APERTURE, TABLE_VOL, ...(ats && !large ? [NO_ATS] : []), addr, ...(aperture === 1 ? [PEER] : [])];
}

function directoryLevel(
  chip: ChipTraits,
  name: string,
  shift: number,
  bits: number,
  child: number,
  entries: number,
): LevelFormat {
  const video: EntryLayout = { name: 'table in video memory', fields: [IS_PAGE, ...tableFields(1, chip.ats, false)] };
  const system: EntryLayout = { name: 'table in system memory', fields: [IS_PAGE, ...tableFields(2, chip.ats, false)] };
  return {
    name,
    directory: true,
    shift,
    bits,
    entryBytes: 8,
    decode: (w0, w1, _w2, _w3, out) => {
      decodeTable(child, entries, w0, w1, out);
    },
    layouts: [NO_TABLE, video, system, UNDEFINED_PAGE],
    layoutOf: ([w0 = 0, w1 = 0]) => {
      if (take(IS_PAGE, w0, w1) === 1) return UNDEFINED_PAGE;
      const aperture = take(TABLE_APERTURE, w0, w1);
      return aperture === 0 ? NO_TABLE : aperture === 1 ? video : system;
    },
    warnings: ([w0 = 0, w1 = 0]) => tableWarnings(w0, w1, ''),
  };
}

function tableWarnings(w0: number, w1: number, half: string): string[] {
  const warnings: string[] = [];
  const aperture = take(TABLE_APERTURE, w0, w1);
  if (take(IS_PAGE, w0, w1) === 1) warnings.push(`${half}bit 0 must be 0 at this level`);
  if (aperture === 1 && take(PEER, w0, w1) !== 0) warnings.push(`${half}a table in video memory with a peer number`);
  return warnings;
}

const HALVES = ['no', 'video', 'system', 'system'] as const;

function dualLevel(chip: ChipTraits, format: () => MmuFormat, at: number): LevelFormat {
  const pages = pageLayouts(chip);
  const ignored = field('ignored', 127, 64, 'ignored for a page');
  const asPage = pages.all.map((layout) => ({ name: layout.name, fields: [...layout.fields, ignored] }));
  const dual = [0, 1, 2].map((large) =>
    [0, 1, 2].map((small): EntryLayout => {
      const lower = tableFields(large, chip.ats, true).map((spec) => moved(spec, 0, 'large-'));
      const upper = tableFields(small, chip.ats, false).map((spec) => moved(spec, 64, 'small-'));
      // Without a table the upper half has no sparse state of its own.
      const useful = small === 0 ? upper.slice(0, 1) : upper;
      return {
        name: large + small === 0 ? 'no table' : `tables: large ${HALVES[large] ?? ''}, small ${HALVES[small] ?? ''}`,
        fields: [IS_PAGE, ...lower, ...useful],
      };
    }),
  );
  return {
    name: 'PD0',
    directory: true,
    shift: 21,
    bits: 8,
    entryBytes: 16,
    decode: dualDecoder(chip, at + 1),
    layouts: [...dual.flat(), ...asPage],
    layoutOf: ([w0 = 0, w1 = 0, w2 = 0, w3 = 0]) => {
      if (take(IS_PAGE, w0, w1) === 1) return asPage[Math.min(take(PAGE_APERTURE, w0, w1), 2)] as EntryLayout;
      const large = Math.min(take(TABLE_APERTURE, w0, w1), 2);
      const small = Math.min(take(TABLE_APERTURE, w2, w3), 2);
      return dual[large]?.[small] as EntryLayout;
    },
    warnings: (words) => {
      const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
      if (take(IS_PAGE, w0, w1) === 1) return pageWarnings(chip, format, 21, words);
      return [...tableWarnings(w0, w1, 'large: '), ...tableWarnings(w2, w3, 'small: ')];
    },
    step: 2 ** (21 - 4),
    stepMask: STEP_MASK,
  };
}

function leafLevel(chip: ChipTraits, format: () => MmuFormat, name: 'LPT' | 'SPT'): LevelFormat {
  const shift = name === 'LPT' ? 16 : 12;
  const absent = name === 'LPT' ? ABSENT_LARGE : ABSENT_SMALL;
  const pages = pageLayouts(chip);
  return {
    name,
    directory: false,
    shift,
    bits: 21 - shift,
    entryBytes: 8,
    decode: name === 'LPT' ? largeDecoder(chip) : smallDecoder(chip),
    layouts: [absent, ...pages.all],
    layoutOf: ([w0 = 0, w1 = 0]) =>
      take(VALID, w0, w1) === 0 ? absent : (pages.byAperture[take(PAGE_APERTURE, w0, w1)] as EntryLayout),
    warnings: (words) => pageWarnings(chip, format, shift, words),
    step: 2 ** (shift - 4),
    stepMask: STEP_MASK,
  };
}

/**
 * How the hardware of a chip reads tables of format 2: five levels, pages of 4 KiB, 64 KiB and 2 MiB.
 * `kinds` are the storage kinds of the chip; without them nothing is known about compression.
 */
export function format2(chip: Format2Chip, kinds?: KindSource): MmuFormat {
  const queries = kindQueries(kinds);
  const volta = chip === 'gv100' || chip === 'tu102';
  const traits: ChipTraits = {
    integrated: chip === 'gp10b',
    tag: chip === 'tu102' ? TAG_TURING : TAG_PASCAL,
    encrypts: chip !== 'tu102',
    ats: volta,
    isCompressed: queries.isCompressedKind ?? (() => false),
  };
  const get = (): MmuFormat => format;
  const instance: InstanceFormat = instanceFormat({
    limit: !volta,
    formatBit: true,
    needsBigPage: volta,
    subcontexts: volta,
  });
  const format: MmuFormat = {
    version: '2',
    chip,
    vaBits: 49,
    signExtended: true,
    levels: [
      directoryLevel(traits, 'PD3', 47, 2, 1, 512),
      directoryLevel(traits, 'PD2', 38, 9, 2, 512),
      directoryLevel(traits, 'PD1', 29, 9, 3, 256),
      dualLevel(traits, get, 3),
      leafLevel(traits, get, 'LPT'),
      leafLevel(traits, get, 'SPT'),
    ],
    bothValidFaults: false,
    reasons: MMU_REASONS[volta ? 'volta' : 'pascal'],
    instance,
    apertures: traits.integrated ? ['ncoh', 'peer', 'host', 'ncoh'] : APERTURES,
    addressBits: [traits.integrated ? 40 : 37, 37, 58, 58],
    ...queries,
  };
  return format;
}
