import type { Chip, MapArguments, RegionInfo, Vmm } from '@nvmmu/vmm-core';
import type { Operation } from '../operations.js';
import type { LogLine, MapRefusal } from './log-lines.js';
import { canGoUnseen, homeOf, put, refer, type MemoryWish, type Session, type Space } from './session.js';
import type { Stream } from './stream.js';
import { isClientRange } from './walks.js';

// Refused requests change nothing, so that those that could be meant are tried until one gives the very lines.

/** Requests that are tried for one refusal. */
const TRIALS = 120;
const REGIONS = 64;
const SOME_KINDS = 3;
/** Regions beyond which a map that is not refused after all would build tables without end. */
const LARGEST = 1n << 30n;
const MAX_FRAMES = 1n << 20n;

/** What a refusal tells of the map. */
interface Told {
  readonly lines: number;
  readonly addr?: bigint;
  readonly size?: bigint;
  readonly offset?: bigint;
  readonly memorySize?: bigint;
  readonly memoryPage?: number;
  readonly target?: 'vram' | 'host';
  readonly storage?: number;
  readonly type?: number;
  readonly comp?: number;
  /** Flags of the page size. */
  readonly flags?: number;
  /** Page size that was the only one possible. */
  readonly page?: number;
  readonly any?: boolean;
  /** Whether it was refused before anybody looked at the object. */
  readonly split?: boolean;
}

/** The refusals of one map, which take several lines where no page size suits. */
function refusalsOf(stream: Stream): MapRefusal[] {
  const found: MapRefusal[] = [];
  const read = (index: number): MapRefusal | undefined => {
    const what = stream.lines[index]?.what;
    return what?.kind === 'map refused' ? what.refusal : undefined;
  };
  let at = stream.at;
  const first = read(at);
  if (first === undefined) return [];
  found.push(first);
  if (first.why === 'any') {
    let trying = false;
    let last = Number.POSITIVE_INFINITY;
    for (let next = read(++at); next !== undefined; next = read(++at)) {
      // Page sizes come in falling order, one reason each.
      const isNext = next.why === 'trying' ? next.page < last : trying && reasonOfPage(next);
      if (!isNext) break;
      trying = next.why === 'trying';
      if (next.why === 'trying') last = next.page;
      found.push(next);
    }
  } else if (reasonOfPage(first)) {
    const next = read(at + 1);
    if (next?.why === 'invalid') found.push(next);
  }
  return found;
}

function reasonOfPage({ why }: MapRefusal): boolean {
  return why === 'alignment' || why === 'memory' || why === 'kind' || why === 'comp';
}

function tell(refusals: readonly MapRefusal[]): Told {
  let told: Told = { lines: refusals.length };
  for (const it of refusals) {
    switch (it.why) {
      case 'split':
        told = { ...told, addr: it.addr, size: it.size, split: true };
        break;
      case 'overrun':
        told = { ...told, size: it.size, offset: it.offset, memorySize: it.memory };
        break;
      case 'alignment':
        told = { ...told, addr: it.addr, size: it.size, offset: it.offset, memoryPage: it.memoryPage, page: it.page };
        break;
      case 'memory':
        told = { ...told, target: it.memory, page: it.page };
        break;
      case 'kind':
        told = { ...told, storage: it.storage, ...(it.type !== undefined && { type: it.type }) };
        break;
      case 'comp':
        told = {
          ...told,
          ...(it.aperture !== undefined && { comp: it.aperture }),
          ...(it.flags !== undefined && { flags: it.flags }),
        };
        break;
      case 'any':
        told = { ...told, any: true };
        break;
      case 'pfnmap':
        told = { ...told, addr: it.addr, split: true };
        break;
      default:
    }
  }
  return told;
}

