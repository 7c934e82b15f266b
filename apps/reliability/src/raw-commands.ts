// Commands of the raw interface, in the ranges that the client manages itself.

import { PAGE } from '@nvmmu/vmm-core';
import { ARGUMENTS, physicalFrom, pick } from './choices.js';
import type { Range } from './model.js';
import { OBJECTS } from './objects.js';
import type { Session } from './session.js';

/** A range of the client in a raw space. */
function rawRange(session: Session, a: number, b: number, shift: number): Range {
  const unit = 2 ** shift;
  // Two neighbouring 4 MiB at the beginning, or around a border of directories.
  const bases = [0x40_0000, 0x1fe0_0000, 0x40_0000, 0x40_0000];
  let base = pick(bases, b >> 3);
  // One directory entry holds one page size there.
  if (session.isNv50) base += shift === 12 ? 0 : 0x4000_0000;
  const slots = shift >= 21 ? 2 : 2 ** (22 - shift);
  const addr = Math.floor(base / unit) * unit + (a % slots) * unit;
  const lengths = shift === 12 ? [1, 1, 2, 15, 16, 16, 17, 32, 33, 64] : shift < 21 ? [1, 1, 2, 3, 16, 32] : [1, 1, 2];
  return { addr, size: pick(lengths, b) * unit };
}

function rawShift(session: Session, c: number): number {
  const shifts = session.vmm.pages.map(({ shift }) => shift).filter((shift) => shift <= 21);
  return pick(shifts, c);
}

/** `rawget`. */
export function rawget(session: Session, a: number, b: number, c: number): void {
  const shift = rawShift(session, c);
  const range = rawRange(session, a, b, shift);
  const { ret } = session.run({ op: 'rawget', line: 0, vmm: undefined, ...wide(range), page: shift });
  if (!session.isNv50) session.expectDone(ret, 'rawget');
  if (ret === 0) session.model.rawCount(range, shift, 1);
  session.check(range);
}

function wide({ addr, size }: Range): { readonly addr: bigint; readonly size: bigint } {
  return { addr: BigInt(addr), size: BigInt(size) };
}

/** A range that has references at some page size, so that what is done there is not refused. */
function referenced(session: Session, a: number, b: number, c: number): { range: Range; shift: number } {
  const shift = rawShift(session, c);
  const refs = session.model.rawRefs.get(shift);
  if (refs === undefined || refs.size === 0 || b % 16 === 0) return { range: rawRange(session, a, b, shift), shift };
  const pages = [...refs.keys()];
  const first = pick(pages, a);
  const wanted = pick([1, 2, 16, 1, 64, 3, 32], b);
  let count = 1;
  while (count < wanted && refs.has(first + count)) count++;
  return { range: { addr: first * 2 ** shift, size: count * 2 ** shift }, shift };
}

/** `rawput`. */
export function rawput(session: Session, a: number, b: number, c: number): void {
  const { range, shift } = referenced(session, a, b, c);
  const isLegal = session.model.rawHasRefs(range, shift, true);
  const { ret } = session.run({ op: 'rawput', line: 0, vmm: undefined, ...wide(range), page: shift });
  if (isLegal) session.expect(ret === 0, `rawput returns ${ret}`);
  else session.expectRefused(ret, 'rawput without references');
  if (ret === 0) session.model.rawCount(range, shift, -1);
  session.check(range);
}

/** `rawmap`. */
export function rawmap(session: Session, a: number, b: number, c: number): void {
  const { range, shift } = referenced(session, a, b, c >> 3);
  const { model } = session;
  const hasRefs = model.rawHasRefs(range, shift, false);
  const object = pick(OBJECTS, c);
  const room = Math.floor((object.bytes - range.size) / 2 ** shift);
  const offset = room > 0 ? ((b >> 4) % (room + 1)) * 2 ** shift : 0;
  const args = pick(ARGUMENTS, a >> 3);
  const { ret } = session.run({
    op: 'rawmap',
    line: 0,
    vmm: undefined,
    ...wide(range),
    page: shift,
    mem: object.id,
    offset: BigInt(offset),
    args,
  });
  if (!hasRefs) session.expectRefused(ret, 'rawmap without references');
  const isPlain = args === undefined && session.takes(shift, object.target) && object.shift >= shift && shift === 12;
  if (hasRefs && isPlain && object.id === 'ncoh' && room >= 0) session.expect(ret === 0, `rawmap returns ${ret}`);
  if (ret === 0) {
    session.expect(offset + range.size <= object.bytes, 'a raw map that does not fit is not refused');
    model.rawMap(range, shift, physicalFrom(object, offset), args?.ro === true);
  }
  session.check(range);
}

/** `rawunmap`. */
export function rawunmap(session: Session, a: number, b: number, c: number): void {
  const { range, shift } = referenced(session, a, b, c);
  const hasRefs = session.model.rawHasRefs(range, shift, false);
  const canBeSparse = session.vmm.pages.some((page) => page.shift === shift && (page.flags & PAGE.sparse) !== 0);
  // Often true of the range, sometimes not: what is written does not depend on it.
  const share = session.model.rawSparseShare(range);
  const sparse = share === 'some' || c % 8 === 7 ? a % 2 === 0 : share === 'all';
  const { ret } = session.run({ op: 'rawunmap', line: 0, vmm: undefined, ...wide(range), page: shift, sparse });
  if (!hasRefs || (sparse && !canBeSparse)) session.expectRefused(ret, 'rawunmap without references');
  else session.expect(ret === 0, `rawunmap returns ${ret}`);
  if (ret === 0) session.model.rawUnmap(range, shift);
  session.check(range);
}

/** `rawsparse`. */
export function rawsparse(session: Session, a: number, b: number, c: number): void {
  const { model } = session;
  const { rawSparse } = model;
  if (c % 2 === 0 && rawSparse.length > 0) {
    const at = a % rawSparse.length;
    const range = rawSparse[at] as Range;
    const { ret } = session.run({ op: 'rawsparse', line: 0, vmm: undefined, ...wide(range), ref: false });
    session.expect(ret === 0, `the end of a sparse range returns ${ret}`);
    rawSparse.splice(at, 1);
    session.check(range);
    return;
  }
  const range = rawRange(session, a, b, rawShift(session, c >> 1));
  const isFree = model.rawSparseShare(range) === 'none';
  const { ret } = session.run({ op: 'rawsparse', line: 0, vmm: undefined, ...wide(range), ref: true });
  if (!isFree) session.expectRefused(ret, 'a sparse range over another');
  if (ret === 0) rawSparse.push(range);
  session.check(range);
}
