import type { ReasonCode } from './reasons.js';
import type { FaultRecord } from './record.js';

/** Faults that are the same but for when they came. */
export interface FaultGroup {
  /** The first of them, with the events around all of them as far as they fit. */
  record: FaultRecord;
  count: number;
  first: { line: number; stamp?: string };
  last: { line: number; stamp?: string };
}

/** How many faults there were, and how they are spread. */
export interface FaultSummary {
  count: number;
  first?: { line: number; stamp?: string };
  last?: { line: number; stamp?: string };
  groups: FaultGroup[];
  /** Faults that are counted but no longer grouped, because there were too many kinds. */
  ungrouped: number;
  byProcess: { process: string; count: number }[];
  byReason: { reason: ReasonCode; count: number }[];
  byGpu: { gpu: string; count: number }[];
  /** What the addresses have in common, in sentences. */
  patterns: string[];
}

/** Collects faults one by one in bounded memory. */
export interface SummaryBuilder {
  add(record: FaultRecord): void;
  result(): FaultSummary;
}

const AFTER_LIMIT = 16;
const SAMPLE_LIMIT = 64;

const place = ({ line, stamp }: FaultRecord): { line: number; stamp?: string } =>
  stamp === undefined ? { line } : { line, stamp };

/** What makes two faults the same: everything the line says but the time, the channel's number and the address's low bits. */
function keyOf(record: FaultRecord): string {
  const { decoded } = record;
  return JSON.stringify([
    record.form,
    record.bdf ?? record.device,
    record.address_value,
    decoded.access,
    record.engine_id ?? record.engine,
    record.client_unit,
    record.client_id ?? record.client,
    record.subclient_id ?? record.subclient,
    record.reason_id ?? record.reason,
    record.channel,
    record.process,
    record.pid,
  ]);
}

const ranked = (counts: ReadonlyMap<string, number>): [string, number][] => [...counts].sort((a, b) => b[1] - a[1]);

function bump(counts: Map<string, number>, key: string, limit: number): void {
  const known = counts.get(key);
  if (known !== undefined) counts.set(key, known + 1);
  else if (counts.size < limit) counts.set(key, 1);
  else counts.set('(others)', (counts.get('(others)') ?? 0) + 1);
}

class Builder implements SummaryBuilder {
  readonly #limit: number;
  readonly #groups = new Map<string, FaultGroup>();
  readonly #processes = new Map<string, number>();
  readonly #reasons = new Map<string, number>();
  readonly #gpus = new Map<string, number>();
  readonly #sample: { address: bigint; owner: string; gpu: string }[] = [];
  #first: { line: number; stamp?: string } | undefined;
  #last: { line: number; stamp?: string } | undefined;
  #count = 0;
  #ungrouped = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(record: FaultRecord): void {
    this.#count++;
    this.#first ??= place(record);
    this.#last = place(record);
    const owner = record.process ?? '(not named)';
    const gpu = record.bdf ?? record.device ?? '(not named)';
    bump(this.#processes, owner, 256);
    bump(this.#reasons, record.decoded.reason, 256);
    bump(this.#gpus, gpu, 256);
    if (record.address_value !== undefined && this.#sample.length < SAMPLE_LIMIT) {
      this.#sample.push({ address: BigInt(record.address_value), owner: `${owner}/${record.pid ?? ''}`, gpu });
    }
    const key = keyOf(record);
    const group = this.#groups.get(key);
    if (group !== undefined) {
      group.count++;
      group.last = place(record);
      for (const event of record.after) {
        if (group.record.after.length >= AFTER_LIMIT) break;
        if (!group.record.after.some(({ kind }) => kind === event.kind)) group.record.after.push(event);
      }
    } else if (this.#groups.size < this.#limit) {
      const copy = { ...record, before: [...record.before], after: [...record.after] };
      this.#groups.set(key, { record: copy, count: 1, first: place(record), last: place(record) });
    } else this.#ungrouped++;
  }

  result(): FaultSummary {
    return {
      count: this.#count,
      ...(this.#first === undefined ? {} : { first: this.#first }),
      ...(this.#last === undefined ? {} : { last: this.#last }),
      groups: [...this.#groups.values()],
      ungrouped: this.#ungrouped,
      byProcess: ranked(this.#processes).map(([process, count]) => ({ process, count })),
      byReason: ranked(this.#reasons).map(([reason, count]) => ({ reason: reason as ReasonCode, count })),
      byGpu: ranked(this.#gpus).map(([gpu, count]) => ({ gpu, count })),
      patterns: this.#patterns(),
    };
  }

  #patterns(): string[] {
    const list: string[] = [];
    const sample = this.#sample;
    const owners = new Map<bigint, Set<string>>();
    for (const { address, owner } of sample) {
      const set = owners.get(address) ?? new Set();
      set.add(owner);
      owners.set(address, set);
    }
    for (const [address, set] of owners) {
      if (set.size > 1) {
        list.push(
          `Address 0x${address.toString(16)} faults in ${set.size} processes: probably a buffer that the driver places.`,
        );
      }
    }
    if (sample.length > 1 && owners.size === 1) list.push('Always the same address.');
    const distinct = [...owners.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    if (distinct.length > 2) {
      const steps = new Set(distinct.slice(1).map((address, i) => address - (distinct[i] ?? 0n)));
      const [step] = steps;
      if (steps.size === 1 && step !== undefined) {
        list.push(`The addresses are 0x${step.toString(16)} bytes apart: one for each client, channel or GPU.`);
      }
    }
    const gpus = new Set(sample.map(({ gpu }) => gpu));
    if (gpus.size > 1) list.push(`Several GPUs fault (${gpus.size}).`);
    else if (sample.length > 1) list.push('Always the same GPU.');
    return list;
  }
}

/** Makes a summary that takes faults one by one; beyond `maxGroups` kinds (default 1000) new kinds are only counted. */
export function createSummary(options: { maxGroups?: number } = {}): SummaryBuilder {
  return new Builder(options.maxGroups ?? 1000);
}

/** Summarizes faults: how many, first and last, the same ones grouped, per process and reason. */
export function summarize(records: Iterable<FaultRecord>, options: { maxGroups?: number } = {}): FaultSummary {
  const builder = createSummary(options);
  for (const record of records) builder.add(record);
  return builder.result();
}
