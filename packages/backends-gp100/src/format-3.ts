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
  moved,
  take,
  takeAddress,
} from '@nvmmu/vmm-core';
import { instanceFormat } from './format-instance.js';
import { MMU_REASONS } from './format-reasons.js';

// Page entry: 8 bytes; in PD1, and in PD0 as the low half of the entry, too
//
//  63  61 60 52 51                    12 11    8 7                 3  2 1   0
// ├─ peer ┼─ 0 ─┼────── addr >> 12 ─────┼─ kind ─┼ nc na ro priv vol ┼ ap ┼ v ┤
//
// Directory entry: 8 bytes; in PD0 16 bytes, two of them, and address bits 11:8 of the large table in bits 11:8
//
//  63       52 51                    12 11    6 5       3  2 1   0
// ├──── 0 ────┼────── addr >> 12 ──────┼── 0 ──┼── PCF ──┼ ap ┼ 0 ┤

const VALID = field('valid', 0, 0, 'the entry maps a page');
const PAGE_APERTURE = field('aperture', 2, 1, 'memory that holds the page', {
  values: { 0: 'video memory', 1: 'peer', 2: 'coherent system memory', 3: 'non-coherent system memory' },
});
const VOL = field('vol', 3, 3, 'not cached');
const PRIV = field('priv', 4, 4, 'privileged accesses only');
const RO = field('ro', 5, 5, 'read only');
const NO_ATOMICS = field('no-atomics', 6, 6, 'atomics are refused');
const NO_COUNTERS = field('no-counters', 7, 7, 'accesses are not counted');
const KIND = field('kind', 11, 8, 'storage kind');
const ADDR_VIDEO = field('addr', 39, 12, 'address bits 39:12', { shift: 12 });
const ADDR_SYSTEM = field('addr', 51, 12, 'address bits 51:12', { shift: 12 });
const PEER = field('peer', 63, 61, 'number of the peer');
const ABSENT_PCF = field('pcf', 7, 3, 'what stands in for a page', {
  values: { 0: 'not present', 1: 'sparse', 2: 'mapped to nowhere', 3: 'no valid 4 KiB page' },
});

const IS_PAGE = field('page', 0, 0, 'directory entry or page', { values: { 0: 'directory entry', 1: 'page' } });
const TABLE_APERTURE = field('aperture', 2, 1, 'memory that holds the table', {
  values: { 0: 'no table', 1: 'video memory', 2: 'coherent system memory', 3: 'non-coherent system memory' },
});
const TABLE_PCF = field('pcf', 5, 3, 'how the table is read', {
  values: { 0: 'cached, ATS allowed', 1: 'uncached, ATS allowed', 2: 'cached, no ATS', 3: 'uncached, no ATS' },
});
const NO_TABLE_PCF = field('pcf', 5, 3, 'what stands in for a table', {
  values: { 0: 'not present, ATS allowed', 1: 'sparse, ATS allowed', 2: 'not present, no ATS', 3: 'sparse, no ATS' },
});
const TABLE_ADDR = field('addr', 51, 12, 'table address bits 51:12', { shift: 12 });
const LARGE_ADDR = field('addr', 51, 8, 'table address bits 51:8', { shift: 8 });

/** Memory targets by the aperture number of directory entries. */
const TABLE_TARGETS = ['vram', 'vram', 'host', 'ncoh'] as const;

/** Bits of the low lane that hold address bits whatever the aperture. */
const STEP_MASK = 0xfffff000;

/**
 * Whether PCF bits 4:0 of a valid entry are a combination that NVIDIA's own driver does not know: privileged with
 * counters disabled, unless it is read-write with atomics; and privileged, read only, cached, with atomics and counters.
 */
function isUnknownPcf(pcf: number): boolean {
  return pcf === 0x06 || ((pcf & 0x12) === 0x12 && (pcf & 0x0c) !== 0);
}

