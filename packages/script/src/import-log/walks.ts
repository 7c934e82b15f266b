import { PAGE, type RegionInfo } from '@nvmmu/vmm-core';
import { formatHex } from '../numbers.js';
import type { AddressRef, MapOperation, Operation, PfnMapOperation, RawMapOperation } from '../operations.js';
import { lies, type Remedy } from './choices.js';
import type { Evidence } from './evidence.js';
import type { LogLine, WalkItem } from './log-lines.js';
import { argumentsOf, framesOf, layoutOf, readWritten, type Written } from './entry-writes.js';
import { framesFor, isFrames, takesFrames } from './frames.js';
import { rawSparse } from './raw-sparse.js';
import { homeOf, put, refer, type Session, type Space } from './session.js';

const MAX_FRAMES = 1n << 24n;

/** Finds the operation behind a walk, and does it. */
export function readWalk(session: Session, space: Space, line: LogLine, walk: WalkItem): void {
  const { stream } = space;
  const { at } = stream;
  const before = session.extra;
  chooseWalk(session, space, line, walk);
  if (stream.at === at || session.extra > before) session.choices.trouble(line.number, otherLayout(space, walk));
}

function chooseWalk(session: Session, space: Space, line: LogLine, walk: WalkItem): void {
  const { vmm, id } = space;
  const { addr, size, page } = walk;
  const region = vmm.regionAt(addr);
  const isRaw = isClientRange(space, addr);
  const range = { line: 0, vmm: id, addr, size, page };
  switch (walk.walk) {
    case 'ref + map':
    case 'map':
      readMap(session, space, line, walk);
      return;
    case 'release':
      readFrames(session, space, line, walk);
      return;
    case 'ref':
      readRef(session, space, line, walk);
      return;
    case 'unmap':
    case 'unmap + unref':
      if (isRaw) session.do({ op: 'rawunmap', ...range, sparse: isSparse(space, addr, size) }, space.stream);
      else readUnmap(session, space, line, walk);
      return;
    case 'sparse ref':
    case 'sparse unref':
      if (isRaw) rawSparse(session, space, walk);
      else if (walk.walk === 'sparse unref') release(session, space, line, walk);
      else session.note(line.number, 'sparse entries that belong to no allocation');
      return;
    case 'unref':
      if (isRaw && region !== undefined) session.do({ op: 'rawput', ...range }, space.stream);
      else release(session, space, line, walk);
      return;
    case 'bootstrap':
      session.note(line.number, `not reproduced: bootstrap at ${formatHex(addr)}`);
  }
}

/** Whether an address is in a range of a raw space that the client manages. */
export function isClientRange({ vmm }: Space, addr: bigint): boolean {
  const { isRaw, windowStart, windowEnd } = vmm.state;
  return isRaw && (addr < windowStart || addr >= windowEnd);
}

function isSparse({ sparse }: Space, addr: bigint, size: bigint): boolean {
  return sparse.some((it) => it.addr < addr + size && addr < it.addr + it.size);
}

/** Does an operation that builds tables: for which memory ran out, if that is in the log. */
function build(session: Session, space: Space, operation: Operation): void {
  const { stream } = space;
  const tables = stream.tablesBeforeFailure(stream.at);
  if ('at' in operation) markUsed(space, operation.at);
  if (tables === undefined) session.do(operation, stream);
  else session.doWithoutMemory(operation, stream, tables);
}

function markUsed(space: Space, at: AddressRef): void {
  const home = 'addr' in at ? homeOf(space, at.addr) : [...space.allocations.values()].find((it) => it.id === at.vma);
  if (home !== undefined) space.used.add(home.addr);
}

function readMap(session: Session, space: Space, line: LogLine, walk: WalkItem): void {
  const { vmm } = space;
  const { addr, size, page } = walk;
  const region = vmm.regionAt(addr);
  if (isClientRange(space, addr)) {
    const source = sourceOf(session, space, line, walk);
    if (source === undefined) return;
    const common = { line: 0, vmm: space.id, ...source, offset: 0n };
    const operation: RawMapOperation = { op: 'rawmap', ...common, addr, size, page };
    session.do(operation, space.stream);
    return;
  }
  if (region === undefined) {
    session.note(line.number, `mapped at ${formatHex(addr)}, where nothing is allocated`);
    session.choices.trouble(line.number, [...unseenAround(space, walk), ...elsewhere(space, walk)]);
    return;
  }
  mapOrFrames(session, space, line, walk, region);
}

