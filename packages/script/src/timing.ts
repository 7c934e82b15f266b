import type { Chip } from '@nvmmu/vmm-core';
import type { Operation } from './operations.js';
import { ScriptRunner } from './runner.js';

/** Options of {@link timeScript}. */
export interface TimingOptions {
  /** Reads a clock in nanoseconds. */
  readonly clock: () => number;
  /** Replays that count; default 5. */
  readonly repeat?: number;
  /** Replays before them that don't; default 1. */
  readonly warmup?: number;
  readonly chips?: readonly Chip[];
  readonly chip?: Chip;
  /** Called after each replay, warm-up included. */
  readonly onReplay?: (done: number, all: number) => void;
}

/** What one kind of operation took. */
export interface OperationTime {
  /** Operations of the kind in one replay. */
  readonly count: number;
  /** Median over the replays of the nanoseconds that all of them took together. */
  readonly ns: number;
}

/** What {@link timeScript} measured. */
export interface Timing {
  /** Median over the replays of the nanoseconds of all calls together. */
  readonly total: number;
  /** By operation name, for operations that call the device. */
  readonly operations: ReadonlyMap<string, OperationTime>;
}

/** Operations without a call into the device, or whose call is not one of an address space. */
const UNTIMED: ReadonlySet<string> = new Set(['device', 'mem', 'dump', 'failalloc']);

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? 0) + high) / 2;
}

/**
 * Replays a script several times, without log, events and hashes, each time on a new device, and measures the calls
 * alone. Two readings of the clock are inside every time.
 *
 * @throws ScriptError as {@link ScriptRunner.step} does.
 */
export function timeScript(operations: readonly Operation[], options: TimingOptions): Timing {
  const repeat = options.repeat ?? 5;
  const warmup = options.warmup ?? 1;
  const totals: number[] = [];
  const byKind = new Map<string, { count: number; times: number[] }>();
  for (const { op } of operations) {
    if (UNTIMED.has(op)) continue;
    const kind = byKind.get(op);
    if (kind === undefined) byKind.set(op, { count: 1, times: [] });
    else kind.count++;
  }
  for (let replay = 0; replay < warmup + repeat; replay++) {
    const sums = replayOnce(operations, options);
    if (replay >= warmup) {
      let total = 0;
      for (const [op, kind] of byKind) {
        const sum = sums.get(op) ?? 0;
        kind.times.push(sum);
        total += sum;
      }
      totals.push(total);
    }
    options.onReplay?.(replay + 1, warmup + repeat);
  }
  return {
    total: median(totals),
    operations: new Map([...byKind].map(([op, { count, times }]) => [op, { count, ns: median(times) }])),
  };
}

function replayOnce(operations: readonly Operation[], { clock, chips, chip }: TimingOptions): Map<string, number> {
  const runner = new ScriptRunner({
    clock,
    log: 'none',
    events: false,
    hash: false,
    ...(chips !== undefined && { chips }),
    ...(chip !== undefined && { chip }),
  });
  const sums = new Map<string, number>();
  for (const operation of operations) {
    const { time } = runner.step(operation);
    sums.set(operation.op, (sums.get(operation.op) ?? 0) + time);
  }
  return sums;
}
