import type { Chip, PageSize } from '@nvmmu/vmm-core';
import type { GetItem, WalkItem } from './log-lines.js';
import { alignmentOf, type Stream } from './stream.js';

/** What the whole log says of one address space, before anything is replayed. */
export interface Survey {
  readonly type: 'unmanaged' | 'managed' | 'raw';
  /** Range for the `vmm`; 0 where the log does not tell it. */
  readonly addr: bigint;
  readonly size: bigint;
  /** Other first addresses that are possible, `addr` among them. */
  readonly starts: readonly bigint[];
  /** log2 of the large page, when walks tell it. */
  readonly bigPage: 16 | 17 | undefined;
  /** Most levels of tables that a walk has. */
  readonly levels: number;
}

/** Size of the driver's window where nothing bounds it. */
const WINDOW = 1n << 30n;

/** log2 of what first addresses are likely multiples of. */
const ROUNDED = [13n, 14n, 15n, 16n, 17n, 18n, 20n, 21n, 24n, 26n, 27n, 28n, 29n, 30n];

interface Range {
  readonly addr: bigint;
  readonly size: bigint;
}

/** A request for address space, with the range that it got as far as a walk tells. */
interface Request {
  readonly get: GetItem;
  got: Range | undefined;
}

/** Looks through all lines of one name of address space. */
export function survey(stream: Stream, chip: Chip, isManaged: boolean): Survey {
  const looked = new Look(stream);
  const type = isManaged && looked.type === 'unmanaged' ? 'managed' : looked.type;
  const bigPage = bigPageOf(stream, chip);
  const { levels, boot } = looked;
  if (type === 'unmanaged') {
    const starts = boot === undefined ? looked.starts() : [boot.addr];
    return { type, addr: starts[0] ?? 0n, starts, size: boot?.size ?? 0n, bigPage, levels };
  }
  return { type, ...looked.window(), starts: [], bigPage, levels };
}

class Look {
  readonly #stream: Stream;
  readonly #requests: Request[] = [];
  readonly #clients: Range[] = [];
  /** Ranges of references for which memory ran out. */
  readonly #failed: Range[] = [];
  #rawCalls = false;
  #combined = false;
  #lowest: bigint | undefined = undefined;
  levels = 0;
  /** Range of the whole space, where all of its tables are built. */
  boot: Range | undefined = undefined;

  constructor(stream: Stream) {
    this.#stream = stream;
    stream.lines.forEach(({ what }, index) => {
      if (index < stream.at) return;
      if (what.kind === 'get' && !stream.isGetRefused(index)) this.#requests.push({ get: what, got: undefined });
      if (what.kind === 'walk') this.#walk(what, index);
    });
    if (this.boot === undefined) this.#findFailedBoot();
  }

