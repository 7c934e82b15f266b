import type { BoundSpace } from '@nvmmu/vmm-core';
import { directoryOf } from './instance.js';
import { PDE_APERTURE } from './layout.js';

/** State of the queue of invalidations: free slots in bits 23:16; bit 15 when it is empty. */
const MMU_CTRL = 0x100c80;
const CTRL_SLOTS = 0xff << 16;
const CTRL_EMPTY = 1 << 15;
/** Directory that an invalidation is about: address >> 12 from bit 4 up, where it is in bits 1:0. */
const INVALIDATE_PDB = 0x100cb8;
const PDB_PAGE = 1 << 12;
const PDB_ADDR_UNIT = 1 << 4;
const PDB_TARGET = { ...PDE_APERTURE, vram: 0 } as const;
/** Starts an invalidation. */
const INVALIDATE = 0x100cbc;
const INVALIDATE_TRIGGER = 0x8000_0000;
const ALL_PAGES = 1 << 0;
const HUB_ONLY = 1 << 2;

/**
 * Drops all cached translations of the address space (`gf100_vmm_flush`), whatever the depth; only those of the hub
 * as soon as a BAR uses it. Timeouts are ignored.
 */
export function flush(space: BoundSpace): void {
  const directory = directoryOf(space);
  const flags = ALL_PAGES | (space.engineUse('bar') === 0 ? 0 : HUB_ONLY);
  space.waitAny(MMU_CTRL, CTRL_SLOTS);
  space.wr32(INVALIDATE_PDB, ((directory.addr / PDB_PAGE) * PDB_ADDR_UNIT + PDB_TARGET[directory.target]) >>> 0);
  space.wr32(INVALIDATE, (INVALIDATE_TRIGGER | flags) >>> 0);
  space.wait(MMU_CTRL, CTRL_EMPTY, CTRL_EMPTY);
}
