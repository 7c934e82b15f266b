import { parseSpam, type SpamLine } from './entry-writes.js';

/** A walk over page tables, as the driver's trace lines name them. */
export type WalkName =
  | 'ref + map'
  | 'map'
  | 'ref'
  | 'unmap + unref'
  | 'unmap'
  | 'unref'
  | 'sparse ref'
  | 'sparse unref'
  | 'bootstrap'
  | 'release';

/** One line of a driver's log that tells of an address space. */
export interface LogLine {
  /** Line of the log, from 1. */
  readonly number: number;
  /** Name of the address space. */
  readonly space: string;
  /** The text behind the name. */
  readonly text: string;
  readonly what: LogItem;
  /** Lines of level "spam" behind it, where the log has them. */
  readonly spam: SpamLine[];
}

/** A walk over some range. */
export interface WalkItem {
  readonly kind: 'walk';
  readonly walk: WalkName;
  readonly addr: bigint;
  readonly size: bigint;
  /** log2 of the page size. */
  readonly page: number;
  readonly levels: number;
  /** Index on every level, the top first. */
  readonly path: readonly number[];
}

/** A request for address space. */
export interface GetItem {
  readonly kind: 'get';
  readonly getref: boolean;
  readonly mapref: boolean;
  readonly sparse: boolean;
  readonly page: number;
  readonly align: number;
  readonly size: bigint;
}

/** Why a map was refused, as far as the line says. */
export type MapRefusal =
  /** A part of a region that can't be split off. */
  | {
      readonly why: 'split';
      readonly addr: bigint;
      readonly size: bigint;
      readonly region: bigint;
      readonly regionSize: bigint;
    }
  /** More than the object has. */
  | { readonly why: 'overrun'; readonly memory: bigint; readonly offset: bigint; readonly size: bigint }
  /** Page frames are mapped there. */
  | { readonly why: 'pfnmap'; readonly addr: bigint }
  /** What does not suit one page size. */
  | {
      readonly why: 'alignment';
      readonly addr: bigint;
      readonly size: bigint;
      readonly offset: bigint;
      readonly page: number;
      readonly memoryPage: number;
    }
  | { readonly why: 'memory'; readonly page: number; readonly memory: 'vram' | 'host' }
  | { readonly why: 'kind'; readonly storage: number; readonly type: number | undefined }
  | { readonly why: 'comp'; readonly aperture: number | undefined; readonly flags: number | undefined }
  /** No page size suits; what follows is each of them. */
  | { readonly why: 'any' }
  | { readonly why: 'trying'; readonly page: number }
  /** The only page size that was possible does not suit. */
  | { readonly why: 'invalid' }
  /** A memory object that there is not. */
  | { readonly why: 'object' };

/** What a line says. */
export type LogItem =
  | GetItem
  | WalkItem
  /** A request for an address at which there was nothing to do it with. */
  | {
      readonly kind: 'lookup';
      readonly call: 'map' | 'unmap' | 'put';
      readonly addr: bigint;
      /** Whether there was a region at the address, though not one to do it with. */
      readonly found: boolean;
    }
  | { readonly kind: 'unmapped' }
  /** Why a request for address space was refused. */
  | { readonly kind: 'get refused' }
  /** A page size or size that a request for address space, or a raw call, was refused for. */
  | { readonly kind: 'page refused'; readonly page: number; readonly size: bigint }
  | { readonly kind: 'frames refused'; readonly page: number; readonly addr: bigint; readonly size: bigint }
  | { readonly kind: 'map refused'; readonly refusal: MapRefusal }
  /** What happens inside a walk. */
  | { readonly kind: 'detail'; readonly of: 'new' | 'gone' | 'other' };

const GET = /^getref (\d) mapref (\d) sparse (\d) shift: (\d+) align: (\d+) size: ([0-9a-f]{16})$/;
const WALK =
  /^((?:[0-9a-fx]{5}:)+) (ref \+ map|unmap \+ unref|sparse ref|sparse unref|bootstrap|release|unmap|unref|map|ref): ([0-9a-f]{16}) ([0-9a-f]{16}) (\d+) (\d+) PTEs$/;
const DETAIL = /^(?:[0-9a-fx]{5}:)+ (?:(PDE write )|(PDE unmap |PDE free |\w+ empty$)|LPTE |SPTE |flush: )/;
const LOOKUP = /^lookup ([0-9a-f]{16})(?:: ([0-9a-f]{16}))?( \d)?$/;
const GET_REFUSED = /^(?:args [0-9a-f]{16} \d \d \d|page size required: )/;
const PAGE_REFUSED = /^page (\d+) ([0-9a-f]{16})$/;
const FRAMES_REFUSED = /^paged map (\d+) \d+ ([0-9a-f]{16}) ([0-9a-f]{16})$/;
const SPLIT = /^split \d \d \d ([0-9a-f]{16}) ([0-9a-f]{16}) ([0-9a-f]{16}) ([0-9a-f]{16})$/;
const OVERRUN = /^overrun ([0-9a-f]{16}) ([0-9a-f]{16}) ([0-9a-f]{16})$/;
const ALIGNMENT = /^alignment ([0-9a-f]{16}) ([0-9a-f]{16}) ([0-9a-f]{16}) (\d+) (\d+)$/;
const TARGET = /^(\d+) !(VRAM|HOST)$/;
const KIND = /^kind ([0-9a-f]{2})(?: bankswz: \d+ (\d+))?$/;
const COMP = /^comp (?:(\d+) ([0-9a-f]{2})|-22)$/;
const NO_REGION = 'ffffffffffffffff';

