import { highLane, lowLane, type ListWriter, type MapState, type RunWriter } from '@nvmmu/vmm-core';
import { ADDR_SCALE, PTE_HALF_SHIFT_HI, PTE_TAG_SHIFT_HI } from './layout.js';

// The loops hold both lanes as signed 32-bit integers, which stay in registers. A carry out of the low lane shows as
// a sum that is smaller, unsigned, than what was added. Constants of other modules cost a load each time they are
// used, so the loops have copies of their own, and literals where they divide: those become multiplications.

/** 32-bit words of an entry. */
const WORDS = 2;

/** Writes pages that lie one behind the other. The step from entry to entry carries the compression tag, if any. */
export const writeRun: RunWriter = (words, at, _index, count, addr, map) => {
  const stepLo = map.nextLo >>> 0;
  const stepHi = map.nextHi | 0;
  const scaled = addr / ADDR_SCALE;
  let lo = lowLane(scaled) | map.typeLo;
  let hi = highLane(scaled) | map.typeHi;
  for (let word = at, end = at + count * WORDS; word < end; word += WORDS) {
    words[word] = lo;
    words[word + 1] = hi;
    lo = (lo + stepLo) | 0;
    hi = (hi + stepHi + (lo >>> 0 < stepLo ? 1 : 0)) | 0;
  }
  map.advanceTags(count);
};

function writeHalfTags(words: Uint32Array, at: number, count: number, addr: number, map: MapState): void {
  const stepLo = map.nextLo >>> 0;
  const stepHi = map.nextHi | 0;
  const scaled = addr / ADDR_SCALE;
  let lo = lowLane(scaled) | map.typeLo;
  let hi = highLane(scaled) | map.typeHi;
  let half = map.halfTag | 0;
  const lineShift = PTE_TAG_SHIFT_HI;
  const halfShift = PTE_HALF_SHIFT_HI;
  for (let word = at, end = at + count * WORDS; word < end; word += WORDS) {
    words[word] = lo;
    words[word + 1] = hi | ((half >>> 1) << lineShift) | ((half & 1) << halfShift);
    half = (half + 1) | 0;
    lo = (lo + stepLo) | 0;
    hi = (hi + stepHi + (lo >>> 0 < stepLo ? 1 : 0)) | 0;
  }
  map.halfTag = half >>> 0;
}

/**
 * As {@link writeRun}, for 64 KiB pages of gm200 and gm20b: there a tag line stands for 128 KiB, and the entry says
 * which half of it is meant.
 */
export const writeHalfTagRun: RunWriter = (words, at, index, count, addr, map) => {
  if (map.hasHalfTags) writeHalfTags(words, at, count, addr, map);
  else writeRun(words, at, index, count, addr, map);
};

/** Writes pages from an address list, advancing the template by the tag step after each. */
export const writeList: ListWriter = (words, at, pages, from, count, map) => {
  const stepLo = map.ctagLo >>> 0;
  const stepHi = map.ctagHi | 0;
  let typeLo = map.typeLo | 0;
  let typeHi = map.typeHi | 0;
  let word = at;
  for (let n = from, end = from + count; n < end; n++) {
    // ADDR_SCALE, and the weight of the high lane.
    const scaled = pages[n]! / 0x100;
    words[word] = (scaled >>> 0) | typeLo;
    words[word + 1] = ((scaled / 0x1_0000_0000) >>> 0) | typeHi;
    word += WORDS;
    typeLo = (typeLo + stepLo) | 0;
    typeHi = (typeHi + stepHi + (typeLo >>> 0 < stepLo ? 1 : 0)) | 0;
  }
  map.typeLo = typeLo >>> 0;
  map.typeHi = typeHi >>> 0;
};
