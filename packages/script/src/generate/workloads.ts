import { Xorshift32 } from './xorshift.js';

// Workloads that measure speed. Their lines are written by hand, key by key, for two reasons: recorded sums of the
// files depend on each byte, and one of them has four hundred thousand lines.

/** A script that measures one kind of work. */
export interface Workload {
  /** Number and name, as in `3-frag`. */
  readonly name: string;
  /** What it does, in a few words; the title of the script. */
  readonly title: string;
  /** The lines of the script, without line ends, header first. */
  readonly lines: () => Generator<string, void, undefined>;
}

const hex = (value: number): string => `"0x${value.toString(16)}"`;

const put = (vma: string): string => `{"op":"put","vma":"${vma}"}`;
const unmap = (vma: string): string => `{"op":"unmap","vma":"${vma}"}`;
const map = (vma: string, mem: string): string => `{"op":"map","vma":"${vma}","mem":"${mem}"}`;
const get = (id: string, page: number, size: number): string =>
  `{"op":"get","id":"${id}","page":${page},"size":${hex(size)}}`;
const hostMem = (id: string, addr: number, pages: number): string =>
  `{"op":"mem","id":"${id}","target":"host","dmaRange":[${hex(addr)},${pages}]}`;
const videoMem = (id: string, page: number, addr: number, size: number): string =>
  `{"op":"mem","id":"${id}","target":"vram","page":${page},"extents":[[${hex(addr)},${hex(size)}]]}`;

const MIB_64 = 0x400_0000;
const GIB_4 = 0x1_0000_0000;

function* map4g(): Generator<string, void, undefined> {
  yield videoMem('m', 21, GIB_4, GIB_4);
  for (const page of [21, 16, 12]) {
    const id = `p${page}`;
    yield get(id, page, GIB_4);
    yield map(id, 'm');
    yield unmap(id);
    yield map(id, 'm');
    yield put(id);
  }
}

function* host4k(): Generator<string, void, undefined> {
  const count = 64;
  for (let i = 0; i < count; i++) yield hostMem(`m${i}`, GIB_4 + i * MIB_64, 16384);
  for (let i = 0; i < count; i++) yield get(`a${i}`, 12, MIB_64);
  for (let i = 0; i < count; i++) yield map(`a${i}`, `m${i}`);
  for (let i = 0; i < count; i++) yield unmap(`a${i}`);
  for (let i = 0; i < count; i++) yield map(`a${i}`, `m${count - 1 - i}`);
  for (let i = 0; i < count; i++) yield put(`a${i}`);
}

function* frag(): Generator<string, void, undefined> {
  const random = new Xorshift32(12345);
  yield hostMem('m', 0x1000_0000, 16);
  const live: number[] = [];
  let made = 0;
  for (let step = 0; step < 200_000; step++) {
    if (live.length < 20_000 || (live.length < 22_000 && random.below(2) === 0)) {
      const id = String(made);
      yield get(id, 12, (1 + random.below(16)) * 0x1000);
      yield map(id, 'm');
      live.push(made++);
    } else {
      const index = random.below(live.length);
      const gone = live[index];
      const last = live.pop();
      if (index < live.length && last !== undefined) live[index] = last;
      yield unmap(String(gone));
      yield put(String(gone));
    }
  }
}

function* sparse(): Generator<string, void, undefined> {
  const random = new Xorshift32(777);
  yield hostMem('h', 0x1000_0000, 16);
  yield videoMem('b', 16, 0x4000_0000, 0x10_0000);
  const part = (vma: number, delta: number, mem: string, size: number): string =>
    `{"op":"map","vma":"${vma}","delta":${hex(delta)},"mem":"${mem}","size":${hex(size)}}`;
  const window: number[] = [];
  for (let i = 0; i < 1500; i++) {
    const large = 2 + random.below(64);
    const medium = random.below(32);
    const small = random.below(16);
    const size = large * 0x20_0000 + medium * 0x1_0000 + small * 0x1000;
    yield `{"op":"get","id":"${i}","size":${hex(size)},"sparse":true}`;
    for (let q = 0; q < 6; q++) {
      const delta = random.below(large) * 0x20_0000 + q * 5 * 0x1_0000;
      yield part(i, delta, 'b', 0x1_0000);
    }
    for (let q = 0; q < 6; q++) {
      // The order of the draws is part of the workload.
      const block = random.below(large) * 0x20_0000;
      const delta = block + (q * 5 + 2) * 0x1_0000 + random.below(8) * 0x1000;
      yield part(i, delta, 'h', (1 + random.below(8)) * 0x1000);
    }
    window.push(i);
    if (window.length > 24) yield put(String(window.splice(random.below(24), 1)[0]));
  }
  for (const i of window) yield put(String(i));
}

function* pfn(): Generator<string, void, undefined> {
  const random = new Xorshift32(4242);
  const block = 0x20_0000;
  yield '{"op":"get","id":"a","align":21,"size":"0x20000000"}';
  const mapped = new Uint8Array(256);
  for (let step = 0; step < 8000; step++) {
    const k = random.below(256);
    const delta = hex(k * block);
    if (mapped[k] === 1) {
      yield `{"op":"pfnclr","vma":"a","delta":${delta},"size":${hex(block)}}`;
      mapped[k] = 0;
    } else {
      // Bits 0 and 1 of a frame word: valid and writable, in host memory.
      const first = hex(GIB_4 + k * block + 3);
      yield `{"op":"pfnmap","vma":"a","delta":${delta},"page":12,"pfnRange":[${first},"0x1000",512]}`;
      mapped[k] = 1;
    }
  }
}

function* align(): Generator<string, void, undefined> {
  const size = 0x2_0000;
  for (let i = 0; i < 10_000; i++) {
    yield get(`a${i}`, 12, size);
    yield get(`s${i}`, 12, size);
  }
  for (let i = 0; i < 10_000; i++) yield put(`a${i}`);
  for (let i = 0; i < 1000; i++) {
    yield `{"op":"get","id":"t","page":12,"align":17,"size":${hex(size)}}`;
    yield put('t');
  }
}

function workload(
  name: string,
  title: string,
  body: () => Generator<string, void, undefined>,
  space = '{"op":"vmm","id":"v"}',
): Workload {
  return {
    name,
    title,
    *lines() {
      yield `{"format":"vmm-script","version":1,"title":${JSON.stringify(title)}}`;
      yield '{"op":"device","chip":"gp100"}';
      yield space;
      yield* body();
    },
  };
}

/**
 * The workloads that speed is measured with, all for gp100. They are the same, byte for byte, on every machine:
 * large maps at each page size, many maps of host memory, fragmentation, sparse regions, page frames, and aligned
 * allocations among free blocks that misfit.
 */
export const WORKLOADS: readonly Workload[] = [
  workload('1-map4g', '4 GiB of video memory at 2 MiB, 64 KiB and 4 KiB pages', map4g),
  workload('2-host4k', '64 maps of 64 MiB host memory at 4 KiB', host4k),
  workload('3-frag', '200k small get+map / unmap+put steps, about 20k live', frag),
  workload('4-sparse', 'sparse regions with small maps inside', sparse),
  workload('5-pfn', 'page-frame map/clear of 2 MiB windows at 4 KiB', pfn),
  workload('6-align', 'aligned get among 10k misaligned free blocks', align, '{"op":"vmm","id":"v","addr":"0x10000"}'),
];
