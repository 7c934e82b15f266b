// Abstract commands and what they mean in a session. A command is four small numbers, so that a failing sequence can
// be shrunk; what they choose depends on the state that the session is in.

import type { MapArguments } from '@nvmmu/vmm-core';
import { ARGUMENTS, LENGTHS, physicalFrom, pick } from './choices.js';
import { PAGE_BYTES, type Allocation, type Range } from './model.js';
import { OBJECTS, type ModelObject } from './objects.js';
import { rawget, rawmap, rawput, rawsparse, rawunmap } from './raw-commands.js';
import { pagesIn, type Session } from './session.js';

/** What to do, and three numbers to choose with. */
export type Command = readonly [what: number, a: number, b: number, c: number];

/** Ordinary calls, by how often they come. */
const ORDINARY = [
  'get',
  'get',
  'get',
  'map',
  'map',
  'map',
  'map',
  'remap',
  'unmap',
  'unmap',
  'unmap',
  'put',
  'put',
  'pfnmap',
  'pfnmap',
  'pfnclr',
  'failalloc',
  'ptcdump',
  'join',
  'part',
  'all',
  'wrong',
  'boot',
  'reopen',
] as const;

const RAW = [
  'rawget',
  'rawget',
  'rawget',
  'rawput',
  'rawput',
  'rawmap',
  'rawmap',
  'rawmap',
  'rawunmap',
  'rawunmap',
  'rawsparse',
  'rawsparse',
] as const;

type Name = (typeof ORDINARY)[number] | (typeof RAW)[number];

/** Number of different things a command can mean. */
export const WHAT: number = ORDINARY.length + RAW.length;

/** Does what a command says. */
export function apply(session: Session, [what, a, b, c]: Command): void {
  const all: readonly Name[] = session.setup.type === 'raw' ? [...RAW, ...ORDINARY, ...RAW] : ORDINARY;
  ACTIONS[pick(all, what)](session, a, b, c);
}

type Action = (session: Session, a: number, b: number, c: number) => void;

const ACTIONS: Readonly<Record<Name, Action>> = {
  get,
  put,
  map,
  remap,
  unmap,
  pfnmap,
  pfnclr,
  rawget,
  rawput,
  rawmap,
  rawunmap,
  rawsparse,
  wrong,
  failalloc: (session, a) => {
    session.run({ op: 'failalloc', line: 0, after: a % 5 });
  },
  ptcdump: (session) => {
    session.run({ op: 'ptcdump', line: 0 });
  },
  join: (session) => {
    if (session.joined.length < 3) session.join();
  },
  part: (session) => {
    session.part();
  },
  all: (session, a) => {
    session.checkAll(a % 16 === 0);
  },
  boot: (session, a) => {
    // Bootstrapping a whole address space would take gigabytes of tables.
    if (session.setup.size === 0 || session.setup.type !== 'unmanaged' || a % 4 !== 0) return;
    const { ret } = session.run({ op: 'boot', line: 0, vmm: undefined });
    if (!session.isNv50) session.expectDone(ret, 'boot');
    session.checkAll(true);
  },
  reopen: (session, a) => {
    // A failure that is still armed would hit the directory of the new space.
    if (a % 4 !== 1 || session.isArmed) return;
    session.checkAll(true);
    session.close();
    session.reopen();
  },
};

function get(session: Session, a: number, b: number, c: number): void {
  const { vmm, model, isNv50 } = session;
  const shifts = vmm.pages.map(({ shift }) => shift);
  const small = shifts.filter((shift) => shift <= 21);
  const type = pick(['addr', 'addr', 'addr', 'ptes', 'lazy'] as const, a);
  const sparse = c % 3 === 0;
  const needsPage = type === 'ptes' || isNv50;
  let page = needsPage ? 12 : 0;
  if (b % 3 === 0) page = pick(small, a >> 3);
  // Larger pages can only be sparse.
  if (b % 31 === 0 && sparse) page = pick(shifts, a >> 3);
  const align = pick([0, 0, 0, 12, 16, 17, 21], a >> 6);
  const length = page > 12 ? pagesIn(page) * (1 + ((c >> 4) % 3)) : pick(LENGTHS, c >> 2);
  let size = length * PAGE_BYTES;
  const isOdd = page === 0 && b % 61 === 7;
  if (isOdd) size += 0x800;
  const id = session.name('v');
  const { ret, addr } = session.run({
    op: 'get',
    line: 0,
    vmm: undefined,
    id,
    type,
    page,
    align,
    size: BigInt(size),
    sparse,
  });
  const unit = 2 ** Math.max(page, align, 12);
  const { start, limit } = vmm;
  if (ret !== 0 || addr === undefined) {
    const roomy = session.setup.type === 'unmanaged' && session.setup.size === 0;
    if (roomy && !sparse && !isNv50 && page <= 21 && model.hasRoom(size, unit, Number(start), Number(limit))) {
      session.expectDone(ret, 'get');
    }
    for (const { addr: at, size: bytes } of model.allocations.slice(-2)) session.check({ addr: at, size: bytes });
    return;
  }
  session.expect(addr % unit === 0, `get returns 0x${addr.toString(16)}, not aligned to 0x${unit.toString(16)}`);
  const allocation: Allocation = { addr, size, sparse, type, page };
  const wrongPlace = model.get(allocation);
  session.expect(wrongPlace === undefined, `get returns 0x${addr.toString(16)}, which ${wrongPlace ?? ''}`);
  session.expect(addr >= Number(start) && addr + size <= Number(limit), 'get returns an address out of bounds');
  session.check(allocation);
}

