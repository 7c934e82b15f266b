import { gp100 } from '@nvmmu/backends-gp100';
import { MemoryObject, Mmu } from '@nvmmu/vmm-core';

/** What address spaces cost in memory. */
export interface MemoryReport {
  /** Heap bytes of one allocated region. */
  readonly regionBytes: number;
  /** Bytes, heap and typed arrays, of the shadow of one 4 KiB page table, with its part of the directories above. */
  readonly tableBytes: number;
  /** Bytes of the shadow of 4 KiB page tables for each byte of the tables themselves. */
  readonly shadowShare: number;
}

declare const gc: (() => void) | undefined;

function used(): number {
  gc?.();
  gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const REGIONS = 200_000;
const SPAN = 0x4000_0000n;

/** Measures memory; the process needs `--expose-gc`. */
export function measureMemory(): MemoryReport {
  const vmm = new Mmu(gp100).createSpace();
  vmm.put(vmm.get(0x1000n, { page: 12 }));
  const before = used();
  for (let i = 0; i < REGIONS; i++) vmm.get(0x1000n, { page: 12 });
  const regionBytes = (used() - before) / REGIONS;

  const mmu = new Mmu(gp100);
  const other = mmu.createSpace();
  const memory = MemoryObject.video([[0x1_0000_0000n, SPAN]]);
  const addr = other.get(SPAN, { page: 12 });
  const empty = used();
  const without = mmu.pool.stats();
  other.map(addr, memory);
  const stats = mmu.pool.stats();
  const hardware = stats.bytes - without.bytes;
  const shadow = used() - empty - hardware;
  vmm.close();
  other.close();
  return { regionBytes, tableBytes: shadow / (stats.live - without.live), shadowShare: shadow / hardware };
}
