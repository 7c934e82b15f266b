// The raw interface: a client that keeps its own book of the address space asks only to reference, write, clear and
// release page-table entries at addresses that it names.

import type { MapArguments } from './backend.js';
import { hasBit } from './bitmap.js';
import { InvariantError } from './errors.js';
import { checkFixedMap, checkOverrun } from './mapping.js';
import type { MemoryObject } from './memory-object.js';
import { hex, isAligned, paddedHex, pow2 } from './numbers.js';
import { failure, type Failure } from './outcome.js';
import { ENTRY, type PageTable } from './page-table.js';
import { hasTableOfOtherSize } from './probe.js';
import { seek } from './sources.js';
import type { SpaceState } from './space-state.js';
import { refSparseRange, unrefSparseRange } from './sparse.js';
import { tablePieces } from './table-pieces.js';
import { walkMap, walkRawUnmap, walkRef, walkUnref } from './walks.js';

/** Largest number of references that one entry can have. */
const MAX_ENTRY_REFS = 0xffff;
/** Room for the references of one large entry, in small ones. */
const MAX_SMALL_REFS = 0xffff;

/** Range that a raw call names. */
export interface RawRange {
  readonly addr: number;
  readonly size: number;
  /** log2 of the page size. */
  readonly shift: number;
}

/** Whether a range lies wholly in one of the client's ranges; with size 0, whether the byte at the address does. */
export function isClientRange(space: SpaceState, addr: number, size: number): boolean {
  const end = addr + Math.max(size, 1);
  return end <= space.windowStart || (addr >= space.windowEnd && end <= space.limit);
}

/** Takes a reference on each entry of a range, building tables. */
export function rawGet(space: SpaceState, range: RawRange): Failure | undefined {
  const page = checkRange(space, range) ?? checkSize(space, range);
  if (typeof page !== 'number') return page;
  const failed = checkAddress(range) ?? checkRoom(space, page, range);
  if (failed !== undefined) return failed;
  const { addr, size } = range;
  const done = walkRef(space, page, addr, size);
  if (done < size) {
    if (done > 0) walkUnref(space, page, addr, done);
    return failure('ENOMEM', `no memory for page tables at ${hex(addr)}`);
  }
  countRefs(space, page, range, 1);
  return undefined;
}

/** Drops a reference on each entry of a range; tables go with their last one. */
export function rawPut(space: SpaceState, range: RawRange): Failure | undefined {
  const page = checkRange(space, range) ?? checkSize(space, range);
  if (typeof page !== 'number') return page;
  const failed = checkAddress(range) ?? checkRefs(space, page, range, true);
  if (failed !== undefined) return failed;
  countRefs(space, page, range, -1);
  walkUnref(space, page, range.addr, range.size);
  return undefined;
}

/** Writes the entries of a range, which have references. The object is not retained. */
export function rawMap(
  space: SpaceState,
  range: RawRange,
  memory: MemoryObject,
  offset: number,
  exactOffset: bigint | undefined,
  args: MapArguments | undefined,
): Failure | undefined {
  const page = checkRange(space, range) ?? checkSize(space, range);
  if (typeof page !== 'number') return page;
  const { addr, size } = range;
  const map = space.mapState;
  map.begin(addr, size, memory, offset, exactOffset, args);
  map.withoutTags = true;
  const failed =
    checkOverrun(space, memory, map) ?? checkFixedMap(space, page, memory, map) ?? checkRefs(space, page, range, false);
  if (failed !== undefined) return failed;
  seek(map, memory);
  walkMap(space, page, addr, size, map);
  map.end();
  return undefined;
}

/**
 * Clears the entries of a range, which have references. What is written follows from what the range is, entry by entry;
 * `sparse` only asks that the page size can be so.
 */
export function rawUnmap(space: SpaceState, range: RawRange, sparse: boolean): Failure | undefined {
  const page = checkRange(space, range) ?? checkSize(space, range);
  if (typeof page !== 'number') return page;
  const failed = checkAddress(range);
  if (failed !== undefined) return failed;
  if (sparse && space.pageAt(page).levels[0]?.sparse === undefined) {
    return failure('EINVAL', `pages of shift ${range.shift} can't be sparse`);
  }
  const unreferenced = checkRefs(space, page, range, false);
  if (unreferenced !== undefined) return unreferenced;
  walkRawUnmap(space, page, range.addr, range.size);
  return undefined;
}

/** Makes a range sparse (`ref`), or ends that for the very range that was made so. */
export function rawSparse(space: SpaceState, addr: number, size: number, ref: boolean): Failure | undefined {
  if (!isClientRange(space, addr, size)) return notClient(addr, size);
  if (size === 0) return failure('EINVAL', 'a sparse range needs a size');
  const { shift } = space.pageAt(space.pages.length - 1);
  if (!isAligned(addr, shift) || !isAligned(size, shift)) {
    return failure('EINVAL', `[${hex(addr)}, ${hex(addr + size)}) is not in whole pages of 2^${shift} bytes`);
  }
  if (!ref) {
    if (space.rawSparse.get(addr) !== size) {
      return failure('EINVAL', `[${hex(addr)}, ${hex(addr + size)}) is not a range that was made sparse`);
    }
    space.rawSparse.delete(addr);
    unrefSparseRange(space, addr, size);
    return undefined;
  }
  // Ranges do not overlap: the last one that starts below the end is the only one that can reach in.
  const below = space.rawSparse.floor(addr + size - 1);
  if (below !== undefined && addr < below.key + below.value) {
    const end = below.key + below.value;
    return failure('EINVAL', `${hex(addr)} overlaps the sparse range [${hex(below.key)}, ${hex(end)})`);
  }
  const failed = refSparseRange(space, addr, size);
  if (failed === undefined) space.rawSparse.set(addr, size);
  return failed;
}

