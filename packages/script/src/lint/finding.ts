import type { Chip, RegionInfo } from '@nvmmu/vmm-core';
import type { Operation } from '../operations.js';
import type { ScriptSpace } from '../names.js';
import type { ScriptRunner } from '../runner.js';
import type { StepResult } from '../step.js';

/** A pattern in a script that hurts on a real driver. */
export interface Finding {
  /** Line of the script, from 1. */
  readonly line: number;
  /** Number of the operation, from 0. */
  readonly index: number;
  readonly op: string;
  /** What the pattern is called: `KD-31` for a known defect of the driver, or a word. */
  readonly rule: string;
  /** `error`: the driver corrupts its state or stops. `warning`: wrong or lost translations, leaks. `note`: waste. */
  readonly severity: 'error' | 'warning' | 'note';
  /** What the script does. */
  readonly message: string;
  /** What an uncorrected driver makes of it. */
  readonly reason: string;
}

/** A pattern as data: everything but the place and the values. */
export interface Rule {
  readonly rule: string;
  readonly severity: Finding['severity'];
  readonly reason: string;
}

/** What the checks of one operation look at. */
export interface LintContext {
  readonly runner: ScriptRunner;
  readonly chip: Chip;
  readonly operation: Operation;
  /** The address space that the operation acts on; also after it was closed. */
  readonly space: ScriptSpace | undefined;
  /** What the linter remembers of that space. */
  readonly memory: SpaceMemory;
  /** The address that the operation names, when it names one. */
  readonly addr: bigint | undefined;
  /** The region there before the operation, and all used regions that its range touches. */
  readonly region: RegionInfo | undefined;
  readonly touched: readonly RegionInfo[];
  /** The bytes that the operation names, as far as they are known. */
  readonly size: bigint | undefined;
  /** What it did. */
  readonly step: StepResult;
  /** Whether an allocation failure is armed. */
  readonly armed: boolean;
  readonly report: (rule: Rule, message: string) => void;
}

/** A range of addresses with the page size that it was used with. */
export interface UsedRange {
  readonly addr: bigint;
  readonly size: bigint;
  readonly page: number;
  readonly line: number;
}

/** What happened in one address space so far. */
export interface SpaceMemory {
  booted: boolean;
  /** Allocations that were not put, by address. */
  readonly allocations: Map<
    bigint,
    {
      readonly id: string;
      readonly line: number;
      readonly size: bigint;
      readonly type: string;
      readonly sparse: boolean;
    }
  >;
  /** Addresses of sparse allocations in which something was mapped with small pages. */
  readonly smallInSparse: Set<bigint>;
  /** References, mappings and sparse ranges of raw calls that still stand. */
  readonly held: UsedRange[];
  readonly rawMapped: UsedRange[];
  readonly rawSparse: UsedRange[];
  /** Directory entries in which pages of a size were mapped, to say it once. */
  readonly sizesAt: Map<bigint, number>;
  /** Reports that are made once for a space. */
  readonly said: Set<string>;
}

/** An empty memory. */
export function createMemory(): SpaceMemory {
  return {
    booted: false,
    allocations: new Map(),
    smallInSparse: new Set(),
    held: [],
    rawMapped: [],
    rawSparse: [],
    sizesAt: new Map(),
    said: new Set(),
  };
}

/** Whether two ranges have an address in common. */
export function overlaps(a: { addr: bigint; size: bigint }, b: { addr: bigint; size: bigint }): boolean {
  return a.addr < b.addr + b.size && b.addr < a.addr + a.size;
}
