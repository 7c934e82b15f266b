// Everything about an address space that must be the same after a call that failed.

import type { BumpProvider } from '@nvmmu/ptcache';
import type { Mmu, Vmm } from '@nvmmu/vmm-core';

/** The state of a device and a space in a form that can be compared. */
export interface Snapshot {
  readonly regions: readonly string[];
  readonly freeTags: number;
  /** Page-table memory by address, without what is parked. */
  readonly tables: ReadonlyMap<number, readonly number[]>;
  readonly live: number;
}

function regionText(vmm: Vmm): string[] {
  return [...vmm.regions()].map((region) => {
    const { addr, size, used, mapref, sparse, part, busy, mapped, page, refd, memory } = region;
    const state = [used, mapref, sparse, part, busy, mapped].map(Number).join('');
    return `${addr.toString(16)} ${size.toString(16)} ${state} ${page ?? '-'} ${refd ?? '-'} ${memory?.references ?? '-'}`;
  });
}

/** Takes a snapshot. Parked tables are released first: whether a failed call has parked one more does not count. */
export function snapshot(mmu: Mmu, vmm: Vmm, provider: BumpProvider): Snapshot {
  mmu.dumpTableCache();
  return {
    regions: regionText(vmm),
    freeTags: mmu.freeTags,
    tables: new Map(provider.allocations().map(({ addr, words }) => [addr, Array.from(words)])),
    live: mmu.pool.stats().live,
  };
}