/** Some allocation, later ones more often. */
function someAllocation(session: Session, choice: number): Allocation | undefined {
  const { allocations } = session.model;
  return allocations.length === 0 ? undefined : allocations[allocations.length - 1 - (choice % allocations.length)];
}

function put(session: Session, a: number): void {
  const allocation = someAllocation(session, a);
  if (allocation === undefined) return;
  // A client's own range is half of the address space; it goes only now and then, and not from under raw calls.
  const isClient = allocation.addr === 0 || allocation.size > 2 ** 30;
  if (isClient && (session.setup.type === 'raw' || a % 16 !== 0)) return;
  const { ret } = session.run({ op: 'put', line: 0, vmm: undefined, at: { addr: BigInt(allocation.addr) } });
  session.expect(ret === 0, `put of the allocation at 0x${allocation.addr.toString(16)} returns ${ret}`);
  session.model.put(allocation.addr);
  session.check(allocation.size > 2 ** 30 ? { addr: allocation.addr, size: 2 ** 24 } : allocation);
}

/** A place in an allocation, near edges of tables where it is large. */
function placeIn(allocation: Allocation, b: number): number {
  const total = Math.floor(allocation.size / PAGE_BYTES);
  if (total <= 2048) return allocation.addr + (b % total) * PAGE_BYTES;
  const near = (b >> 1) % 1100;
  return b % 2 === 0 ? allocation.addr + near * PAGE_BYTES : allocation.addr + (total - 1 - near) * PAGE_BYTES;
}

function map(session: Session, a: number, b: number, c: number): void {
  const allocation = someAllocation(session, a);
  if (allocation === undefined) return;
  const isWhole = b % 3 === 0 && allocation.size <= 2 ** 23;
  const start = isWhole ? allocation.addr : placeIn(allocation, b >> 2);
  const left = allocation.addr + allocation.size - start;
  let size = isWhole ? allocation.size : Math.min(left, pick(LENGTHS, c >> 4) * PAGE_BYTES);
  let addr = start;
  const object = pick(OBJECTS, c);
  // Parts that suit the object's page size, most of the time.
  if (!isWhole && object.shift > 12 && b % 8 !== 1) {
    const unit = 2 ** object.shift;
    addr = Math.max(allocation.addr, Math.floor(start / unit) * unit);
    size = Math.min(unit * (1 + ((c >> 4) % 3)), allocation.addr + allocation.size - addr);
  }
  const room = object.bytes - size;
  const offsets = room <= 0 ? 1 : Math.floor(room / 2 ** object.shift) + 1;
  const offset = (c >> 6) % 3 === 0 ? ((b >> 3) % offsets) * 2 ** object.shift : 0;
  mapAt(session, { addr, size }, object, offset, pick(ARGUMENTS, b >> 5));
}

/** Maps over a mapping that is there. */
function remap(session: Session, a: number, b: number, c: number): void {
  const { maps } = session.model;
  if (maps.length === 0) return;
  mapAt(session, pick(maps, a), pick(OBJECTS, b), 0, pick(ARGUMENTS, c));
}

function mapAt(
  session: Session,
  range: Range,
  object: ModelObject,
  offset: number,
  args: MapArguments | undefined,
): void {
  const { model } = session;
  const { addr, size } = range;
  const isLegal = isPlainMap(session, range, object, offset, args);
  const { ret } = session.run({
    op: 'map',
    line: 0,
    vmm: undefined,
    at: { addr: BigInt(addr) },
    size: BigInt(size),
    mem: object.id,
    offset: BigInt(offset),
    args,
  });
  if (isLegal) session.expectDone(ret, `a map of 0x${size.toString(16)} bytes at 0x${addr.toString(16)}`);
  if (ret === 0) {
    const fits = addr % PAGE_BYTES === 0 && size % PAGE_BYTES === 0 && offset + size <= object.bytes;
    session.expect(fits, 'a map that does not fit is not refused');
    model.map(range, physicalFrom(object, offset), args?.ro === true);
  }
  session.check(range);
}

/** Whether nothing at all speaks against a map. */
function isPlainMap(
  session: Session,
  { addr, size }: Range,
  object: ModelObject,
  offset: number,
  args: MapArguments | undefined,
): boolean {
  const { model, isNv50, setup } = session;
  const allocation = model.allocationAt(addr);
  if (allocation === undefined || isNv50 || args !== undefined || setup.type === 'raw') return false;
  if (allocation.type === 'lazy' || (allocation.page !== 0 && allocation.page !== 12)) return false;
  if (object.id !== 'ncoh' && object.id !== 'm12') return false;
  if (!session.takes(12, object.target) || offset + size > object.bytes) return false;
  if (addr % PAGE_BYTES !== 0 || size % PAGE_BYTES !== 0) return false;
  if (addr + size > allocation.addr + allocation.size) return false;
  for (let at = addr; at < addr + size; at += PAGE_BYTES) if (model.pages.has(at / PAGE_BYTES)) return false;
  return true;
}

