import type { AddressRef, Operation, ScriptRunner, ScriptSpace, StepResult } from '@nvmmu/script';
import { listRanges, MemoryImage, type Vmm } from '@nvmmu/vmm-core';
import { describeOperation } from './account.js';
import { Intervals, subtract, type Interval } from './intervals.js';
import { LiveMemory } from './live-memory.js';
import { rootOf } from './tables.js';

/** An operation of a script, for people. */
export interface ScriptStep {
  /** Number, as `run` prints it. */
  readonly index: number;
  readonly text: string;
}

/** Addresses that an operation mapped. */
export interface LiveMapping extends Interval {
  readonly by: ScriptStep;
}

/** Addresses that were mapped until an operation. */
export interface GoneMapping extends LiveMapping {
  readonly goneBy: ScriptStep;
}

interface SpaceHistory {
  readonly live: Intervals<LiveMapping>;
  gone: GoneMapping[];
  /** Whether some of `gone` was dropped. */
  forgot: boolean;
}

/** An operation changes mappings in this range. */
interface Change extends Interval {
  readonly id: string;
}

/** Most mappings that are gone to remember; the oldest go first. */
const GONE_LIMIT = 1 << 16;
const EVERYTHING = 1n << 64n;

/**
 * Follows a script and remembers which operation mapped what and which took it away again, by what the tables say
 * before and after each. Give its two methods to `runScript`.
 */
export class MappingHistory {
  readonly #spaces = new Map<string, SpaceHistory>();
  /** What the operation that runs is about to change. */
  #change: Change | undefined = undefined;

  /** Looks at what an operation is going to change. */
  readonly before = (operation: Operation, runner: ScriptRunner): void => {
    this.#change = changeOf(operation, runner);
  };

  /** Looks at what it has changed. */
  readonly after = (step: StepResult, runner: ScriptRunner): void => {
    const change = this.#change;
    if (change === undefined || step.ret !== 0) return;
    const space = runner.spaces.get(change.id);
    if (space === undefined) return;
    const by = { index: step.index, text: `${step.operation.op} ${describeOperation(step.operation)}`.trim() };
    const maps = MAPS.has(step.operation.op);
    this.#update(change, mappedIn(space, change, maps, runner), by, maps);
  };

  /** The mapping that contains an address at the end. */
  mapped(id: string, address: bigint): LiveMapping | undefined {
    return this.#spaces.get(id)?.live.at(address);
  }

  /** The last mapping that contained an address and is gone. */
  gone(id: string, address: bigint): GoneMapping | undefined {
    return this.#spaces.get(id)?.gone.findLast(({ start, end }) => start <= address && address < end);
  }

  /** Whether an address that is in none was never mapped, as far as is remembered. */
  isComplete(id: string): boolean {
    return this.#spaces.get(id)?.forgot !== true;
  }

  #update(change: Change, now: readonly Interval[], by: ScriptStep, maps: boolean): void {
    let space = this.#spaces.get(change.id);
    if (space === undefined) this.#spaces.set(change.id, (space = { live: new Intervals(), gone: [], forgot: false }));
    const { gone } = space;
    space.live.replace(change, (old) => {
      const outside: LiveMapping[] = [];
      const kept: LiveMapping[] = [];
      for (const mapping of old) {
        for (const part of subtract([mapping], [change])) outside.push({ ...part, by: mapping.by });
        const inside = cut(mapping, change);
        for (const part of subtract([inside], now)) gone.push({ ...part, by: mapping.by, goneBy: by });
        if (maps) continue;
        for (const part of subtract([inside], [...subtract([inside], now)])) kept.push({ ...part, by: mapping.by });
      }
      const fresh = maps ? now.map((range) => ({ ...range, by })) : kept;
      return [...outside, ...fresh].sort((a, b) => (a.start < b.start ? -1 : 1));
    });
    if (gone.length > GONE_LIMIT) {
      space.gone = gone.slice(GONE_LIMIT >> 1);
      space.forgot = true;
    }
  }
}

const MAPS: ReadonlySet<string> = new Set(['map', 'pfnmap', 'rawmap']);