  get type(): Survey['type'] {
    // All tables are built of the driver's own spaces, which have no clients.
    if (this.boot !== undefined) return 'unmanaged';
    if (this.#combined) return this.#clients.length > 0 ? 'managed' : 'unmanaged';
    return this.#rawCalls ? 'raw' : 'unmanaged';
  }

  #walk(walk: WalkItem, index: number): void {
    this.levels = Math.max(this.levels, walk.levels);
    if (walk.walk === 'bootstrap') this.boot ??= { addr: walk.addr, size: walk.size };
    if (walk.walk === 'ref + map' || walk.walk === 'unmap + unref') this.#combined = true;
    const builds = walk.walk === 'ref + map' || walk.walk === 'ref' || walk.walk === 'sparse ref';
    if (!builds || this.#stream.isBoot(index)) return;
    if (this.#lowest === undefined || walk.addr < this.#lowest) this.#lowest = walk.addr;
    if (this.#explain(walk, index)) {
      // References apart from the map, of something that does not have its tables from the start.
      const before = this.#stream.lines[index - 1]?.what;
      if (walk.walk === 'ref' && (before?.kind !== 'get' || !before.getref)) this.#rawCalls = true;
      return;
    }
    if (walk.walk === 'ref' && walk.page === 12 && this.#stream.tablesBeforeFailure(index) !== undefined) {
      this.#failed.push({ addr: walk.addr, size: walk.size });
      return;
    }
    this.#clients.push({ addr: walk.addr, size: walk.size });
    if (walk.walk !== 'ref + map') this.#rawCalls = true;
  }

  /** Whether a walk can be in something that was allocated. */
  #explain(walk: WalkItem, index: number): boolean {
    const before = this.#stream.lines[index - 1]?.what;
    const last = this.#requests.at(-1);
    if (before?.kind === 'get' && last !== undefined && (before.getref || before.sparse)) {
      last.got = { addr: walk.addr, size: last.get.size };
      return true;
    }
    if (walk.walk === 'sparse ref') {
      return this.#requests.some(({ got }) => got !== undefined && isInside(walk, got));
    }
    if (this.#requests.some(({ got }) => got !== undefined && isInside(walk, got))) return true;
    const open = this.#requests.filter(({ get, got }) => got === undefined && get.size >= walk.size);
    const whole = open.find(({ get }) => get.size === walk.size && BigInt.asUintN(alignmentOf(get), walk.addr) === 0n);
    const mine = whole ?? open.at(-1);
    if (mine === undefined) {
      // An allocation may have gone, and another one of the same kind is meant.
      return this.#requests.some(({ get, got }) => got !== undefined && get.size >= walk.size && near(walk, got));
    }
    const { size } = mine.get;
    const low = walk.addr + walk.size > size ? walk.addr + walk.size - size : 0n;
    mine.got = mine === whole ? { addr: walk.addr, size } : { addr: low, size: walk.addr + size - low };
    return true;
  }

  /** Where there was no memory for all tables, only the attempt is in the log. */
  #findFailedBoot(): void {
    const range = this.#failed.find((it) => this.#requests.length > 0 && this.#lowest !== undefined && it.size > 0n);
    if (
      range === undefined ||
      (this.#rawCalls && !this.#combined && this.#clients.some((it) => !isInside(it, range)))
    ) {
      return;
    }
    this.boot = range;
    this.#rawCalls = false;
    const others = this.#clients.filter((it) => it.addr !== range.addr || it.size !== range.size);
    this.#clients.length = 0;
    this.#clients.push(...others);
  }

  /** Where the space can begin, the likeliest first: nothing lies below its first address. */
  starts(): bigint[] {
    const lowest = this.#lowest ?? 0n;
    const rounded = ROUNDED.map((shift) => (lowest >> shift) << shift);
    const got = this.#requests
      .flatMap((it) => (it.got === undefined ? [] : [it.got.addr]))
      .filter((it) => it <= lowest);
    return [...new Set([0n, lowest, ...rounded, ...got])];
  }

  /** The driver's window: around what was allocated, clear of what clients placed. */
  window(): Range {
    const got = this.#requests.flatMap((it) => (it.got === undefined ? [] : [it.got]));
    const [first] = got;
    if (first === undefined) {
      // Nothing tells of a window: it lies behind everything, or nowhere.
      if (this.#requests.length === 0) return { addr: 0n, size: 0n };
      const end = this.#clients.reduce((most, it) => (it.addr + it.size > most ? it.addr + it.size : most), 0n);
      return { addr: end, size: WINDOW };
    }
    const addr = got.reduce((low, it) => (it.addr < low ? it.addr : low), first.addr);
    const above = this.#clients.filter((it) => it.addr > addr).map((it) => it.addr);
    const bound = above.reduce((low, it) => (it < low ? it : low), addr + WINDOW);
    return { addr, size: bound - addr };
  }
}

function isInside(inner: Range, outer: Range): boolean {
  return outer.addr <= inner.addr && inner.addr + inner.size <= outer.addr + outer.size;
}

function near(walk: Range, { addr, size }: Range): boolean {
  return walk.addr < addr + size * 2n && addr < walk.addr + walk.size + size;
}

/** The large page of chips that leave it open: what the indices of walks fit. */
function bigPageOf({ lines }: Stream, chip: Chip): 16 | 17 | undefined {
  if (!/^(?:gf100|gk104|gk20a|gm200|gm20b)$/.test(chip.name)) return undefined;
  for (const { what } of lines) {
    if (what.kind === 'get' && (what.page === 16 || what.page === 17)) return what.page;
    if (what.kind !== 'walk') continue;
    if (what.page === 16 || what.page === 17) return what.page;
    // A directory entry spans 64 MiB with the one, 128 MiB with the other.
    if (what.page === 26 || what.page === 27) return what.page === 26 ? 16 : 17;
    const [top] = what.path;
    if (top === undefined || what.addr < 1n << 26n) continue;
    if (BigInt(top) === what.addr >> 27n) return 17;
    if (BigInt(top) === what.addr >> 26n) return 16;
  }
  return undefined;
}

/** Levels of the smallest pages. */
export function levelsOf(pages: readonly PageSize[]): number {
  return pages.at(-1)?.levels.length ?? 0;
}
