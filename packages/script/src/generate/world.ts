import { PAGE, type Chip, type PageSize, type RegionInfo, type Vmm } from '@nvmmu/vmm-core';
import type { AddressRef } from '../operations.js';
import type { ScriptRunner } from '../runner.js';
import type { Dice } from './dice.js';
import type { Profile } from './profiles.js';

/** An allocation that a generated script holds. */
export interface Allocation {
  readonly id: string;
  readonly addr: bigint;
  readonly size: bigint;
}

/** References or a sparse range that a generated script holds in a raw space. */
export interface RawRange {
  readonly addr: bigint;
  readonly size: bigint;
  /** log2 of the page size; 0 for a sparse range. */
  readonly page: number;
}

/** An address space of a generated script. */
export interface Space {
  readonly id: string;
  readonly vmm: Vmm;
  /** Whether building all of its tables is affordable. */
  readonly small: boolean;
  readonly allocations: Allocation[];
  readonly held: RawRange[];
  readonly mapped: RawRange[];
  readonly sparse: RawRange[];
  /** Instance blocks that are joined. */
  readonly joined: string[];
  /** Use counts of engines. */
  readonly engines: Map<string, number>;
}

/** A memory object of a generated script. */
export interface Memory {
  readonly id: string;
  readonly target: 'vram' | 'host' | 'ncoh';
  /** log2 of the page size that it promises. */
  readonly page: number;
  readonly size: bigint;
}

/** What a generator knows while it makes a script: choices, and the state that the script has reached. */
export interface World {
  readonly dice: Dice;
  readonly chip: Chip;
  readonly profile: Profile;
  readonly runner: ScriptRunner;
  readonly spaces: Space[];
  readonly memories: Memory[];
  /** The space that operations without an id act on. */
  current: Space | undefined;
  /** Numbers of the next ids. */
  next: { space: number; memory: number; allocation: number; instance: number };
}

/** One of 2 ** shift. */
export const unit = (shift: number): bigint => 1n << BigInt(shift);

/** Whether maps may use a page size for some memory. */
export function isMappable({ flags, levels }: PageSize): boolean {
  return (flags & (PAGE.vram | PAGE.host)) !== 0 && levels[0]?.write !== undefined;
}

/** The used regions of a space, parts of allocations included. */
export function usedRegions(space: Space): RegionInfo[] {
  return [...space.vmm.regions()].filter(({ used }) => used);
}

/** How an operation names an address: by the allocation that it lies in where there is one. */
export function refer(space: Space, addr: bigint): AddressRef {
  const home = space.allocations.find((it) => it.addr <= addr && addr < it.addr + it.size);
  return home === undefined ? { addr } : { vma: home.id, delta: addr - home.addr };
}

/** The `vmm` key of an operation: left out where it is not needed, most of the time. */
export function on(world: World, space: Space): string | undefined {
  return space === world.current && !world.dice.chance(10) ? undefined : space.id;
}
