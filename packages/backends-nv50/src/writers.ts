import { highLane, lowLane, type ListWriter, type RunWriter } from '@nvmmu/vmm-core';
import { ENTRY_WORDS, PTE_BLOCK_MAX, PTE_BLOCK_SHIFT } from './layout.js';

const LANE_MAX = 0xffff_ffff;
/** A bit that keeps the block search from looking past the largest block. */
const BLOCK_STOP = 1 << PTE_BLOCK_MAX;

/**
 * Writes pages that lie one behind the other, in the largest contiguous blocks that the table index and the count
 * allow. All entries of a block are equal: they hold the address and the tag of its first page. The address itself
 * need not be aligned to the block.
 */
export const writeRun: RunWriter = (words, at, index, count, addr, map) => {
  const { nextLo, nextHi } = map;
  const sum = lowLane(addr) + map.typeLo;
  let lo = sum >>> 0;
  let hi = (highLane(addr) + map.typeHi + (sum > LANE_MAX ? 1 : 0)) >>> 0;
  let word = at;
  let i = index;
  for (let left = count; left > 0;) {
    // The lowest set bit is the alignment of the index, the highest one of what is left the largest block in it.
    const aligned = i | BLOCK_STOP;
    const block = Math.min(31 - Math.clz32(aligned & -aligned), 31 - Math.clz32(left));
    const pages = 1 << block;
    const value = lo | (block << PTE_BLOCK_SHIFT);
    for (const end = word + pages * ENTRY_WORDS; word < end; word += ENTRY_WORDS) {
      words[word] = value;
      words[word + 1] = hi;
    }
    const next = lo + nextLo * pages;
    lo = next >>> 0;
    hi = (hi + nextHi * pages + (next > LANE_MAX ? 1 : 0)) >>> 0;
    i += pages;
    left -= pages;
  }
  map.advanceTags(count);
};

/** Writes pages from an address list. Their entries never form blocks, even where the addresses would allow it. */
export const writeList: ListWriter = (words, at, pages, from, count, map) => {
  const { ctagLo, ctagHi } = map;
  let { typeLo, typeHi } = map;
  let word = at;
  for (let n = from, end = from + count; n < end; n++) {
    const addr = pages[n]!;
    const sum = lowLane(addr) + typeLo;
    words[word] = sum;
    words[word + 1] = highLane(addr) + typeHi + (sum > LANE_MAX ? 1 : 0);
    word += ENTRY_WORDS;
    const next = typeLo + ctagLo;
    typeLo = next >>> 0;
    typeHi = (typeHi + ctagHi + (next > LANE_MAX ? 1 : 0)) >>> 0;
  }
  map.typeLo = typeLo;
  map.typeHi = typeHi;
};
