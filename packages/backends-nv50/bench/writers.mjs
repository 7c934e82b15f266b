// Time per entry of the writers, against a fill of the same memory. Build first; `pnpm bench` does.
import os from 'node:os';
import { Bench } from 'tinybench';
import { MapState } from '@nvmmu/vmm-core';
import { nv50 } from '../dist/index.js';

/** Entries that one timed body writes, in as many calls as it takes: far above the resolution of the clock. */
const ENTRIES = 0x2_0000;
const callsFor = (count) => Math.ceil(ENTRIES / count);
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
  if (words[2 * index] !== lo || words[2 * index + 1] !== hi) throw new Error(`wrong words at entry ${index}`);
}

const cases = [];

function run(name, level, shift, index, count, tags, lo, hi) {
  const map = mapOf(shift, tags);
  const calls = callsFor(count);
  const write = (state) => level.write(words, 2 * index, index, count, 0x1000_0000, state);
  cases.push({
    name,
    count,
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
  body: () => {
    for (let i = callsFor(pages.length); i > 0; i--) small.writeList(words, 0, pages, 0, pages.length, listMap);
  },
  verify: () => check(0x1fff, pages[0x1fff] + 1, 0),
});

for (const { body, verify } of cases) {
  body();
  verify();
}
const bench = new Bench({ time: 300, warmupTime: 100 });
bench.add('fill', () => {
  for (let i = callsFor(0x2000); i > 0; i--) words.fill(i);
});
for (const { name, body } of cases) bench.add(name, body);
await bench.run();

function nsPerEntry(name, count) {
  const { latency } = bench.getTask(name).result;
  return [latency.p50, latency.min].map((ms) => (ms * 1e6) / callsFor(count) / count);
}
const [fill] = nsPerEntry('fill', 0x2000);
console.log(`node ${process.version}, ${os.cpus()[0]?.model}; ns per entry: median, best; median against fill`);
console.log(`${'fill of 8 bytes'.padEnd(28)} ${fill.toFixed(2).padStart(7)}`);
for (const { name, count } of cases) {
  const [median, best] = nsPerEntry(name, count);
  const columns = [median.toFixed(2), best.toFixed(2), `${(median / fill).toFixed(1)}x`];
  console.log(name.padEnd(28), ...columns.map((text) => text.padStart(7)));
}