function cut(interval: Interval, { start, end }: Interval): Interval {
  return { start: interval.start > start ? interval.start : start, end: interval.end < end ? interval.end : end };
}

/** What is mapped in a range, neighbours joined. */
function mappedIn(space: ScriptSpace, { start, end }: Interval, maps: boolean, runner: ScriptRunner): Interval[] {
  if (space.closed !== undefined) return [];
  // The directory of the oldest chips is in an instance block, which is small to look for.
  const image =
    space.vmm.state.directory === undefined ? new MemoryImage(runner.provider?.allocations()) : new MemoryImage();
  const root = rootOf(space, image);
  // Not bound to anything that could walk: what the operation asked for is what there is.
  if (root === undefined) return maps ? [{ start, end }] : [];
  const ranges: Interval[] = [];
  const { format } = space.vmm.state.template;
  for (const { kind, va, size } of listRanges(format, new LiveMemory(runner), root, {
    start,
    end,
    kinds: ['mapped'],
  })) {
    if (kind !== 'mapped') continue;
    const part = cut({ start: va, end: va + size }, { start, end });
    const last = ranges.at(-1);
    if (last?.end === part.start) ranges[ranges.length - 1] = { start: last.start, end: part.end };
    else if (part.end > part.start) ranges.push(part);
  }
  return ranges;
}

/** The range in which an operation can change what is mapped, or `undefined` when it changes nothing. */
function changeOf(operation: Operation, runner: ScriptRunner): Change | undefined {
  switch (operation.op) {
    case 'map':
    case 'unmap':
    case 'put':
    case 'pfnmap':
    case 'pfnclr':
    case 'rawmap':
    case 'rawunmap':
    case 'rawput':
    case 'rawsparse':
    case 'close': {
      const id = operation.vmm ?? runner.current?.id;
      const vmm = id === undefined ? undefined : runner.spaces.get(id)?.vmm;
      if (id === undefined || vmm === undefined || vmm.isClosed) return undefined;
      const range = rangeOf(operation, vmm, runner);
      return range === undefined ? undefined : { id, ...range };
    }
    default:
      return undefined;
  }
}

type Changing = Extract<
  Operation,
  { op: 'map' | 'unmap' | 'put' | 'pfnmap' | 'pfnclr' | 'rawmap' | 'rawunmap' | 'rawput' | 'rawsparse' | 'close' }
>;

function rangeOf(operation: Changing, vmm: Vmm, runner: ScriptRunner): Interval | undefined {
  if (operation.op === 'close') return { start: 0n, end: EVERYTHING };
  if ('addr' in operation) return { start: operation.addr, end: operation.addr + operation.size };
  const start = resolve(operation.at, runner);
  if (start === undefined) return undefined;
  switch (operation.op) {
    case 'put':
      return allocation(vmm, start);
    case 'map':
    case 'unmap': {
      if (operation.op === 'map' && operation.size !== undefined) return { start, end: start + operation.size };
      const region = vmm.regionAt(start);
      return region === undefined ? undefined : { start: region.addr, end: region.addr + region.size };
    }
    case 'pfnmap': {
      const { frames, page, size } = operation;
      const count = 'list' in frames ? frames.list.length : frames.count;
      return { start, end: start + (size ?? BigInt(count) << BigInt(page)) };
    }
    case 'pfnclr':
      return { start, end: start + operation.size };
  }
}

/** An allocation with all parts into which maps have split it. */
function allocation(vmm: Vmm, addr: bigint): Interval | undefined {
  const first = vmm.regionAt(addr);
  if (first === undefined) return undefined;
  let end = first.addr + first.size;
  for (let next = vmm.regionAt(end); next?.part === true; next = vmm.regionAt(end)) end = next.addr + next.size;
  return { start: first.addr, end };
}

function resolve(at: AddressRef, runner: ScriptRunner): bigint | undefined {
  if ('addr' in at) return at.addr;
  const base = runner.addresses.get(at.vma);
  return base === undefined ? undefined : base + at.delta;
}
