import type { Vmm } from '@nvmmu/vmm-core';
import type { GetItem, WalkItem } from './log-lines.js';
import type { Replayer } from './replayer.js';
import { alignmentOf, type Stream } from './stream.js';

// A log does not say what address a request for address space got. What is mapped later does.

/** What later lines say of where an allocation lies. */
export type Evidence =
  /** At this very address. */
  | { readonly kind: 'at'; readonly addr: bigint }
  /** Around a range. */
  | { readonly kind: 'around'; readonly addr: bigint; readonly size: bigint }
  /** Nowhere: the request was refused without a word. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown' };

const UNKNOWN: Evidence = { kind: 'unknown' };
/** Lines that are looked at for one address. */
const HORIZON = 3000;

interface Range {
  readonly addr: bigint;
  readonly size: bigint;
}

const covers = (outer: Range, inner: Range): boolean =>
  outer.addr <= inner.addr && inner.addr + inner.size <= outer.addr + outer.size;

function fits(get: GetItem, walk: WalkItem): boolean {
  return walk.size <= get.size && (get.page === 0 || get.page === walk.page);
}

/** Whether a walk can be a map of the whole allocation. */
function isWhole(get: GetItem, walk: WalkItem): boolean {
  return walk.size === get.size && BigInt.asUintN(alignmentOf(get), walk.addr) === 0n;
}

/**
 * Looks for what tells the address of the `get` that comes next in the log.
 *
 * @param isSpent - Whether what is allocated at an address has been mapped and unmapped: it may be gone.
 */
export function findEvidence(
  stream: Stream,
  get: GetItem,
  vmm: Vmm,
  replayer: Replayer,
  isSpent: (addr: bigint) => boolean,
): Evidence {
  if (get.getref || get.sparse) return pinnedEvidence(stream, get);
  return new Lookahead(stream, get, vmm, replayer, isSpent).find();
}

/** Tables that are built at once are in the very next line. */
function pinnedEvidence(stream: Stream, get: GetItem): Evidence {
  const walk = stream.walkAt(stream.at + 1);
  const name = get.sparse ? 'sparse ref' : 'ref';
  if (walk?.walk !== name || walk.size > get.size || (!get.sparse && walk.size !== get.size))
    return { kind: 'refused' };
  return { kind: 'at', addr: walk.addr };
}

class Lookahead {
  readonly #stream: Stream;
  readonly #get: GetItem;
  readonly #vmm: Vmm;
  readonly #replayer: Replayer;
  readonly #isSpent: (addr: bigint) => boolean;
  /** Requests whose address is not known: the one in question, and later ones. */
  readonly #open: GetItem[];
  readonly #taken: Range[] = [];
  readonly #mapNames: ReadonlySet<string>;
  #chain: { readonly length: number; readonly addrs: readonly (bigint | undefined)[] } | undefined = undefined;

  constructor(stream: Stream, get: GetItem, vmm: Vmm, replayer: Replayer, isSpent: (addr: bigint) => boolean) {
    this.#isSpent = isSpent;
    this.#stream = stream;
    this.#get = get;
    this.#vmm = vmm;
    this.#replayer = replayer;
    this.#open = [get];
    this.#mapNames = new Set(vmm.type === 'raw' ? ['ref', 'map'] : ['ref + map', 'map']);
  }

