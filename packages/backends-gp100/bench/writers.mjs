// Time per entry of the writers, against a fill of the same memory. Build first; `pnpm bench` does.
import os from 'node:os';
import { Bench } from 'tinybench';
import { MapState } from '@nvmmu/vmm-core';
import { gh100, gp100 } from '../dist/index.js';

const TABLES = 64;
const table = new Uint32Array(1024);

const pageOf = (chip, shift) => chip.template({ fbPage: 17, stolen: 0 }, {}).pages.find((page) => page.shift === shift);

/** A map with the template of a plain page at `addr`, compressed if `tags`. */
function mapOf(shift, next, tags) {
  const map = new MapState(undefined);
  map.typeLo = 1;
  map.nextLo = next;
  if (tags) map.nextHi = map.ctagHi = 1 << (shift - 12);
  return map;
}

function check(at, lo, hi) {
  if (table[at] !== lo || table[at + 1] !== hi) {
    throw new Error(`words ${table[at].toString(16)} ${table[at + 1].toString(16)} at ${at}`);
  }
}

const cases = [];

function run(name, chip, shift, next, { tags = false, count = 512, addrShift = 4 } = {}) {
  const level = pageOf(chip, shift).levels[0];
  const stride = level.entryBytes / 4;
  const map = mapOf(shift, next, tags);
  cases.push([
    name,
    count,
    () => {
      map.typeHi = 0;
      for (let i = 0; i < TABLES; i++) level.write(table, 0, 0, count, 0x1_0000_0000, map);
    },
    () => {
      level.write(table, 0, 0, count, 0, mapOf(shift, next, tags));
      check((count - 1) * stride, ((count - 1) * 2 ** (shift - addrShift)) | 1, tags ? (count - 1) << (shift - 12) : 0);
    },
  ]);
}

run('4 KiB run, gp100', gp100, 12, 0x100);
run('4 KiB run, gh100', gh100, 12, 0x1000, { addrShift: 0 });
run('64 KiB run with tags, gp100', gp100, 16, 0x1000, { tags: true, count: 32 });
run('2 MiB run, gp100', gp100, 21, 0x20000, { count: 256 });

const pages = Float64Array.from({ length: 512 }, (_, i) => ((i * 7919) % 0x100000) * 0x1000 + 0x1_0000_0000);
for (const [chip, shift] of [
  [gp100, 4],
  [gh100, 0],
]) {
  const level = pageOf(chip, 12).levels[0];
  const map = mapOf(12, 0x100, false);
  cases.push([
    `4 KiB list, ${chip.name}`,
    512,
    () => {
      for (let i = 0; i < TABLES; i++) level.writeList(table, 0, pages, 0, 512, map);
    },
    () => {
      const value = (BigInt(pages[511]) >> BigInt(shift)) | 1n;
      check(1022, Number(value & 0xffffffffn), Number(value >> 32n));
    },
  ]);
}

const frames = new Uint32Array(1024);
for (let i = 0; i < 512; i++) frames.set([0x1003 + i * 0x1000, 1], 2 * i);
for (const [name, shift, count] of [
  ['4 KiB frames', 12, 512],
  ['2 MiB frames', 21, 256],
]) {
  const level = pageOf(gp100, shift).levels[0];
  const stride = level.entryBytes / 4;
  cases.push([
    name,
    count,
    () => {
      for (let i = 0; i < TABLES; i++) level.frames.write(table, 0, frames, 0, count, undefined);
    },
    () => check((count - 1) * stride, 0x1000000d + count * 0x100, 0),
  ]);
  cases.push([
    `${name}, clear`,
    count,
    () => {
      for (let i = 0; i < TABLES; i++) {
        table[0] |= 1;
        level.frames.clear(table, 0, count, undefined);
      }
    },
    () => check((count - 1) * stride, 0x1000000c + count * 0x100, 0),
  ]);
}

const bench = new Bench({ time: 300, warmupTime: 100 });
bench.add('fill', () => {
  for (let i = 0; i < TABLES; i++) table.fill(i, 0, 1024);
});
for (const [name, , body] of cases) bench.add(name, body);
// Results are checked in order, right behind the case that made them.
for (const [, , body, verify] of cases) {
  body();
  verify();
}
await bench.run();

const ns = (name, count) => {
  const { latency } = bench.getTask(name).result;
  return [latency.p50, latency.min].map((ms) => (ms * 1e6) / TABLES / count);
};
const [fill] = ns('fill', 512);
console.log(`node ${process.version}, ${os.cpus()[0]?.model}; ns per entry: median, best; median against fill`);
console.log(`${'fill of 8 bytes'.padEnd(32)} ${fill.toFixed(2).padStart(7)}`);
for (const [name, count] of cases) {
  const [median, best] = ns(name, count);
  console.log(
    `${name.padEnd(32)} ${median.toFixed(2).padStart(7)} ${best.toFixed(2).padStart(7)} ${(median / fill).toFixed(1).padStart(6)}x`,
  );
}
