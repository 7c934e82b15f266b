import { highLane, lowLane, type ListWriter, type RunWriter } from '@nvmmu/vmm-core';
import { ADDR_SCALE, ENTRY_WORDS, PTE_HALF_SHIFT_HI, PTE_TAG_SHIFT_HI } from './layout.js';

const LANE_MAX = 0xffff_ffff;

/** Writes pages that lie one behind the other. The step from entry to entry carries the compression tag, if any. */
export const writeRun: RunWriter = (words, at, _index, count, addr, map) => {
  const { nextLo, nextHi } = map;
  const scaled = addr / ADDR_SCALE;
  let lo = (lowLane(scaled) | map.typeLo) >>> 0;
  let hi = (highLane(scaled) | map.typeHi) >>> 0;
  for (let word = at, end = at + count * ENTRY_WORDS; word < end; word += ENTRY_WORDS) {
    words[word] = lo;
    words[word + 1] = hi;
    const next = lo + nextLo;
    lo = next >>> 0;
    hi = (hi + nextHi + (next > LANE_MAX ? 1 : 0)) >>> 0;
  }
  map.advanceTags(count);
};

function writeHalfTags(...[words, at, , count, addr, map]: Parameters<RunWriter>): void {
  const { nextLo, nextHi } = map;
  const scaled = addr / ADDR_SCALE;
  let lo = (lowLane(scaled) | map.typeLo) >>> 0;
  let hi = (highLane(scaled) | map.typeHi) >>> 0;
  let half = map.halfTag;
  for (let word = at, end = at + count * ENTRY_WORDS; word < end; word += ENTRY_WORDS) {
    words[word] = lo;
    words[word + 1] = hi | ((half >>> 1) << PTE_TAG_SHIFT_HI) | ((half & 1) << PTE_HALF_SHIFT_HI);
    half++;
    const next = lo + nextLo;
    lo = next >>> 0;
    hi = (hi + nextHi + (next > LANE_MAX ? 1 : 0)) >>> 0;
  }
  map.halfTag = half;
}

/**
 * As {@link writeRun}, for 64 KiB pages of gm200 and gm20b: there a tag line stands for 128 KiB, and the entry says
 * which half of it is meant.
 */
export const writeHalfTagRun: RunWriter = (words, at, index, count, addr, map) => {
  if (map.hasHalfTags) writeHalfTags(words, at, index, count, addr, map);
  else writeRun(words, at, index, count, addr, map);
};

/** Writes pages from an address list, advancing the template by the tag step after each. */
export const writeList: ListWriter = (words, at, pages, from, count, map) => {
  const { ctagLo, ctagHi } = map;
  let { typeLo, typeHi } = map;
  let word = at;
  for (let n = from, end = from + count; n < end; n++) {
    const scaled = pages[n]! / ADDR_SCALE;
    words[word] = lowLane(scaled) | typeLo;
    words[word + 1] = highLane(scaled) | typeHi;
    word += ENTRY_WORDS;
    const next = typeLo + ctagLo;
    typeLo = next >>> 0;
    typeHi = (typeHi + ctagHi + (next > LANE_MAX ? 1 : 0)) >>> 0;
  }
  map.typeLo = typeLo;
  map.typeHi = typeHi;
};
