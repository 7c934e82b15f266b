// Time per entry of the writers, against a fill of the same memory. Build first; `pnpm bench` does.
import { MapState } from '@nvmmu/vmm-core';
import { nv50 } from '../dist/index.js';
import { callsFor, checkWords, reportWriters } from '../../../tools/testing/writer-bench.mjs';

const words = new Uint32Array(0x4000);
const [big, small] = nv50.template({ fbPage: 17, stolen: 0 }, {}).pages.map((page) => page.levels[0]);

/** A map whose template is a plain page in video memory, with compression tags if asked for. */
function mapOf(shift, tags) {
  const map = new MapState(undefined);
  map.typeLo = 1;
  map.nextLo = 2 ** shift;
  if (tags) map.nextHi = map.ctagHi = 1 << 17;
  return map;
}

function check(index, lo, hi) {
  checkWords(words, 2 * index, lo, hi);
}

const cases = [];

function run(name, level, shift, index, count, tags, lo, hi) {
  const map = mapOf(shift, tags);
  const calls = callsFor(count);
  const write = (state) => level.write(words, 2 * index, index, count, 0x1000_0000, state);
  cases.push({
    name,
    count,
    calls,
    body: () => {
      map.typeHi = 0;
      for (let i = 0; i < calls; i++) write(map);
    },
    verify: () => {
      write(mapOf(shift, tags));
      check(index + count - 1, lo, hi);
    },
  });
}

run('4 KiB run', small, 12, 0, 0x2000, false, 0x1000_0001 + 0x1f80 * 0x1000 + (7 << 7), 0);
run('4 KiB run, odd start', small, 12, 1, 0x1fff, false, 0x1000_0001 + 0x1f7f * 0x1000 + (7 << 7), 0);
run('4 KiB runs of 3', small, 12, 1, 3, false, 0x1000_1001 + (1 << 7), 0);
run(
  '64 KiB run with tags',
  big,
  16,
  0,
  0x2000,
  true,
  (0x1000_0001 + 0x1f80 * 0x1_0000 + (7 << 7)) >>> 0,
  (0x1f80 << 17) >>> 0,
);

const pages = Float64Array.from({ length: 0x2000 }, (_, i) => ((i * 7919) % 0x80000) * 0x1000);
const listMap = mapOf(12, false);
cases.push({
  name: '4 KiB list',
  count: pages.length,
  calls: callsFor(pages.length),
  body: () => {
    for (let i = callsFor(pages.length); i > 0; i--) small.writeList(words, 0, pages, 0, pages.length, listMap);
  },
  verify: () => check(0x1fff, pages[0x1fff] + 1, 0),
});

await reportWriters(words, callsFor(0x2000), cases);
