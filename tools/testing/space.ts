// Address spaces and tables that are nothing but what a backend looks at.

import { BumpProvider, type MemoryTarget, PageTablePool, type PooledTable, type TableMemory } from '@nvmmu/ptcache';
import type { BoundSpace } from '@nvmmu/vmm-core';

/** What a backend did to the registers, in order. */
export interface SpaceLog {
  readonly writes: string[];
}

/** An address space that is nothing but what the backend asks about. */
export function boundSpace(parts: Partial<BoundSpace>, log: SpaceLog = { writes: [] }): BoundSpace {
  return {
    name: 'test',
    start: 0,
    limit: 2 ** 40,
    directory: undefined,
    joined: [],
    engineUse: () => 0,
    wr32: (reg, value) => log.writes.push(`${reg.toString(16)} ${value.toString(16)}`),
    rd32: () => 0,
    wait: (reg, mask, value) => {
      log.writes.push(`wait ${reg.toString(16)} ${mask.toString(16)} ${value.toString(16)}`);
      return false;
    },
    waitAny: (reg, mask) => {
      log.writes.push(`wait ${reg.toString(16)} any of ${mask.toString(16)}`);
      return false;
    },
    pauseGraphics: () => true,
    directoryEntry: () => false,
    ...parts,
  };
}

/** A table of `size` bytes at `addr`. */
export function tableAt(addr: number, size: number, target: MemoryTarget): PooledTable {
  const pool = new PageTablePool(new BumpProvider({ base: addr, target, limit: 2 ** 50 }));
  const table = pool.get(size, 0x1000, true);
  if (table === undefined || table.addr !== addr) throw new Error('no table there');
  return table;
}

/** An instance block of `size` bytes, all zero. */
export function block(size: number, addr = 0x10_0000): TableMemory {
  return { addr, size, target: 'vram', words: new Uint32Array(size / 4) };
}
