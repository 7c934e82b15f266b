import { highLane, lowLane, type ListWriter, type RunWriter } from '@nvmmu/vmm-core';
import { PTE_BLOCK_MAX, PTE_BLOCK_SHIFT } from './layout.js';

// The loops hold both lanes as signed 32-bit integers, which stay in registers. A carry out of the low lane shows as
// a sum that is smaller, unsigned, than what was added. Constants of other modules cost a load each time they are
// used, so the loops have copies of their own, and literals where they divide: those become multiplications.

/** 32-bit words of an entry. */
const WORDS = 2;

/**
 * Writes pages that lie one behind the other, in the largest contiguous blocks that the table index and the count
 * allow. All entries of a block are equal: they hold the address and the tag of its first page. The address itself
 * need not be aligned to the block.
 */
export const writeRun: RunWriter = (words, at, index, count, addr, map) => {
  const { nextLo, nextHi } = map;
  const typeLo = map.typeLo >>> 0;
  let lo = (lowLane(addr) + typeLo) | 0;
  let hi = (highLane(addr) + map.typeHi + (lo >>> 0 < typeLo ? 1 : 0)) | 0;
  // A bit that keeps the search from looking past the largest block.
  const stop = 1 << PTE_BLOCK_MAX;
  const shift = PTE_BLOCK_SHIFT;
  let word = at;
  let i = index;
  for (let left = count; left > 0;) {
    // The lowest set bit is the alignment of the index, the highest one of what is left the largest block in it.
    const aligned = i | stop;
    const block = Math.min(31 - Math.clz32(aligned & -aligned), 31 - Math.clz32(left));
    const pages = 1 << block;
    const value = lo | (block << shift);
    for (const end = word + pages * WORDS; word < end; word += WORDS) {
      words[word] = value;
      words[word + 1] = hi;
    }
    // A page is far smaller than 2^25 bytes: 128 steps of it fit the lane.
    const stepLo = (nextLo << block) >>> 0;
    lo = (lo + stepLo) | 0;
    hi = (hi + (nextHi << block) + (lo >>> 0 < stepLo ? 1 : 0)) | 0;
    i += pages;
    left -= pages;
  }
  map.advanceTags(count);
};

/** Writes pages from an address list. Their entries never form blocks, even where the addresses would allow it. */
export const writeList: ListWriter = (words, at, pages, from, count, map) => {
  const stepLo = map.ctagLo >>> 0;
  const stepHi = map.ctagHi | 0;
  let typeLo = map.typeLo | 0;
  let typeHi = map.typeHi | 0;
  let word = at;
  for (let n = from, end = from + count; n < end; n++) {
    const addr = pages[n]!;
    const lo = ((addr >>> 0) + typeLo) | 0;
    words[word] = lo;
    words[word + 1] = (((addr / 0x1_0000_0000) >>> 0) + typeHi + (lo >>> 0 < typeLo >>> 0 ? 1 : 0)) | 0;
    word += WORDS;
    typeLo = (typeLo + stepLo) | 0;
    typeHi = (typeHi + stepHi + (typeLo >>> 0 < stepLo ? 1 : 0)) | 0;
  }
  map.typeLo = typeLo >>> 0;
  map.typeHi = typeHi >>> 0;
};