const hex = (digits: string | undefined): bigint => BigInt(`0x${digits ?? '0'}`);

function refusalOf(text: string): MapRefusal | undefined {
  const split = SPLIT.exec(text);
  if (split !== null) {
    const [, addr, size, region, regionSize] = split.map(hexOrZero);
    return { why: 'split', addr: addr ?? 0n, size: size ?? 0n, region: region ?? 0n, regionSize: regionSize ?? 0n };
  }
  const overrun = OVERRUN.exec(text);
  if (overrun !== null) {
    return { why: 'overrun', memory: hex(overrun[1]), offset: hex(overrun[2]), size: hex(overrun[3]) };
  }
  const alignment = ALIGNMENT.exec(text);
  if (alignment !== null) {
    const [, addr, size, offset, page, memoryPage] = alignment;
    return {
      why: 'alignment',
      addr: hex(addr),
      size: hex(size),
      offset: hex(offset),
      page: Number(page),
      memoryPage: Number(memoryPage),
    };
  }
  const target = TARGET.exec(text);
  if (target !== null)
    return { why: 'memory', page: Number(target[1]), memory: target[2] === 'VRAM' ? 'vram' : 'host' };
  const kind = KIND.exec(text);
  if (kind !== null) {
    const [, storage, type] = kind;
    return { why: 'kind', storage: Number(hex(storage)), type: type === undefined ? undefined : Number(type) };
  }
  const comp = COMP.exec(text);
  if (comp !== null) {
    const [, aperture, flags] = comp;
    return {
      why: 'comp',
      aperture: aperture === undefined ? undefined : Number(aperture),
      flags: flags === undefined ? undefined : Number(hex(flags)),
    };
  }
  if (text === 'invalid at any page size') return { why: 'any' };
  if (text.startsWith('trying ')) return { why: 'trying', page: Number(text.slice(7)) };
  if (text.startsWith('invalid ')) return { why: 'invalid' };
  if (text.startsWith('memory ')) return { why: 'object' };
  if (text.startsWith('pfnmap ')) return { why: 'pfnmap', addr: hex(text.slice(7)) };
  return undefined;
}

function hexOrZero(digits: string): bigint {
  return /^[0-9a-f]{16}$/.test(digits) ? BigInt(`0x${digits}`) : 0n;
}

function itemOf(text: string): LogItem | undefined {
  const get = GET.exec(text);
  if (get !== null) {
    const [, getref, mapref, sparse, page, align, size] = get;
    return {
      kind: 'get',
      getref: getref === '1',
      mapref: mapref === '1',
      sparse: sparse === '1',
      page: Number(page),
      align: Number(align),
      size: hex(size),
    };
  }
  const walk = WALK.exec(text);
  if (walk !== null) {
    const [, indices = '', name, addr, size, page] = walk;
    const path = indices
      .slice(0, -1)
      .split(':')
      .map((index) => Number.parseInt(index, 16));
    const levels = path.length;
    return {
      kind: 'walk',
      walk: name as WalkName,
      addr: hex(addr),
      size: hex(size),
      page: Number(page),
      levels,
      path,
    };
  }
  const detail = DETAIL.exec(text);
  if (detail !== null) {
    const [, made, gone] = detail;
    return { kind: 'detail', of: made !== undefined ? 'new' : gone !== undefined ? 'gone' : 'other' };
  }
  const lookup = LOOKUP.exec(text);
  if (lookup !== null) {
    const [, addr, region, part] = lookup;
    const call = region === undefined ? 'map' : part === undefined ? 'unmap' : 'put';
    return { kind: 'lookup', call, addr: hex(addr), found: region !== undefined && region !== NO_REGION };
  }
  if (text === 'unmapped') return { kind: 'unmapped' };
  if (GET_REFUSED.test(text)) return { kind: 'get refused' };
  const page = PAGE_REFUSED.exec(text);
  if (page !== null) return { kind: 'page refused', page: Number(page[1]), size: hex(page[2]) };
  const frames = FRAMES_REFUSED.exec(text);
  if (frames !== null) {
    return { kind: 'frames refused', page: Number(frames[1]), addr: hex(frames[2]), size: hex(frames[3]) };
  }
  const refusal = refusalOf(text);
  return refusal === undefined ? undefined : { kind: 'map refused', refusal };
}

/**
 * Reads one line of a kernel log, or of this project's own output.
 *
 * @returns `undefined` for a line that tells nothing of an address space at level `trace` or `debug`.
 */
export function parseLogLine(number: number, line: string): LogLine | undefined {
  if (line.length > 400) return undefined;
  const at = line.indexOf('mmu: ');
  const rest = (at < 0 ? line : line.slice(at + 5)).trim();
  const colon = rest.indexOf(': ');
  if (colon <= 0) return undefined;
  const space = rest.slice(0, colon);
  const text = rest.slice(colon + 2);
  if (space.includes(' ')) return undefined;
  const what = itemOf(text);
  return what === undefined ? undefined : { number, space, text, what, spam: [] };
}

/** Reads a line of level "spam": what it says, and of which address space. */
export function parseSpamLine(line: string): { readonly space: string; readonly spam: SpamLine } | undefined {
  if (line.length > 400) return undefined;
  const at = line.indexOf('mmu: ');
  const rest = (at < 0 ? line : line.slice(at + 5)).trim();
  const colon = rest.indexOf(': ');
  if (colon <= 0 || rest.slice(0, colon).includes(' ')) return undefined;
  const spam = parseSpam(rest.slice(colon + 2));
  return spam === undefined ? undefined : { space: rest.slice(0, colon), spam };
}