function notClient(addr: number, size: number): Failure {
  return failure('EINVAL', `[${hex(addr)}, ${hex(addr + size)}) is not inside a range of the client`);
}

function checkRange(space: SpaceState, { addr, size }: RawRange): Failure | undefined {
  return isClientRange(space, addr, size) ? undefined : notClient(addr, size);
}

/** Checks page size and size; the result is the index of the page size. */
function checkSize(space: SpaceState, { shift, size }: RawRange): number | Failure {
  if (shift === 0) return failure('EINVAL', 'a raw call needs a page size');
  const page = space.pageIndex(shift);
  if (page < 0 || !isAligned(size, shift)) {
    space.debug(() => `page ${shift} ${paddedHex(size, 16)}`);
    return failure('EINVAL', `${hex(size)} bytes are not whole pages of a page size 2^${shift} that the chip has`);
  }
  if (size === 0) return failure('EINVAL', 'a raw call needs a size');
  return page;
}

function checkAddress({ addr, shift }: RawRange): Failure | undefined {
  if (isAligned(addr, shift)) return undefined;
  return failure('EINVAL', `address ${hex(addr)} is not a multiple of the page size 2^${shift}`);
}

/** Whether every entry has room for one more reference, and no table of another page size is in the way. */
function checkRoom(space: SpaceState, page: number, range: RawRange): Failure | undefined {
  if (hasTableOfOtherSize(space, page, range.addr, range.size)) {
    return failure('EINVAL', `a table of another page size than 2^${range.shift} is in the way at ${hex(range.addr)}`);
  }
  const small = isSmall(space, page);
  for (const { addr, index, count, table } of tablePieces(space, page, range.addr, range.size)) {
    if (table === undefined) continue;
    const refs = small ? table.rawRefs1 : table.rawRefs0;
    for (let i = 0; i < count; i++) {
      const full =
        refs[index + i] === MAX_ENTRY_REFS ||
        (small && smallRefsAbove(space, table, index + i) > MAX_SMALL_REFS - smallSpan(space)) ||
        table.largeRefs[small ? -1 : index + i] === MAX_ENTRY_REFS;
      if (full) return failure('EINVAL', `too many references at ${hex(addr + i * pow2(range.shift))}`);
    }
  }
  return undefined;
}

function isSmall(space: SpaceState, page: number): boolean {
  return space.pageAt(page).levels[0]?.type === 'SPT';
}

/** Small entries below one large entry. */
function smallSpan(space: SpaceState): number {
  return space.largeLevel === undefined ? 1 : 1 << (space.smallestLevel.bits - space.largeLevel.bits);
}

function smallRefsAbove(space: SpaceState, table: PageTable, index: number): number {
  return table.smallRefs[Math.floor(index / smallSpan(space))] ?? 0;
}

/**
 * Whether every entry has a reference of ours.
 *
 * @param last - Whether the reference is to be dropped: the last one of a mapped entry is refused.
 */
function checkRefs(space: SpaceState, page: number, range: RawRange, last: boolean): Failure | undefined {
  const small = isSmall(space, page);
  for (const { addr, index, count, table } of tablePieces(space, page, range.addr, range.size)) {
    const refs = small ? table?.rawRefs1 : table?.rawRefs0;
    for (let i = 0; i < count; i++) {
      const n = refs?.[index + i] ?? 0;
      const isLastMapped = last && n === 1 && table !== undefined && isEntryMapped(table, small, index + i);
      if (n > 0 && !isLastMapped) continue;
      const place = hex(addr + i * pow2(range.shift));
      return n === 0
        ? failure('EINVAL', `no reference on the page table entry for ${place}`)
        : failure('EINVAL', `the last reference on the entry for ${place}, which is mapped`);
    }
  }
  return undefined;
}

function isEntryMapped(table: PageTable, small: boolean, index: number): boolean {
  return small ? hasBit(table.smallMapped, index) : ((table.entryFacts[index] ?? 0) & ENTRY.mapped) !== 0;
}

function countRefs(space: SpaceState, page: number, range: RawRange, sign: 1 | -1): void {
  const small = isSmall(space, page);
  const entries = 1 << (space.pageAt(page).levels[0]?.bits ?? 0);
  for (const { index, count, table } of tablePieces(space, page, range.addr, range.size)) {
    if (table === undefined) throw new InvariantError('references without a table');
    let refs = small ? table.rawRefs1 : table.rawRefs0;
    if (refs.length === 0) {
      refs = new Uint16Array(entries);
      if (small) table.rawRefs1 = refs;
      else table.rawRefs0 = refs;
    }
    for (let i = index; i < index + count; i++) refs[i] = (refs[i] as number) + sign;
  }
}

/**
 * Frees the tables that raw calls have left when the space closes: children before their table, of a pair the
 * large-page table first. Returns how many there were.
 */
export function releaseLeftovers(space: SpaceState): number {
  let count = 0;
  const release = (pt: PageTable): void => {
    for (const table of [pt.slot0, pt.slot1]) {
      if (table === undefined) continue;
      space.releaseTable(table);
      count++;
    }
    pt.slot0 = pt.slot1 = undefined;
  };
  const visit = (pt: PageTable): void => {
    pt.children.forEach((child, i) => {
      if (child === undefined) return;
      visit(child);
      release(child);
      pt.children[i] = undefined;
    });
  };
  visit(space.root);
  space.rawSparse.clear();
  return count;
}
