import { generationOf } from './chips.js';
import { formatOf, type PageFormat } from './layouts.js';

/** A decoded page-table entry value. Fields that mean nothing in an invalid entry are absent. */
export interface PteEntry {
  line: number;
  value: string;
  valid: boolean;
  aperture?: string;
  vol?: boolean;
  encrypted?: boolean;
  priv?: boolean;
  ro?: boolean;
  atomic_disable?: boolean;
  address?: string;
  kind?: string;
  peer?: number;
  comptag?: string;
  sparse?: boolean;
  /** What is remarkable about the value, in words. */
  what?: string;
}

const APERTURES = ['vidmem', 'peer', 'sys_coh', 'sys_noncoh'] as const;
const NV50_APERTURES = ['vidmem', 'invalid', 'sys_coh', 'sys_noncoh'] as const;

const big = (value: bigint): string => `0x${value.toString(16)}`;
const field = (value: bigint, high: number, low: number): bigint =>
  BigInt.asUintN(high - low + 1, value >> BigInt(low));
const bit = (value: bigint, at: number): boolean => field(value, at, at) === 1n;

/** NVIDIA's managed memory fills entries that must never be used with this value. */
const UVM_POISON = 0x06000001bad000e9n;

function format2(value: bigint, turing: boolean): Omit<PteEntry, 'line' | 'value'> {
  if (!bit(value, 0)) {
    const vol = bit(value, 3);
    const priv = bit(value, 5);
    const what = priv
      ? 'invalid with the privilege bit: in a table of big pages it says that no small page is mapped below'
      : vol
        ? 'invalid and volatile: sparse'
        : value === 0n
          ? 'empty'
          : 'invalid; the other bits mean nothing';
    return { valid: false, priv, sparse: vol && !priv, what };
  }
  const aperture = Number(field(value, 2, 1));
  const local = aperture < 2;
  const address = local ? field(value, 32, 8) << 12n : field(value, 53, 8) << 12n;
  const entry: Omit<PteEntry, 'line' | 'value'> = {
    valid: true,
    aperture: APERTURES[aperture] ?? '',
    vol: bit(value, 3),
    encrypted: !turing && bit(value, 4),
    priv: bit(value, 5),
    ro: bit(value, 6),
    atomic_disable: bit(value, 7),
    address: big(address),
    kind: big(field(value, 63, 56)),
  };
  if (aperture === 1) entry.peer = Number(field(value, 35, 33));
  const tag = local ? field(value, turing ? 55 : 53, 36) : 0n;
  if (tag !== 0n) entry.comptag = big(tag);
  if (value === UVM_POISON)
    entry.what = 'the poison value that NVIDIA’s managed memory writes: any use of it is an error';
  else if (address === 0n && local) entry.what = 'maps physical address 0: legal, but suspicious';
  return entry;
}

function format3(value: bigint): Omit<PteEntry, 'line' | 'value'> {
  const pcf = Number(field(value, 7, 3));
  if (!bit(value, 0)) {
    const words = ['not present', 'sparse', 'mapping nowhere', 'no valid small page below'];
    return { valid: false, sparse: pcf === 1, what: words[pcf] ?? 'undefined' };
  }
  const aperture = Number(field(value, 2, 1));
  const entry: Omit<PteEntry, 'line' | 'value'> = {
    valid: true,
    aperture: APERTURES[aperture] ?? '',
    vol: (pcf & 1) !== 0,
    priv: (pcf & 2) !== 0,
    ro: (pcf & 4) !== 0,
    atomic_disable: (pcf & 8) !== 0,
    address: big(field(value, aperture < 2 ? 39 : 51, 12) << 12n),
    kind: big(field(value, 11, 8)),
  };
  if (aperture === 1) entry.peer = Number(field(value, 63, 61));
  return entry;
}

function format1(value: bigint): Omit<PteEntry, 'line' | 'value'> {
  if (!bit(value, 0)) {
    return { valid: false, priv: bit(value, 1), sparse: bit(value, 32), what: value === 0n ? 'empty' : 'invalid' };
  }
  const aperture = Number(field(value, 34, 33));
  const entry: Omit<PteEntry, 'line' | 'value'> = {
    valid: true,
    aperture: APERTURES[aperture] ?? '',
    vol: bit(value, 32),
    encrypted: bit(value, 3),
    priv: bit(value, 1),
    ro: bit(value, 2),
    address: big(field(value, aperture < 2 ? 28 : 31, 4) << 12n),
    kind: big(field(value, 43, 36)),
  };
  if (aperture === 1) entry.peer = Number(field(value, 31, 29));
  const tag = field(value, 60, 44);
  if (tag !== 0n) entry.comptag = big(tag);
  return entry;
}

function formatT(value: bigint): Omit<PteEntry, 'line' | 'value'> {
  if (!bit(value, 0)) return { valid: false, what: 'not present' };
  const tag = field(value, 60, 49);
  const entry: Omit<PteEntry, 'line' | 'value'> = {
    valid: true,
    aperture: NV50_APERTURES[Number(field(value, 5, 4))] ?? '',
    encrypted: bit(value, 62),
    priv: bit(value, 6),
    ro: bit(value, 3),
    address: big(field(value, 39, 12) << 12n),
    kind: big(field(value, 46, 40)),
  };
  if (tag !== 0n) entry.comptag = big(tag);
  const block = field(value, 9, 7);
  if (block !== 0n)
    entry.what = `one of ${1n << block} entries of a contiguous block, all with the address of its first page`;
  return entry;
}

/** Decodes the value of a page-table entry of one format; `turing` widens the compression tag of format 2. */
export function decodePte(value: bigint, format: PageFormat, turing = true): Omit<PteEntry, 'line' | 'value'> {
  switch (format) {
    case 'T':
      return formatT(value);
    case '1':
      return format1(value);
    case '2':
      return format2(value, turing);
    case '3':
      return format3(value);
  }
}

const HEADER = /^#\s{0,8}(\w{2,12})\s{1,8}(?:pte|spt|lpt|pt)\s{0,64}$/i;
const VALUE = /^\s{0,64}(?:0x)?([0-9a-fA-F]{1,16})\s{0,64}$/;

/** Reads lists of page-table entry values: a line `# CHIP pte`, then one hexadecimal value a line. */
export class PteListReader {
  readonly #emit: (entry: PteEntry) => void;
  #format: PageFormat | undefined;
  #turing = false;

  constructor(emit: (entry: PteEntry) => void) {
    this.#emit = emit;
  }

  /** Reads one line and says whether it belongs to a list. */
  line(number: number, text: string): boolean {
    if (text.charCodeAt(0) === 0x23) {
      const chip = text.length > 120 ? undefined : HEADER.exec(text)?.[1];
      const generation = chip === undefined ? undefined : generationOf(chip);
      this.#format = generation === undefined ? undefined : formatOf(generation);
      this.#turing = generation === 'tu102';
      return generation !== undefined;
    }
    if (this.#format === undefined) return false;
    const digits = text.length > 160 ? undefined : VALUE.exec(text)?.[1];
    if (digits === undefined) {
      if (text.trim() !== '') this.#format = undefined;
      return false;
    }
    const value = BigInt(`0x${digits}`);
    this.#emit({ line: number, value: big(value), ...decodePte(value, this.#format, this.#turing) });
    return true;
  }
}