function unmap(session: Session, a: number): void {
  const { maps } = session.model;
  if (maps.length === 0) return;
  const { addr } = pick(maps, a);
  const { ret } = session.run({ op: 'unmap', line: 0, vmm: undefined, at: { addr: BigInt(addr) } });
  session.expect(ret === 0, `unmap at 0x${addr.toString(16)} returns ${ret}`);
  const range = session.model.unmap(addr);
  if (range !== undefined) session.check(range);
}

const FRAME_VIDEO = 0x10n;
const FRAME_VALID = 1n;
const FRAME_WRITABLE = 2n;

function frameLevels(session: Session): number[] {
  return session.vmm.pages.filter(({ levels }) => levels[0]?.frames !== undefined).map(({ shift }) => shift);
}

function pfnmap(session: Session, a: number, b: number, c: number): void {
  const allocation = someAllocation(session, a);
  if (allocation === undefined) return;
  const shifts = frameLevels(session);
  const shift = b % 4 === 0 && shifts.length > 1 ? Math.max(...shifts) : 12;
  const unit = 2 ** shift;
  const addr = Math.floor(placeIn(allocation, b >> 2) / unit) * unit;
  const count = shift > 12 ? 1 + (c % 2) : pick(LENGTHS, c);
  const list = Array.from({ length: count }, (_, i) => {
    // Runs of frames with and without the valid bit, host and video.
    const isValid = (c >> 3) % 4 !== 0 || i % 5 !== (c >> 5) % 5;
    const isVideo = (c >> 4) % 2 === 0;
    const page = BigInt((isVideo ? 0x4000_0000 : 0x3_8000_0000) + i * unit + ((c >> 2) % 7) * unit);
    return page | (isVideo ? FRAME_VIDEO : 0n) | (isValid ? FRAME_VALID : 0n) | (c % 2 === 0 ? FRAME_WRITABLE : 8n);
  });
  const { ret, pfns } = session.run({
    op: 'pfnmap',
    line: 0,
    vmm: undefined,
    at: { addr: BigInt(addr) },
    page: shift,
    frames: { list },
    size: undefined,
  });
  const range = { addr, size: count * unit };
  if (ret === 0 && pfns !== undefined) {
    session.expect(shifts.length > 0, 'page frames are mapped on a chip that has none');
    pfns.forEach((word, i) => {
      const at = addr + i * unit;
      if (word === 0n) return;
      session.expect(word === list[i], 'a frame word has changed');
      if ((word & FRAME_VALID) === 0n) {
        session.model.clearFrames({ addr: at, size: unit });
        return;
      }
      const ro = (word & FRAME_WRITABLE) === 0n;
      session.model.mapFrame(at, shift, { addr: Number(word & ~0xfffn), ro, frame: true });
    });
  }
  // Whether a failure hit here does not show in the result: it counts as still armed.
  session.check(range);
}

function pfnclr(session: Session, a: number, b: number, c: number): void {
  const allocation = someAllocation(session, a);
  if (allocation === undefined) return;
  const addr = placeIn(allocation, b);
  const size = pick(LENGTHS, c) * PAGE_BYTES;
  const { ret } = session.run({
    op: 'pfnclr',
    line: 0,
    vmm: undefined,
    at: { addr: BigInt(addr) },
    size: BigInt(size),
  });
  if (ret === 0) session.model.clearFrames({ addr, size });
  session.check({ addr, size });
}

/** Calls that must be refused, and change nothing. */
function wrong(session: Session, a: number, b: number): void {
  const { model } = session;
  const allocation = someAllocation(session, b);
  const inside = allocation === undefined ? 0x1000 : allocation.addr + PAGE_BYTES * (1 + (b % 3));
  const isStart = (addr: number): boolean => model.allocations.some((one) => one.addr === addr);
  const isMap = (addr: number): boolean => model.maps.some((one) => one.addr === addr);
  const at = { addr: BigInt(inside) };
  if (a % 3 === 0 && !isStart(inside)) {
    session.expectRefused(session.run({ op: 'put', line: 0, vmm: undefined, at }).ret, 'put inside an allocation');
  } else if (a % 3 === 1 && !isMap(inside)) {
    session.expectRefused(session.run({ op: 'unmap', line: 0, vmm: undefined, at }).ret, 'unmap of nothing');
  } else if (a % 3 === 2) {
    const { ret } = session.run({
      op: 'map',
      line: 0,
      vmm: undefined,
      at,
      size: 0x1800n,
      mem: 'm12',
      offset: 0n,
      args: undefined,
    });
    session.expectRefused(ret, 'a map of one and a half pages');
  }
  session.check({ addr: inside, size: PAGE_BYTES });
}
