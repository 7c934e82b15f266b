// Time per entry of the writers, against a fill of the same memory. Build first; `pnpm bench` does.
import { MapState } from '@nvmmu/vmm-core';
import { gf100, gm200 } from '../dist/index.js';
import { callsFor, checkWords, reportWriters } from '../../../tools/testing/writer-bench.mjs';

const words = new Uint32Array(0x4000);

function levelOf(chip, shift, bigPage) {
  const { pages } = chip.template({ fbPage: bigPage, stolen: 0 }, chip === gm200 ? { bigPage } : {});
  return pages.find((page) => page.shift === shift).levels[0];
}

/** A map whose template is a plain page in video memory, with compression tags if asked for. */
function mapOf(shift, tags) {
  const map = new MapState(undefined);
  map.typeLo = 1;
  map.nextLo = 2 ** (shift - 8);
  if (tags === 'full') map.nextHi = map.ctagHi = 1 << 12;
  map.hasHalfTags = tags === 'half';
  return map;
}

function check(index, lo, hi) {
  checkWords(words, 2 * index, lo, hi);
}

const cases = [];

function run(name, chip, shift, bigPage, count, tags, hi) {
  const level = levelOf(chip, shift, bigPage);
  const map = mapOf(shift, tags);
  const calls = callsFor(count);
  cases.push({
    name,
    count,
    calls,
    body: () => {
      map.typeHi = map.halfTag = 0;
      for (let i = 0; i < calls; i++) level.write(words, 0, 0, count, 0x1000_0000, map);
    },
    verify: () => {
      level.write(words, 0, 0, count, 0x1000_0000, mapOf(shift, tags));
      check(count - 1, 0x10_0001 + (count - 1) * 2 ** (shift - 8), hi);
    },
  });
}

run('4 KiB run', gf100, 12, 17, 0x2000, undefined, 0);
run('4 KiB runs of 16', gf100, 12, 17, 16, undefined, 0);
run('128 KiB run', gf100, 17, 17, 0x400, undefined, 0);
run('128 KiB run with tags', gf100, 17, 17, 0x400, 'full', 0x3ff << 12);
run('64 KiB run with half tags', gm200, 16, 16, 0x400, 'half', (0x1ff << 12) | (1 << 28));

const pages = Float64Array.from({ length: 0x2000 }, (_, i) => ((i * 7919) % 0x100000) * 0x1000);
const small = levelOf(gf100, 12, 17);
const listMap = mapOf(12);
cases.push({
  name: '4 KiB list',
  count: pages.length,
  calls: callsFor(pages.length),
  body: () => {
    for (let i = callsFor(pages.length); i > 0; i--) small.writeList(words, 0, pages, 0, pages.length, listMap);
  },
  verify: () => check(0x1fff, pages[0x1fff] / 256 + 1, 0),
});

await reportWriters(words, callsFor(0x2000), cases);
