import { type BoundSpace, highLane, lowLane } from '@nvmmu/vmm-core';
import { directoryOf } from './instance.js';

/** Bits of an invalidate command: what is dropped, and what happens to faults that wait for a replay. */
export const INVALIDATE = {
  allAddresses: 0x1,
  allDirectories: 0x2,
  hubOnly: 0x4,
  /** Bits 5:3 say what becomes of faults: 0 nothing, 1 replay, 3 cancel the one that the bits above name. */
  replayStart: 0x08,
  cancelTargeted: 0x18,
  clientShift: 9,
  gpcShift: 15,
  hub: 0x10_0000,
  /** How far up caches are dropped; 0 is everything. */
  levelShift: 24,
  trigger: 0x8000_0000,
} as const;

const STATUS = 0x100c80;
const STATUS_FREE_SLOTS = 0xff0000;
const STATUS_EMPTY = 1 << 15;
const DIRECTORY_LO = 0x100cb8;
const DIRECTORY_HI = 0x100cec;
const COMMAND = 0x100cbc;

const TURING_DIRECTORY_LO = 0xb830a0;
const TURING_DIRECTORY_HI = 0xb830a4;
const TURING_COMMAND = 0xb830b0;
const TURING_UNKNOWN = 0x100e68;

const TARGET_BITS = { vram: 0, host: 2, ncoh: 3 } as const;
/** Caches are dropped from the page entries up to the level that changed: 1 for those alone, 5 for PD3 as well. */
const LEVELS = 5;

/**
 * Runs one command of the invalidate unit in the framebuffer's register block (`gf100_vmm_invalidate`). Time-outs are
 * ignored, as in the driver.
 */
export function invalidate(space: BoundSpace, command: number): void {
  space.waitAny(STATUS, STATUS_FREE_SLOTS);
  if ((command & INVALIDATE.allDirectories) === 0) {
    const { addr, target } = directoryOf(space);
    // (addr >> 12) << 4 | target; the address is a multiple of 4 KiB.
    const high = highLane(addr);
    space.wr32(DIRECTORY_LO, ((lowLane(addr) >>> 8) | (high << 24) | TARGET_BITS[target]) >>> 0);
    space.wr32(DIRECTORY_HI, high >>> 8);
  }
  space.wr32(COMMAND, (command | INVALIDATE.trigger) >>> 0);
  space.wait(STATUS, STATUS_EMPTY, STATUS_EMPTY);
}

/** Flushes on Pascal and Volta, as far up as `depth` says (`gp100_vmm_flush`). */
export function flushPascal(space: BoundSpace, depth: number): void {
  invalidate(space, flushCommand(space, depth));
}

/**
 * Flushes on Turing (`tu102_vmm_flush`). The directory is named without its kind of memory, and only to 40 bits, as in
 * the driver.
 */
export function flushTuring(space: BoundSpace, depth: number): void {
  nameTuringDirectory(space);
  space.wr32(TURING_UNKNOWN, 0);
  runTuringCommand(space, flushCommand(space, depth));
}

/** Flushes on Hopper: always everything, which is safe for six levels where the level field counts five. */
export function flushHopper(space: BoundSpace): void {
  nameTuringDirectory(space);
  const { allAddresses, allDirectories, hubOnly } = INVALIDATE;
  runTuringCommand(space, allAddresses | (usesBar(space) ? allDirectories | hubOnly : 0));
}

function nameTuringDirectory(space: BoundSpace): void {
  const { addr } = directoryOf(space);
  space.wr32(TURING_DIRECTORY_LO, ((lowLane(addr) >>> 8) | (highLane(addr) << 24)) >>> 0);
  space.wr32(TURING_DIRECTORY_HI, 0);
}

function runTuringCommand(space: BoundSpace, command: number): void {
  space.wr32(TURING_COMMAND, (command | INVALIDATE.trigger) >>> 0);
  space.wait(TURING_COMMAND, INVALIDATE.trigger, 0);
}

function flushCommand(space: BoundSpace, depth: number): number {
  const scope = INVALIDATE.allAddresses | (usesBar(space) ? INVALIDATE.hubOnly : 0);
  return ((LEVELS - depth) << INVALIDATE.levelShift) | scope;
}

function usesBar(space: BoundSpace): boolean {
  return space.engineUse('bar') !== 0;
}
