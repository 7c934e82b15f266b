// Time per entry of the writers, against a fill of the same memory. Build first; `pnpm bench` does.
import { MapState } from '@nvmmu/vmm-core';
import { gh100, gp100 } from '../dist/index.js';
import { checkWords, reportWriters } from '../../../tools/testing/writer-bench.mjs';

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

const check = (at, lo, hi) => checkWords(table, at, lo, hi);

const cases = [];

function run(name, chip, shift, next, { tags = false, count = 512, addrShift = 4 } = {}) {
  const level = pageOf(chip, shift).levels[0];
  const stride = level.entryBytes / 4;
  const map = mapOf(shift, next, tags);
  cases.push({
    name,
    count,
    calls: TABLES,
    body: () => {
      map.typeHi = 0;
      for (let i = 0; i < TABLES; i++) level.write(table, 0, 0, count, 0x1_0000_0000, map);
    },
    verify: () => {
      level.write(table, 0, 0, count, 0, mapOf(shift, next, tags));
      check((count - 1) * stride, ((count - 1) * 2 ** (shift - addrShift)) | 1, tags ? (count - 1) << (shift - 12) : 0);
    },
  });
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
  cases.push({
    name: `4 KiB list, ${chip.name}`,
    count: 512,
    calls: TABLES,
    body: () => {
      for (let i = 0; i < TABLES; i++) level.writeList(table, 0, pages, 0, 512, map);
    },
    verify: () => {
      const value = (BigInt(pages[511]) >> BigInt(shift)) | 1n;
      check(1022, Number(value & 0xffffffffn), Number(value >> 32n));
    },
  });
}

const frames = new Uint32Array(1024);
for (let i = 0; i < 512; i++) frames.set([0x1003 + i * 0x1000, 1], 2 * i);
for (const [name, shift, count] of [
  ['4 KiB frames', 12, 512],
  ['2 MiB frames', 21, 256],
]) {
  const level = pageOf(gp100, shift).levels[0];
  const stride = level.entryBytes / 4;
  cases.push({
    name,
    count,
    calls: TABLES,
    body: () => {
      for (let i = 0; i < TABLES; i++) level.frames.write(table, 0, frames, 0, count, undefined);
    },
    verify: () => check((count - 1) * stride, 0x1000000d + count * 0x100, 0),
  });
  cases.push({
    name: `${name}, clear`,
    count,
    calls: TABLES,
    body: () => {
      for (let i = 0; i < TABLES; i++) {
        table[0] |= 1;
        level.frames.clear(table, 0, count, undefined);
      }
    },
    verify: () => check((count - 1) * stride, 0x1000000c + count * 0x100, 0),
  });
}

await reportWriters(table, TABLES, cases);