/** Reproduces a refused map. */
export function readMapRefusal(session: Session, space: Space, line: LogLine): void {
  const { stream } = space;
  const told = withPage(space.vmm, tell(refusalsOf(stream)));
  let trials = 0;
  for (const operation of requests(session, space, told)) {
    if (++trials > TRIALS) break;
    const outcome = session.attempt(operation, stream, told.lines);
    if (outcome === 'kept') return;
    if (outcome === 'done') undo(session, space, operation);
  }
  session.note(line.number, `a refused map is left out: ${line.text.slice(0, 100)}`);
  stream.at += told.lines;
}

/** The page size of a single refusal, where its flags tell it. */
function withPage({ pages }: Vmm, told: Told): Told {
  if (told.page !== undefined || told.any === true || told.flags === undefined) return told;
  const alike = pages.filter(({ flags }) => flags === told.flags);
  const [only] = alike;
  return alike.length === 1 && only !== undefined ? { ...told, page: only.shift } : told;
}

/** Takes back a map that was expected to be refused. */
function undo({ replayer }: Session, { vmm, id }: Space, operation: Operation): void {
  replayer.silently(vmm, () => {
    if (operation.op === 'map') replayer.step({ op: 'unmap', line: 0, vmm: id, at: operation.at });
    if (operation.op === 'rawmap') {
      const { addr, size, page } = operation;
      replayer.step({ op: 'rawunmap', line: 0, vmm: id, addr, size, page, sparse: false });
    }
  });
}

function* requests(session: Session, space: Space, told: Told): IterableIterator<Operation> {
  const { vmm, id } = space;
  for (const { addr, size } of places(space, told)) {
    const offset = told.offset ?? 0n;
    for (const wish of wishes(vmm, told, size, offset)) {
      const mem = session.memory(wish);
      if (mem === undefined) continue;
      for (const args of argumentsFor(session, told)) {
        const common = { line: 0, vmm: id, mem, offset, args };
        yield { op: 'map', ...common, at: refer(space, addr), size };
        if (!isClientRange(space, addr)) continue;
        const pages = told.page === undefined ? vmm.pages.map(({ shift }) => shift) : [told.page];
        for (const page of pages) yield { op: 'rawmap', ...common, addr, size, page };
      }
    }
  }
}

/** Where the map can have been, and of which size. */
function* places(space: Space, told: Told): IterableIterator<{ addr: bigint; size: bigint }> {
  const { vmm } = space;
  if (told.addr !== undefined) {
    yield { addr: told.addr, size: told.size ?? vmm.regionAt(told.addr)?.size ?? 0x1000n };
    return;
  }
  if (vmm.type === 'raw') {
    for (const addr of [0n, vmm.regionAt(0n)?.size ?? 0n, BigInt(vmm.state.windowEnd)]) {
      for (const size of told.size === undefined ? vmm.pages.map(({ shift }) => 1n << BigInt(shift)) : [told.size]) {
        yield { addr, size };
      }
    }
  }
  let count = 0;
  for (const region of [...vmm.regions()].filter((it) => suits(vmm, it, told))) {
    if (++count > REGIONS) return;
    if (told.size === undefined) {
      yield { addr: region.addr, size: region.size };
      const { page } = told;
      if (page !== undefined && region.size > 1n << BigInt(page)) {
        yield { addr: region.addr, size: 1n << BigInt(page) };
      }
    } else if (told.size <= region.size) yield { addr: region.addr, size: told.size };
  }
}

function suits(vmm: Vmm, region: RegionInfo, told: Told): boolean {
  if (told.size === undefined && region.size > LARGEST) return false;
  if (!region.used || (region.mapped && region.memory === undefined)) return false;
  const index = region.refd ?? region.page;
  if (told.any === true) return index === undefined;
  return told.page === undefined || (index !== undefined && vmm.pages[index]?.shift === told.page);
}