  find(): Evidence {
    const { lines, at } = this.#stream;
    const get = this.#get;
    const [expected] = this.#expected();
    let fallback: Evidence = UNKNOWN;
    for (let index = at + 1; index < Math.min(lines.length, at + HORIZON); index++) {
      const what = lines[index]?.what;
      if (what?.kind === 'get') this.#note(what, index);
      if (what?.kind === 'map refused' && what.refusal.why === 'split') {
        const { region, regionSize } = what.refusal;
        if (this.#isOf(region, regionSize)) return { kind: 'at', addr: region };
      }
      if (what?.kind !== 'walk' || !this.#mapNames.has(what.walk)) continue;
      if (this.#taken.some((range) => covers(range, what))) continue;
      const asExpected = expected !== undefined && covers({ addr: expected, size: get.size }, what);
      // What can be the whole of a later request tells less than a map before it.
      const isLater = fallback.kind !== 'unknown';
      const other = isLater ? this.#open.find((it) => it !== get && isWhole(it, what) && fits(it, what)) : undefined;
      if (other !== undefined) {
        this.#settle(other, what);
        continue;
      }
      if (asExpected && fits(get, what)) return { kind: 'at', addr: expected };
      const found = this.#weigh(what);
      if (found === 'later') continue;
      if (found.kind === 'unknown') continue;
      if (this.#isHome(what)) {
        // It could as well be mapped in what is there now.
        if (fallback.kind === 'unknown' && this.#isSpent(what.addr)) fallback = found;
      } else return found;
    }
    return fallback;
  }

  #note(get: GetItem, index: number): void {
    if (this.#stream.isGetRefused(index)) return;
    if (!get.getref && !get.sparse) {
      this.#open.push(get);
      return;
    }
    const walk = this.#stream.walkAt(index + 1);
    if (walk?.walk === 'ref' || walk?.walk === 'sparse ref') this.#taken.push({ addr: walk.addr, size: get.size });
  }

  /** Which open request a map is of; `later` when it is of a later one, which is settled with it. */
  #weigh(walk: WalkItem): Evidence | 'later' {
    const candidates = this.#open.filter((it) => fits(it, walk));
    if (candidates.length === 0) return UNKNOWN;
    const expected = this.#expected();
    // A later request that would come to lie right there by itself.
    for (const it of candidates) {
      const addr = expected[this.#open.indexOf(it)];
      if (it === this.#get || addr === undefined || !covers({ addr, size: it.size }, walk)) continue;
      this.#settle(it, { addr, size: it.size });
      return 'later';
    }
    const whole = candidates.filter((it) => isWhole(it, walk));
    if (whole.includes(this.#get)) return { kind: 'at', addr: walk.addr };
    const [first] = whole;
    if (first !== undefined) {
      if (this.#isHome(walk)) return UNKNOWN;
      this.#settle(first, walk);
      return 'later';
    }
    if (this.#isHome(walk)) return UNKNOWN;
    if (candidates[0] === this.#get) return { kind: 'around', addr: walk.addr, size: walk.size };
    this.#taken.push({ addr: walk.addr, size: walk.size });
    return 'later';
  }

  /** Whether a region that a refusal names, with its size, must be the allocation in question. */
  #isOf(addr: bigint, size: bigint): boolean {
    const range = { addr, size };
    if (this.#vmm.regionAt(addr)?.addr === addr || this.#taken.some((it) => covers(it, range))) return false;
    const first = this.#open.find((it) => it.size === size && BigInt.asUintN(alignmentOf(it), addr) === 0n);
    if (first === this.#get) return true;
    if (first !== undefined) this.#settle(first, range);
    return false;
  }

  #settle(get: GetItem, { addr, size }: Range): void {
    this.#open.splice(this.#open.indexOf(get), 1);
    this.#chain = undefined;
    this.#taken.push({ addr, size });
  }

  /** Whether a map could be of something that is allocated now. */
  #isHome(walk: WalkItem): boolean {
    const region = this.#vmm.regionAt(walk.addr);
    if (region === undefined) return false;
    const shift = region.page === undefined ? walk.page : this.#vmm.pages[region.page]?.shift;
    if (shift !== walk.page) return false;
    let end = region.addr + region.size;
    while (end < walk.addr + walk.size) {
      const next = this.#vmm.regionAt(end);
      if (next?.part !== true) return false;
      end += next.size;
    }
    return true;
  }

  /** Where the open requests would come to lie if nothing were freed before or between. */
  #expected(): readonly (bigint | undefined)[] {
    if (this.#chain?.length === this.#open.length) return this.#chain.addrs;
    const vmm = this.#vmm;
    const addrs = this.#replayer.silently(vmm, () => {
      const got = this.#open.map(({ size, page, align }) => {
        try {
          return vmm.get(size, { page, align });
        } catch {
          return undefined;
        }
      });
      for (const addr of got) if (addr !== undefined) vmm.put(addr);
      return got;
    });
    this.#chain = { length: this.#open.length, addrs };
    return addrs;
  }
}