function decodePage(shift: number, w0: number, w1: number, out: DecodedEntry): void {
  const code = take(PAGE_APERTURE, w0, w1);
  const addr = takeAddress(code <= 1 ? ADDR_VIDEO : ADDR_SYSTEM, w0, w1);
  out.state = 'page';
  out.addr = addr - (addr % 2 ** shift);
  out.apertureCode = code;
  out.aperture = APERTURES[code] as Aperture;
  out.peer = code === 1 ? take(PEER, w0, w1) : 0;
  out.vol = take(VOL, w0, w1) === 1;
  out.priv = take(PRIV, w0, w1) === 1;
  out.ro = take(RO, w0, w1) === 1;
  out.noAtomics = take(NO_ATOMICS, w0, w1) === 1;
  out.kind = take(KIND, w0, w1);
  out.tag = 0;
  out.tagStep = 0;
  out.block = 0;
}

function leafDecoder(shift: number, large: boolean): EntryDecoder {
  return (w0, w1, _w2, _w3, out) => {
    if (take(VALID, w0, w1) === 1) {
      decodePage(shift, w0, w1, out);
      return;
    }
    const pcf = take(ABSENT_PCF, w0, w1);
    if (pcf === 0) out.state = 'none';
    else if (pcf === 1) out.state = 'sparse';
    else if (pcf === 2) out.state = 'nowhere';
    else if (pcf === 3) out.state = large ? 'blocked' : 'none';
    else out.fail(`PCF ${pcf} of an absent page is not defined`);
  };
}

function decodeAbsent(w0: number, w1: number, out: DecodedEntry): void {
  const pcf = take(NO_TABLE_PCF, w0, w1);
  if (pcf > 3) out.fail(`PCF ${pcf} of a directory entry is not defined`);
  else out.state = (pcf & 1) === 1 ? 'sparse' : 'none';
}

/** PD4 to PD1; PD1 entries may be pages. */
function directoryDecoder(child: number, entries: number, pageShift: number | undefined): EntryDecoder {
  return (w0, w1, _w2, _w3, out) => {
    if (take(IS_PAGE, w0, w1) === 1) {
      if (pageShift === undefined) out.fail('a directory entry of this level can not be a page, but bit 0 is set');
      else decodePage(pageShift, w0, w1, out);
      return;
    }
    const aperture = take(TABLE_APERTURE, w0, w1);
    const pcf = take(TABLE_PCF, w0, w1);
    if (aperture === 0) {
      decodeAbsent(w0, w1, out);
    } else if (pcf > 3) {
      out.fail(`PCF ${pcf} of a directory entry is not defined`);
    } else {
      out.state = 'table';
      out.child = child;
      out.small = -1;
      out.childEntries = entries;
      out.childTarget = TABLE_TARGETS[aperture] as 'vram' | 'host' | 'ncoh';
      out.childAddr = takeAddress(TABLE_ADDR, w0, w1);
    }
  };
}

/** PD0: a page of 2 MiB, or a table of large and one of small pages. */
function dualDecoder(large: number): EntryDecoder {
  return (w0, w1, w2, w3, out) => {
    if (take(IS_PAGE, w0, w1) === 1) {
      decodePage(21, w0, w1, out);
      return;
    }
    const big = take(TABLE_APERTURE, w0, w1);
    const small = take(TABLE_APERTURE, w2, w3);
    if (big === 0 && small === 0) {
      decodeAbsent(w0, w1, out);
      return;
    }
    if ((big !== 0 && take(TABLE_PCF, w0, w1) > 3) || (small !== 0 && take(TABLE_PCF, w2, w3) > 3)) {
      out.fail('PCF of a directory entry is not defined');
      return;
    }
    out.state = 'table';
    out.child = big === 0 ? -1 : large;
    out.childTarget = TABLE_TARGETS[big] as 'vram' | 'host' | 'ncoh';
    out.childAddr = takeAddress(LARGE_ADDR, w0, w1);
    out.childEntries = 1 << 5;
    out.small = small === 0 ? -1 : large + 1;
    out.smallTarget = TABLE_TARGETS[small] as 'vram' | 'host' | 'ncoh';
    out.smallAddr = takeAddress(TABLE_ADDR, w2, w3);
    out.smallEntries = 1 << 9;
  };
}

