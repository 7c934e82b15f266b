import type { BoundSpace } from '@nvmmu/vmm-core';

/** VM_FLUSH: engine number in bits 19:16; bit 0 starts a flush and reads 1 until it is done. */
const VM_FLUSH = 0x100c80;
const FLUSH_TRIGGER = 1;
const FLUSH_ENGINE_SHIFT = 16;

/** Engines that have a TLB of their own, in the driver's order. Some share a number: it is then flushed again. */
export const flushEngines: readonly (readonly [engine: string, id: number])[] = [
  ['bar', 0x6],
  ['bsp', 0x9],
  ['ce0', 0xd],
  ['cipher', 0xa],
  ['gr', 0x0],
  ['mpeg', 0x8],
  ['mspdec', 0x1],
  ['msppp', 0x8],
  ['msvld', 0x9],
  ['sec', 0xa],
  ['vp', 0x1],
];

/**
 * Drops the cached translations of every engine that uses the address space (`nv50_vmm_flush`), whatever the depth.
 * Without one nothing is written. A timeout is ignored.
 */
export function flush(space: BoundSpace): void {
  for (const [engine, id] of flushEngines) {
    if (space.engineUse(engine) === 0) continue;
    space.wr32(VM_FLUSH, (id << FLUSH_ENGINE_SHIFT) | FLUSH_TRIGGER);
    space.wait(VM_FLUSH, FLUSH_TRIGGER, 0);
  }
}
