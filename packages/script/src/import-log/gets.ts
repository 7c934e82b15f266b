import type { GetOperation } from '../operations.js';
import { formatHex } from '../numbers.js';
import { findEvidence, type Evidence } from './evidence.js';
import { lies, type Remedy } from './choices.js';
import type { GetItem } from './log-lines.js';
import { PlacementSearch, type Allocation, type Request } from './placement.js';
import { canGoUnseen, homeOf, put, type Session, type Space } from './session.js';
import { alignmentOf } from './stream.js';

/** Lines that are looked at for the next use of an allocation. */
const USE_HORIZON = 2000;
/** Allocations beyond which nothing is searched: each search looks at all of them. */
const MAX_ALLOCATIONS = 20_000;

/** Where an allocation is to go, and what must be freed before. */
export interface Plan {
  readonly addr: bigint | undefined;
  readonly freed: readonly Allocation[];
  /** Whether the address can be had. */
  readonly possible: boolean;
  /** Whether it was refused without a word, though there seems to be room. */
  readonly refused?: boolean;
  /** What may help if it can't. */
  readonly remedies?: () => Remedy[];
}

/** Plans an allocation in a space. */
export function planGet(session: Session, space: Space, get: GetItem, evidence: Evidence): Plan {
  const { vmm } = space;
  if (evidence.kind === 'unknown') return { addr: undefined, freed: [], possible: true };
  if (evidence.kind === 'refused') {
    // In a space that has no room the script need not be told.
    const refused = probe(session, space, get) !== undefined;
    return { addr: undefined, freed: [], possible: true, refused };
  }
  const natural = probe(session, space, get);
  if (evidence.kind === 'at' && natural === evidence.addr) return { addr: natural, freed: [], possible: true };
  const wanted = evidence.kind === 'at' ? evidence.addr : undefined;
  if (space.allocations.size > MAX_ALLOCATIONS) return { addr: wanted, freed: [], possible: false };
  const page = vmm.pages.findIndex(({ shift }) => shift === get.page);
  const request: Request = { size: Number(get.size), align: alignmentOf(get), page: page < 0 ? 7 : page };
  const candidates = idle(space);
  const search = new PlacementSearch(vmm, request, candidates);
  const low = evidence.addr + (evidence.kind === 'around' ? evidence.size : get.size) - get.size;
  const addrs =
    wanted !== undefined ? [Number(wanted)] : search.starts(Math.max(0, Number(low)), Number(evidence.addr));
  let best: { addr: number; freed: readonly number[] } | undefined;
  for (const addr of addrs) {
    const freed = search.solve(addr);
    if (freed !== undefined && (best === undefined || freed.length < best.freed.length)) best = { addr, freed };
  }
  if (best === undefined) {
    const at = wanted ?? BigInt(addrs[0] ?? Number(evidence.addr));
    return { addr: wanted, freed: [], possible: false, remedies: () => remediesFor(space, get, at, search) };
  }
  return {
    addr: BigInt(best.addr),
    freed: best.freed.flatMap((index) => candidates[index] ?? []),
    possible: true,
  };
}

/** Requests that are thought over for one address. */
const BLAMED = 10;

/** Requests before it may lie where nothing tells of them; or what seemed to tell of this one is about another. */
function remediesFor({ unseen, stream }: Space, get: GetItem, wanted: bigint, search: PlacementSearch): Remedy[] {
  const remedies: Remedy[] = [];
  const holes = search.missing(Number(wanted)).slice(0, 4);
  for (const it of unseen.slice(-BLAMED).reverse()) {
    const unit = 2 ** it.align;
    const size = Number(it.size);
    for (const { start, end } of holes) {
      const first = Math.ceil(start / unit) * unit;
      const last = Math.floor((end - size) / unit) * unit;
      for (const addr of new Set([first, last])) {
        if (addr < start || addr + size > end) continue;
        remedies.push(lies(it.line, { kind: 'at', addr: BigInt(addr) }));
      }
    }
  }
  const line = stream.next?.number ?? 0;
  if (!get.getref && !get.sparse) remedies.push(lies(line, { kind: 'unknown' }));
  remedies.push({ key: `space ${line}`, choice: true });
  return remedies;
}

/** What later lines say of the `get` that comes next. */
export function evidenceFor(session: Session, space: Space, get: GetItem): Evidence {
  const given = session.choices.evidence(space.stream.next?.number ?? 0);
  if (given !== undefined) return given;
  if (space.stream.isGetRefused(space.stream.at)) return { kind: 'unknown' };
  return findEvidence(space.stream, get, space.vmm, session.replayer, (addr) => {
    const home = homeOf(space, addr);
    return home === undefined || (space.used.has(home.addr) && canGoUnseen(space, home));
  });
}

/** Allocations that can have been freed unseen; those that later lines use come last. */
function idle(space: Space): Allocation[] {
  const all = [...space.allocations.values()].filter((it) => canGoUnseen(space, it));
  const used = new Set(all.filter((it) => isUsedLater(space, it)));
  return [...all.filter((it) => !used.has(it)), ...used];
}

function isUsedLater({ stream, vmm }: Space, { addr, size }: Allocation): boolean {
  const region = vmm.regionAt(addr);
  const shift = region?.page === undefined ? undefined : vmm.pages[region.page]?.shift;
  for (const walk of stream.walks(stream.at, USE_HORIZON)) {
    if (walk.addr + walk.size <= addr || walk.addr >= addr + size) continue;
    // Something larger, or of other pages, is of another allocation.
    const inside = walk.addr >= addr && walk.addr + walk.size <= addr + size;
    return inside && (shift === undefined || shift === walk.page);
  }
  return false;
}

/** Where an allocation would come to lie now. */
function probe({ replayer }: Session, { vmm }: Space, { size, page, align }: GetItem): bigint | undefined {
  return replayer.silently(vmm, () => {
    try {
      const addr = vmm.get(size, { page, align });
      vmm.put(addr);
      return addr;
    } catch {
      return undefined;
    }
  });
}

/** The operation for a request. */
export function getOperation(vmm: string, id: string, get: GetItem): GetOperation {
  const { getref, mapref, page, align, size, sparse } = get;
  return { op: 'get', line: 0, vmm, id, type: getref ? 'ptes' : mapref ? 'addr' : 'lazy', page, align, size, sparse };
}

/** Does what a plan says, then the allocation. */
export function doGet(session: Session, space: Space, get: GetItem, id: string, plan: Plan): void {
  const { stream, vmm } = space;
  const number = stream.next?.number ?? 0;
  if (plan.remedies !== undefined) session.choices.trouble(number, plan.remedies());
  if (plan.addr === undefined) space.unseen.push({ line: number, size: get.size, align: alignmentOf(get) });
  session.inferred += plan.freed.length;
  for (const gone of plan.freed) put(session, space, gone);
  const operation = getOperation(space.id, id, get);
  const tables = get.getref || get.sparse ? stream.tablesBeforeFailure(stream.at + 1) : undefined;
  const { addr } =
    tables === undefined ? session.do(operation, stream) : session.doWithoutMemory(operation, stream, tables);
  if (addr === undefined) return;
  if (plan.addr === undefined) session.unplaced++;
  const size = vmm.regionAt(addr)?.size ?? get.size;
  space.used.delete(addr);
  space.allocations.set(addr, { id, addr, size, pinned: get.getref || get.sparse });
  if (plan.addr !== undefined && plan.addr !== addr) {
    session.note(
      number,
      `allocated at ${formatHex(addr)}, in the log at ${formatHex(plan.addr)}: what was freed before is not known`,
    );
  }
}