function mapOrFrames(session: Session, space: Space, line: LogLine, walk: WalkItem, region: RegionInfo): void {
  const { addr, size } = walk;
  let frames = false;
  if (takesFrames(space, walk, region)) {
    const written = writtenBy(space, walk);
    const likely = written === undefined ? isFrames(session, space, walk, region) : !written.isObject;
    frames = session.choices.is(`frames ${line.number}`, likely);
    session.noteFrames({ space, line: line.number, addr, end: addr + size, frames });
  }
  const before = session.extra;
  if (frames) readFrames(session, space, line, walk);
  else map(session, space, line, walk, region);
  if (session.extra > before) session.choices.trouble(line.number, elsewhere(space, walk));
}

/** What the call behind a walk writes: in a second walk where it first takes references apart, or releases frames. */
function writtenBy({ stream, vmm }: Space, walk: WalkItem): Written | undefined {
  const isFirst = walk.walk === 'ref' || walk.walk === 'release';
  return readWritten(stream, isFirst ? stream.after(stream.at) : stream.at, walk, vmm);
}

/** The object of a map and its arguments: as the entries in the log say, else assumed. */
function sourceOf(
  session: Session,
  space: Space,
  line: LogLine,
  walk: WalkItem,
): Pick<MapOperation, 'mem' | 'args'> | undefined {
  const written = writtenBy(space, walk);
  const known = written?.isObject === true ? layoutOf(written, walk.page, session.chip) : undefined;
  // Host memory in pages that can't hold any is stolen memory, which counts as video memory.
  const page = space.vmm.pages.find(({ shift }) => shift === walk.page);
  const isStolen = known !== undefined && known.target !== 'vram' && ((page?.flags ?? 0) & PAGE.host) === 0;
  const mem = known === undefined || isStolen ? undefined : session.knownMemory(known.target, known.layout);
  if (written !== undefined && mem !== undefined) return { mem, args: argumentsOf(written, session.chip) };
  const assumed = session.memoryFor(space.vmm, walk.page, walk.size);
  if (assumed === undefined) {
    session.note(line.number, `no memory of ${formatHex(walk.size)} bytes can be made up`);
    return undefined;
  }
  session.assumed++;
  return { mem: assumed, args: undefined };
}

/** Requests that can lie around a map, of which nothing else tells. */
function unseenAround({ unseen }: Space, { addr, size, page }: WalkItem): Remedy[] {
  return unseen
    .filter((it) => it.size >= size && it.align <= Math.max(page, 12) + 12)
    .slice(-8)
    .reverse()
    .map((it) => lies(it.line, it.size === size ? { kind: 'at', addr } : { kind: 'around', addr, size }));
}

/** The space can be laid out in another way: with ranges of clients, or more of them. */
function otherLayout({ stream, survey }: Space, { addr, size }: WalkItem): Remedy[] {
  if (survey.type === 'unmanaged') return [{ key: `managed ${stream.name}`, choice: true }];
  return [
    { key: `window end ${stream.name}`, choice: { kind: 'at', addr } },
    { key: `window ${stream.name}`, choice: { kind: 'at', addr: addr + size } },
  ];
}

/** What a map that does not come out right can be of instead: of a request in another space of the name. */
function elsewhere({ unseen }: Space, { addr, size }: WalkItem): Remedy[] {
  return unseen
    .filter((it) => it.size >= size)
    .slice(-4)
    .reverse()
    .map((it) => {
      const choice: Evidence = it.size === size ? { kind: 'at', addr } : { kind: 'around', addr, size };
      return { key: `space ${it.line}`, choice };
    });
}

function map(session: Session, space: Space, line: LogLine, walk: WalkItem, region: RegionInfo): void {
  const { addr, size } = walk;
  const source = sourceOf(session, space, line, walk);
  if (source === undefined) return;
  const whole = region.addr === addr && region.size === size;
  const at = refer(space, addr);
  const common = { line: 0, vmm: space.id, ...source, offset: 0n };
  const operation: MapOperation = { op: 'map', ...common, at, size: whole ? undefined : size };
  build(session, space, operation);
}

