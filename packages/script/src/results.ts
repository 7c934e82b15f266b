import { formatHex } from './numbers.js';
import type { StepResult } from './step.js';

/** An event as results write it: its name, then hexadecimal strings or small numbers. */
export type EventRecord = readonly [name: string, ...values: (string | number)[]];

/** Most log lines, and most events, that a result spells out; more become a count and a hash. */
export const LIST_LIMIT = 64;

/** One line of a result file: what an operation must give, down to the last byte. Keys are in their order. */
export interface GoldenResult {
  readonly i: number;
  readonly op: string;
  /** 0, or a negative errno. */
  readonly ret: number;
  readonly addr?: string;
  readonly pfns?: readonly string[];
  readonly log?: readonly string[];
  readonly logN?: number;
  readonly logSha?: string;
  readonly ev?: readonly EventRecord[];
  readonly evN?: number;
  readonly evSha?: string;
  readonly vmas?: readonly string[];
  readonly mem?: string;
}

/** The result line of a step, as an object whose JSON text is the line. `mem` is missing if the step has no hash. */
export function toGolden(step: StepResult): GoldenResult {
  const { addr, pfns, log, events, vmas, mem } = step;
  return {
    i: step.index,
    op: step.operation.op,
    ret: step.ret,
    ...(addr !== undefined && { addr: formatHex(addr) }),
    ...(pfns !== undefined && { pfns: Array.from(pfns, formatHex) }),
    ...(log.sha === undefined ? { log: log.items } : { logN: log.count, logSha: log.sha }),
    ...(events.sha === undefined ? { ev: events.items } : { evN: events.count, evSha: events.sha }),
    ...(vmas !== undefined && { vmas }),
    ...(mem !== undefined && { mem }),
  };
}

/** The result line of a step: compact JSON without a line end. */
export function formatResult(step: StepResult): string {
  return JSON.stringify(toGolden(step));
}