/** What the memory object can have been like. */
function* wishes(vmm: Vmm, told: Told, size: bigint, offset: bigint): IterableIterator<MemoryWish> {
  const { memoryPage, target } = told;
  const smallest = vmm.pages.at(-1)?.shift ?? 12;
  const pages =
    memoryPage === undefined ? [...new Set([smallest, ...vmm.pages.map(({ shift }) => shift)])] : [memoryPage];
  const sized = (page: number): bigint => {
    const unit = BigInt(Math.max(page, 12));
    const needed = told.split === true ? 0x1000n : offset + size;
    return told.memorySize ?? ((needed + (1n << unit) - 1n) >> unit) << unit;
  };
  const mayBeVideo = told.comp === undefined || told.comp === 0 || vmm.state.device.config.stolen !== 0;
  if (target !== 'host' && mayBeVideo) {
    const types = told.type === undefined ? [1] : [told.type];
    for (const page of pages) for (const type of types) yield { target: 'vram', page, size: sized(page), type };
  }
  if (target !== 'vram' && (memoryPage === undefined || memoryPage === 12)) {
    for (const host of ['host', 'ncoh'] as const) yield { target: host, page: 12, size: sized(12) };
  }
}

/** Some kinds that are compressed: those with another kind for what is not. */
function compressed({ kinds }: Chip): number[] {
  const all = Array.from(kinds.table, (partner, kind) => ({ partner, kind }));
  return all
    .filter(({ partner, kind }) => partner !== kind && partner !== kinds.invalid)
    .map(({ kind }) => kind)
    .slice(0, SOME_KINDS);
}

/** Arguments that the chip can have refused. */
function* argumentsFor({ chip }: Session, told: Told): IterableIterator<MapArguments | undefined> {
  if (told.storage !== undefined) yield { kind: told.storage };
  else if (told.comp === undefined) yield undefined;
  else if (chip.mapArguments.includes('comp')) yield { comp: 1 };
  else for (const kind of compressed(chip)) yield { kind };
}

/** A request for page frames that was refused, which says all of itself. */
export function readFramesRefusal(session: Session, space: Space, line: LogLine): void {
  const { what } = line;
  if (what.kind !== 'frames refused') return;
  const { page, addr, size } = what;
  const count = page > 63 ? 0n : size >> BigInt(page);
  if (count > MAX_FRAMES || count === 0n) {
    session.note(line.number, `a refused request for ${count} page frames is left out`);
    return;
  }
  const frames = { first: 3n, step: 0x1000n, count: Number(count) };
  session.do({ op: 'pfnmap', line: 0, vmm: space.id, at: refer(space, addr), page, frames, size }, space.stream);
}

/** A raw call that was refused for its page size. */
export function readPageRefusal(session: Session, space: Space, line: LogLine): void {
  const { what } = line;
  const { vmm, stream, id } = space;
  if (what.kind !== 'page refused') return;
  for (const addr of [0n, BigInt(vmm.state.windowEnd)]) {
    const operation: Operation = { op: 'rawget', line: 0, vmm: id, addr, size: what.size, page: what.page };
    if (session.attempt(operation, stream, 1) === 'kept') return;
  }
  session.note(line.number, 'a refused raw call is left out: its address is not in the log');
}

/** A request for an address at which there was nothing to do it with. */
export function readLookup(session: Session, space: Space, line: LogLine): void {
  const { what } = line;
  const { stream, id } = space;
  if (what.kind !== 'lookup') return;
  const { call, addr, found } = what;
  const home = homeOf(space, addr);
  if (!found && home !== undefined && canGoUnseen(space, home)) put(session, space, home);
  const common = { line: 0, vmm: id, at: { addr } };
  if (call === 'map') {
    const mem = session.memory({ target: 'vram', page: 12, size: 0x1000n });
    if (mem !== undefined) {
      session.do({ op: 'map', ...common, size: 0x1000n, mem, offset: 0n, args: undefined }, stream);
    }
  } else session.do({ op: call, ...common }, stream);
}

/** An unmap of what is not mapped. */
export function readUnmapped(session: Session, { id, vmm, stream }: Space, line: LogLine): void {
  const region = [...vmm.regions()].find((it) => it.used && it.memory === undefined && vmm.type === 'unmanaged');
  if (region !== undefined) session.do({ op: 'unmap', line: 0, vmm: id, at: { addr: region.addr } }, stream);
  session.note(line.number, 'which region was unmapped though nothing was mapped there is not in the log');
}
