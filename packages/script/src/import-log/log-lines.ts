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
}

/** What a line says. */
export type LogItem =
  | {
      readonly kind: 'get';
      readonly getref: boolean;
      readonly mapref: boolean;
      readonly sparse: boolean;
      readonly page: number;
      readonly align: number;
      readonly size: bigint;
    }
  | {
      readonly kind: 'walk';
      readonly walk: WalkName;
      readonly addr: bigint;
      readonly size: bigint;
      readonly page: number;
      readonly levels: number;
    }
  /** A request for an address at which there was nothing to do it with. */
  | { readonly kind: 'lookup'; readonly call: 'map' | 'unmap' | 'put'; readonly addr: bigint }
  | { readonly kind: 'unmapped' }
  /** Why a request was refused; belongs to a `get` or a map. */
  | { readonly kind: 'refusal'; readonly of: 'get' | 'map' | 'pfnmap' }
  /** What happens inside a walk. */
  | { readonly kind: 'detail' };

const GET = /^getref (\d) mapref (\d) sparse (\d) shift: (\d+) align: (\d+) size: ([0-9a-f]{16})$/;
const WALK =
  /^((?:[0-9a-fx]{5}:)+) (ref \+ map|unmap \+ unref|sparse ref|sparse unref|bootstrap|release|unmap|unref|map|ref): ([0-9a-f]{16}) ([0-9a-f]{16}) (\d+) (\d+) PTEs$/;
const DETAIL = /^(?:[0-9a-fx]{5}:)+ (?:PDE |PGD |PGT |SPT |LPT |LPTE |SPTE |flush: )/;
const LOOKUP = /^lookup ([0-9a-f]{16})(: (?:[0-9a-f]{16}))?( \d)?$/;
const GET_REFUSED = /^(?:args [0-9a-f]{16} \d \d \d|page size required: |page \d+ [0-9a-f]{16}$)/;
const MAP_REFUSED = /^(?:split |alignment |overrun |kind |comp |trying |invalid |\d+ !(?:VRAM|HOST)$|memory |pfnmap )/;

const hex = (digits: string): bigint => BigInt(`0x${digits}`);

function itemOf(text: string): LogItem | undefined {
  const get = GET.exec(text);
  if (get !== null) {
    const [, getref, mapref, sparse, page, align, size = '0'] = get;
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
    const [, path = '', name, addr = '0', size = '0', page] = walk;
    const levels = path.length / 6;
    return { kind: 'walk', walk: name as WalkName, addr: hex(addr), size: hex(size), page: Number(page), levels };
  }
  if (DETAIL.test(text)) return { kind: 'detail' };
  const lookup = LOOKUP.exec(text);
  if (lookup !== null) {
    const [, addr = '0', found, part] = lookup;
    return {
      kind: 'lookup',
      call: found === undefined ? 'map' : part === undefined ? 'unmap' : 'put',
      addr: hex(addr),
    };
  }
  if (text === 'unmapped') return { kind: 'unmapped' };
  if (GET_REFUSED.test(text)) return { kind: 'refusal', of: 'get' };
  if (text.startsWith('paged map ')) return { kind: 'refusal', of: 'pfnmap' };
  if (MAP_REFUSED.test(text)) return { kind: 'refusal', of: 'map' };
  return undefined;
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
  return what === undefined ? undefined : { number, space, text, what };
}