const FLAGS = [VALID, PAGE_APERTURE, VOL, PRIV, RO, NO_ATOMICS, NO_COUNTERS, KIND];
const PAGE_VIDEO: EntryLayout = { name: 'page in video memory', fields: [...FLAGS, ADDR_VIDEO] };
const PAGE_PEER: EntryLayout = { name: 'page of a peer', fields: [...FLAGS, ADDR_VIDEO, PEER] };
const PAGE_SYSTEM: EntryLayout = { name: 'page in system memory', fields: [...FLAGS, ADDR_SYSTEM] };
const PAGES = [PAGE_VIDEO, PAGE_PEER, PAGE_SYSTEM] as const;
const ABSENT: EntryLayout = {
  name: 'absent',
  fields: [VALID, field('ignored', 2, 1, 'ignored'), ABSENT_PCF, field('ignored-high', 63, 8, 'ignored')],
};
const NO_TABLE: EntryLayout = { name: 'no table', fields: [IS_PAGE, TABLE_APERTURE, NO_TABLE_PCF] };
const TABLE: EntryLayout = { name: 'table', fields: [IS_PAGE, TABLE_APERTURE, TABLE_PCF, TABLE_ADDR] };
const UNDEFINED_PAGE: EntryLayout = {
  name: 'page, not defined here',
  fields: [IS_PAGE, field('rest', 63, 1, 'not defined')],
};

function pageLayout(layouts: readonly EntryLayout[], w0: number, w1: number): EntryLayout {
  return layouts[Math.min(take(PAGE_APERTURE, w0, w1), 2)] as EntryLayout;
}

function pageWarnings(format: () => MmuFormat, shift: number, w0: number, w1: number): string[] {
  const warnings: string[] = [];
  const code = take(PAGE_APERTURE, w0, w1);
  const pcf = take(ABSENT_PCF, w0, w1);
  const kind = take(KIND, w0, w1);
  if (take(VALID, w0, w1) === 0) return pcf > 3 ? [`PCF ${pcf} of an absent page is not defined`] : [];
  if (isUnknownPcf(pcf))
    warnings.push(`PCF 0x${pcf.toString(16)} is not one that NVIDIA's driver uses; read bit by bit`);
  const addr = takeAddress(code <= 1 ? ADDR_VIDEO : ADDR_SYSTEM, w0, w1);
  if (addr % 2 ** shift !== 0) warnings.push(`the address is not a multiple of the page size 2^${shift}`);
  if (format().isValidKind?.(kind) === false) warnings.push(`kind 0x${kind.toString(16)} is not known to the driver`);
  if (format().isCompressedKind?.(kind) === true && code >= 2) warnings.push('a compressed kind in system memory');
  return warnings;
}

function tableWarnings(w0: number, w1: number, half: string): string[] {
  const pcf = take(TABLE_PCF, w0, w1);
  return pcf > 3 ? [`${half}PCF ${pcf} of a directory entry is not defined`] : [];
}

function directoryLevel(
  format: () => MmuFormat,
  name: string,
  shift: number,
  bits: number,
  child: number,
  entries: number,
): LevelFormat {
  const pages = name === 'PD1';
  return {
    name,
    directory: true,
    shift,
    bits,
    entryBytes: 8,
    decode: directoryDecoder(child, entries, pages ? shift : undefined),
    layouts: [NO_TABLE, TABLE, ...(pages ? PAGES : [UNDEFINED_PAGE])],
    layoutOf: ([w0 = 0, w1 = 0]) => {
      if (take(IS_PAGE, w0, w1) === 1) return pages ? pageLayout(PAGES, w0, w1) : UNDEFINED_PAGE;
      return take(TABLE_APERTURE, w0, w1) === 0 ? NO_TABLE : TABLE;
    },
    warnings: ([w0 = 0, w1 = 0]) => {
      if (take(IS_PAGE, w0, w1) === 0) return tableWarnings(w0, w1, '');
      return pages ? pageWarnings(format, shift, w0, w1) : ['bit 0 must be 0 at this level'];
    },
    ...(pages ? { step: 2 ** shift, stepMask: STEP_MASK } : {}),
  };
}

