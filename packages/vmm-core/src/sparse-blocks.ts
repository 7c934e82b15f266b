import type { PageSize } from './backend.js';
import { alignUp, isAligned, pow2 } from './numbers.js';

/** A piece of a sparse range that one page size serves. */
export interface SparseBlock {
  /** Index of the page size; the number of page sizes where what is left is smaller than all of them. */
  readonly page: number;
  readonly addr: number;
  readonly size: number;
}

/**
 * Cuts a range into blocks, each of the largest page size that fits the rest and the alignment, up to where a larger
 * size can go on (`nvkm_vmm_ptes_sparse`). Addresses are multiples of the smallest page size.
 */
export function* sparseBlocks(pages: readonly PageSize[], addr: number, size: number): IterableIterator<SparseBlock> {
  const shiftOf = (index: number): number => pages[index]?.shift ?? 0;
  let at = addr;
  let left = size;
  let largest = 0;
  while (left > 0) {
    while (left < pow2(shiftOf(largest))) largest++;
    let page = largest;
    while (!isAligned(at, shiftOf(page))) page++;
    const shift = shiftOf(page);
    let block = left - (left % pow2(shift));
    if (page !== largest) {
      const above = shiftOf(page - 1);
      const part = alignUp(at, above) - at;
      if (left - part >= pow2(above)) block = part;
    }
    yield { page, addr: at, size: block };
    at += block;
    left -= block;
  }
}