function readFrames(session: Session, space: Space, line: LogLine, walk: WalkItem): void {
  const { addr, size, page } = walk;
  const count = size >> BigInt(page);
  if (count > MAX_FRAMES) {
    session.note(line.number, `${count} page frames are too many for a script`);
    return;
  }
  const written = writtenBy(space, walk);
  const told = written?.isObject === false ? framesOf(written) : undefined;
  if (told === undefined) session.assumed++;
  const operation: PfnMapOperation = {
    op: 'pfnmap',
    line: 0,
    vmm: space.id,
    at: refer(space, addr),
    page,
    frames: told === undefined ? framesFor(space, walk) : { list: told },
    size: undefined,
  };
  build(session, space, operation);
}

function readRef(session: Session, space: Space, line: LogLine, walk: WalkItem): void {
  const { vmm, stream, id } = space;
  const { addr, size, page } = walk;
  const isWhole = vmm.start === addr && vmm.limit - vmm.start === size;
  if (stream.isBoot(stream.at) || (vmm.type === 'unmanaged' && isWhole)) {
    // A larger space than the log's would need tables without end.
    if (isWhole) build(session, space, { op: 'boot', line: 0, vmm: id });
    else session.note(line.number, `all tables of ${formatHex(size)} bytes are built in another space of that name`);
    return;
  }
  if (isClientRange(space, addr)) {
    build(session, space, { op: 'rawget', line: 0, vmm: id, addr, size, page });
    return;
  }
  // In the window of a raw space a map takes its references in a walk of its own.
  const region = vmm.regionAt(addr);
  if (vmm.type !== 'raw' || region === undefined) {
    session.note(line.number, 'references that belong to no allocation');
    return;
  }
  mapOrFrames(session, space, line, walk, region);
}

function readUnmap(session: Session, space: Space, line: LogLine, walk: WalkItem): void {
  const { vmm, id, stream } = space;
  const { addr, size } = walk;
  const region = vmm.regionAt(addr);
  if (region?.mapped !== true) {
    session.note(line.number, `unmapped at ${formatHex(addr)}, where nothing is mapped`);
    return;
  }
  const before = session.extra;
  const end = addr + size;
  const isExact = region.addr === addr && region.size === size;
  const keepsTables = walk.walk === 'unmap' && vmm.type !== 'raw';
  // Freeing drops references in the same walk, where unmapping leaves them.
  const isFreed = !region.mapref && !keepsTables && !(vmm.type === 'raw' && !isUnrefNext(space, walk));
  if (region.memory === undefined && end <= region.addr + region.size && region.mapref) {
    session.do({ op: 'pfnclr', line: 0, vmm: id, at: refer(space, addr), size }, stream);
  } else if (isExact && region.memory !== undefined && !isFreed) {
    session.do({ op: 'unmap', line: 0, vmm: id, at: refer(space, addr) }, stream);
  } else {
    // Several regions in one walk: only freeing the allocation does that.
    release(session, space, line, walk);
  }
  if (session.extra > before || stream.lines[stream.at - 1]?.what.kind !== 'detail') {
    session.choices.trouble(line.number, session.otherFrames(space, addr, end));
  }
}

/** Whether the references of a range go right after it is unmapped. */
function isUnrefNext({ stream }: Space, { addr, size }: WalkItem): boolean {
  const next = stream.walkAt(stream.after(stream.at));
  return next?.walk === 'unref' && next.addr === addr && next.size === size;
}

/** Frees the allocation at an address, or closes the space where the range is no allocation's. */
function release(session: Session, space: Space, line: LogLine, { addr, size }: WalkItem): void {
  const { vmm, stream, id } = space;
  const home = homeOf(space, addr);
  const isWhole = vmm.state.isBooted && addr === vmm.start && size === vmm.limit - vmm.start;
  if (home !== undefined && !isWhole) put(session, space, home);
  else if (isWhole || vmm.type !== 'unmanaged') session.do({ op: 'close', line: 0, vmm: id }, stream);
  else session.note(line.number, `references dropped at ${formatHex(addr)}, where nothing is allocated`);
}
