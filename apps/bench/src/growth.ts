import { gp100 } from '@nvmmu/backends-gp100';
import { MemoryObject, Mmu, type Vmm } from '@nvmmu/vmm-core';
import { nanoseconds } from './clock.js';

/** Nanoseconds of one operation in a space with so many regions. */
export interface GrowthRow {
  readonly regions: number;
  readonly get: number;
  readonly map: number;
  readonly unmap: number;
  readonly put: number;
  /** A `get` aligned to 128 KiB among as many free blocks that are large enough but misaligned. */
  readonly alignedGet: number;
}

const PAGE = 0x1000n;
const SAMPLES = 2000;
const ALIGNED = 2000;
const ROUNDS = 9;

/** The least disturbed round: the samples are short, and a busy machine takes the processor away for longer. */
function best(samples: readonly number[]): number {
  return Math.min(...samples);
}

/** A small generator of random numbers (xorshift32). */
function random(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    x >>>= 0;
    return x % below;
  };
}

function fill(vmm: Vmm, count: number): bigint[] {
  return Array.from({ length: count }, () => vmm.get(PAGE, { page: 12 }));
}

/** Measures operations on one-page regions with `count` others alive. */
export function measureGrowth(count: number): GrowthRow {
  const vmm = new Mmu(gp100).createSpace();
  const memory = MemoryObject.pageRange('host', 0x1000_0000n, 1);
  const live = fill(vmm, count);
  const next = random(2024);
  const samples = { get: [] as number[], map: [] as number[], unmap: [] as number[], put: [] as number[] };
  for (let round = 0; round < ROUNDS + 1; round++) {
    // Holes all over the space, then regions in them again.
    const picked = Array.from({ length: SAMPLES }, () => next(count)).filter((at, i, all) => all.indexOf(at) === i);
    const addrs = picked.map((at) => live[at] ?? 0n);
    const times = [nanoseconds()];
    for (const addr of addrs) vmm.map(addr, memory);
    times.push(nanoseconds());
    for (const addr of addrs) vmm.unmap(addr);
    times.push(nanoseconds());
    for (const addr of addrs) vmm.put(addr);
    times.push(nanoseconds());
    const fresh = addrs.map(() => vmm.get(PAGE, { page: 12 }));
    times.push(nanoseconds());
    picked.forEach((at, i) => (live[at] = fresh[i] ?? 0n));
    if (round === 0) continue;
    const each = times.slice(1).map((time, i) => (time - (times[i] ?? 0)) / addrs.length);
    samples.map.push(each[0] ?? 0);
    samples.unmap.push(each[1] ?? 0);
    samples.put.push(each[2] ?? 0);
    samples.get.push(each[3] ?? 0);
  }
  return {
    regions: count,
    get: best(samples.get),
    map: best(samples.map),
    unmap: best(samples.unmap),
    put: best(samples.put),
    alignedGet: measureAligned(count),
  };
}

function measureAligned(count: number): number {
  const vmm = new Mmu(gp100).createSpace({ addr: 0x10000n });
  const blocks: bigint[] = [];
  for (let i = 0; i < count; i++) {
    blocks.push(vmm.get(0x20000n, { page: 12 }));
    vmm.get(0x20000n, { page: 12 });
  }
  for (const block of blocks) vmm.put(block);
  const samples: number[] = [];
  const got: bigint[] = [];
  for (let round = 0; round < ROUNDS + 1; round++) {
    const start = nanoseconds();
    // In a row, since a clock reading for each would be a good part of its time.
    for (let i = 0; i < ALIGNED; i++) got.push(vmm.get(0x20000n, { page: 12, align: 17 }));
    if (round > 0) samples.push((nanoseconds() - start) / ALIGNED);
    for (let addr = got.pop(); addr !== undefined; addr = got.pop()) vmm.put(addr);
  }
  return best(samples);
}