function dualLevel(format: () => MmuFormat, large: number): LevelFormat {
  const ignored = field('ignored', 127, 64, 'ignored for a page');
  const asPage = PAGES.map((layout): EntryLayout => ({ name: layout.name, fields: [...layout.fields, ignored] }));
  const half = (has: boolean, by: number): FieldSpec[] => {
    const fields = has
      ? [TABLE_APERTURE, TABLE_PCF, by === 0 ? LARGE_ADDR : TABLE_ADDR]
      : [TABLE_APERTURE, NO_TABLE_PCF];
    return fields.map((spec) => moved(spec, by, by === 0 ? 'large-' : 'small-'));
  };
  const layout = (name: string, lower: boolean, upper: boolean): EntryLayout => ({
    name,
    fields: [IS_PAGE, ...half(lower, 0), ...half(upper, 64)],
  });
  const dual = [
    layout('no table', false, false),
    layout('large table', true, false),
    layout('small table', false, true),
    layout('large and small table', true, true),
  ];
  return {
    name: 'PD0',
    directory: true,
    shift: 21,
    bits: 8,
    entryBytes: 16,
    decode: dualDecoder(large),
    layouts: [...dual, ...asPage],
    layoutOf: ([w0 = 0, w1 = 0, w2 = 0, w3 = 0]) => {
      if (take(IS_PAGE, w0, w1) === 1) return pageLayout(asPage, w0, w1);
      const at = (take(TABLE_APERTURE, w0, w1) === 0 ? 0 : 1) + (take(TABLE_APERTURE, w2, w3) === 0 ? 0 : 2);
      return dual[at] as EntryLayout;
    },
    warnings: ([w0 = 0, w1 = 0, w2 = 0, w3 = 0]) => {
      if (take(IS_PAGE, w0, w1) === 1) return pageWarnings(format, 21, w0, w1);
      return [...tableWarnings(w0, w1, 'large: '), ...tableWarnings(w2, w3, 'small: ')];
    },
    step: 2 ** 21,
    stepMask: STEP_MASK,
  };
}

function leafLevel(format: () => MmuFormat, name: 'LPT' | 'SPT'): LevelFormat {
  const shift = name === 'LPT' ? 16 : 12;
  return {
    name,
    directory: false,
    shift,
    bits: 21 - shift,
    entryBytes: 8,
    decode: leafDecoder(shift, name === 'LPT'),
    layouts: [ABSENT, ...PAGES],
    layoutOf: ([w0 = 0, w1 = 0]) => (take(VALID, w0, w1) === 0 ? ABSENT : pageLayout(PAGES, w0, w1)),
    warnings: ([w0 = 0, w1 = 0]) => pageWarnings(format, shift, w0, w1),
    step: 2 ** shift,
    stepMask: STEP_MASK,
  };
}

/**
 * How Hopper reads its tables, format 3: six levels, pages of 4 KiB, 64 KiB, 2 MiB and 512 MiB.
 *
 * @param kinds - Storage kinds of the chip; without them nothing is known about compression.
 */
export function format3(kinds?: KindSource): MmuFormat {
  const get = (): MmuFormat => format;
  const format: MmuFormat = {
    version: '3',
    chip: 'gh100',
    vaBits: 57,
    signExtended: true,
    levels: [
      directoryLevel(get, 'PD4', 56, 1, 1, 512),
      directoryLevel(get, 'PD3', 47, 9, 2, 512),
      directoryLevel(get, 'PD2', 38, 9, 3, 512),
      directoryLevel(get, 'PD1', 29, 9, 4, 256),
      dualLevel(get, 5),
      leafLevel(get, 'LPT'),
      leafLevel(get, 'SPT'),
    ],
    bothValidFaults: false,
    reasons: MMU_REASONS.volta,
    // No document says what bits 10 and 11 mean here.
    instance: instanceFormat({ limit: false, formatBit: false, needsBigPage: false, subcontexts: true }),
    apertures: APERTURES,
    addressBits: [40, 40, 52, 52],
    ...kindQueries(kinds),
  };
  return format;
}
