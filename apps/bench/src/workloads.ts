import { createHash } from 'node:crypto';
import { parseScript, ScriptRunner, timeScript, WORKLOADS, type Operation, type Sha256 } from '@nvmmu/script';
import { measureBounds, type Bounds } from './bounds.js';
import { nanoseconds } from './clock.js';

/** What is known of a workload from elsewhere. */
interface Reference {
  /** What the reference driver takes, native C, on the same class of machine; milliseconds. */
  readonly driver: number;
  /** How much of that is aimed at. */
  readonly target: number;
  /** Hash of page-table memory after the whole script. */
  readonly hash: string;
  /** Entries that its maps write, where they are what it is about. */
  readonly entries: number;
}

const GIB_4_ENTRIES = 2 ** 11 + 2 ** 16 + 2 ** 20;

const REFERENCES: Readonly<Record<string, Reference>> = {
  '1-map4g': {
    driver: 7.9,
    target: 0.5,
    hash: '18cca14b55f8f29e3d79f62040ed0b42d112c08953c97959de0ec4e2304a6a63',
    entries: 2 * GIB_4_ENTRIES,
  },
  '2-host4k': {
    driver: 11.8,
    target: 0.6,
    hash: 'cced0722ff3b1ad416b1f17f5508d44de5c03c9fafcb04ae636b6b9dcede14e6',
    entries: 128 * 16384,
  },
  '3-frag': {
    driver: 93.3,
    target: 1,
    hash: 'd857f88663c0dc3480677a46f0655b6682f1d25db94b8b5683be7ce971e25d51',
    entries: 0,
  },
  '4-sparse': {
    driver: 15.9,
    target: 0.8,
    hash: '29555496808b8d6f32ddadd2d5694309170a35ac3da5f24dd34fc6d55807e463',
    entries: 0,
  },
  '5-pfn': {
    driver: 31.3,
    target: 0.5,
    hash: 'f01681b17f6d871384d55b4f943589c4a34b2dc44f464aef4cf16dccc904bfeb',
    entries: 4064 * 512,
  },
  '6-align': {
    driver: 73.1,
    target: 1,
    hash: 'fe2ea9a20b4c9c296ca17431b59d502e7f4d53707d7f2b36478a0eb1c71c7279',
    entries: 0,
  },
};

/** Replays before those that count: until the heap has stopped growing, whose fresh pages cost more than the work. */
const WARM_UP = 16;

/** What one workload took. Times are medians over the replays. */
export interface WorkloadReport {
  readonly workload: string;
  readonly title: string;
  readonly ms: number;
  /** The reference driver's time, and ours as a part of it. */
  readonly driverMs: number;
  readonly ratio: number;
  readonly target: number;
  /** By kind of operation: how many, and nanoseconds of one. */
  readonly operations: Readonly<Record<string, { readonly count: number; readonly ns: number }>>;
  /** Nanoseconds of one entry written by maps, where that makes sense. */
  readonly entryNs: number | undefined;
  readonly bounds: Bounds;
}

/** Names of the workloads. */
export function workloadNames(): string[] {
  return WORKLOADS.map(({ name }) => name);
}

/**
 * Runs a workload in this process, and checks what it leaves in memory.
 *
 * @throws Error when that is not what the reference driver leaves.
 */
export function runWorkload(name: string, repeat: number): WorkloadReport {
  const workload = WORKLOADS.find((candidate) => candidate.name === name);
  const reference = REFERENCES[name];
  if (workload === undefined || reference === undefined) throw new Error(`there is no workload "${name}"`);
  const { operations } = parseScript([...workload.lines()].join('\n'));
  const bounds = measureBounds();
  const timing = timeScript(operations, { clock: nanoseconds, repeat, warmup: WARM_UP });
  checkMemory(name, operations, reference.hash);
  const kinds: Record<string, { count: number; ns: number }> = {};
  for (const [kind, { count, ns }] of timing.operations) kinds[kind] = { count, ns: ns / count };
  const writing = (kinds['map']?.ns ?? 0) * (kinds['map']?.count ?? 0);
  const frames = (kinds['pfnmap']?.ns ?? 0) * (kinds['pfnmap']?.count ?? 0);
  return {
    workload: name,
    title: workload.title,
    ms: timing.total / 1e6,
    driverMs: reference.driver,
    ratio: timing.total / 1e6 / reference.driver,
    target: reference.target,
    operations: kinds,
    entryNs: reference.entries > 0 ? (writing + frames) / reference.entries : undefined,
    bounds,
  };
}

function sha256(): Sha256 {
  const hash = createHash('sha256');
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    digest: () => hash.digest('hex'),
  };
}

function checkMemory(name: string, operations: readonly Operation[], expected: string): void {
  const last = operations.at(-1);
  const runner = new ScriptRunner({ log: 'none', events: false, hash: false });
  for (const operation of operations) runner.step(operation);
  const hash = sha256();
  for (const { addr, size, words } of runner.provider?.allocations() ?? []) {
    hash.update(new Uint8Array(BigUint64Array.of(BigInt(addr), BigInt(size)).buffer));
    hash.update(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
  }
  const got = hash.digest();
  if (got !== expected) throw new Error(`${name} leaves memory ${got} after ${last?.op ?? 'nothing'}, not ${expected}`);
}
