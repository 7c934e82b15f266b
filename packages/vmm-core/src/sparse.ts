import { failure, type Failure } from './outcome.js';
import { PAGE } from './backend.js';
import { hex } from './numbers.js';
import { sparseBlocks } from './sparse-blocks.js';
import type { SpaceState } from './space-state.js';
import { walkSparseRef, walkSparseUnref } from './walks.js';

/** Makes a range of one page size sparse, or fails with nothing changed. */
export function refSparse(space: SpaceState, page: number, addr: number, size: number): Failure | undefined {
  const pageSize = space.pages[page];
  if (pageSize === undefined) {
    // A rest below 4 KiB (KD-24).
    return failure('EINVAL', `sparse range ends with ${hex(size)} bytes, less than a page`);
  }
  if ((pageSize.flags & PAGE.sparse) === 0) {
    return failure('EINVAL', `pages of shift ${pageSize.shift} can't be sparse`);
  }
  const done = walkSparseRef(space, page, addr, size);
  if (done === size) return undefined;
  if (done > 0) walkSparseUnref(space, page, addr, done, false);
  return failure('ENOMEM', `no memory for page tables of the sparse range at ${hex(addr)}`);
}

/** Makes a range sparse with whatever page sizes it takes, or fails with nothing changed. */
export function refSparseRange(space: SpaceState, addr: number, size: number): Failure | undefined {
  for (const block of sparseBlocks(space.pages, addr, size)) {
    const failed = refSparse(space, block.page, block.addr, block.size);
    if (failed !== undefined) {
      if (block.addr > addr) unrefSparseRange(space, addr, block.addr - addr);
      return failed;
    }
  }
  return undefined;
}

/** Undoes {@link refSparseRange} of the same range. */
export function unrefSparseRange(space: SpaceState, addr: number, size: number): void {
  for (const block of sparseBlocks(space.pages, addr, size)) {
    walkSparseUnref(space, block.page, block.addr, block.size, false);
  }
}
