import {
  ScriptParser,
  ScriptRunner,
  findChip,
  type AddressRef,
  type Operation,
  type ScriptSpace,
  type StepResult,
} from '@nvmmu/script';
import { MemoryImage, readInstance, type MemoryObject, type TableMemory } from '@nvmmu/vmm-core';
import { DetailWriter } from './details.js';
import { lineSpans } from './line-index.js';
import type { AllocationInfo, ObjectInfo, Progress, Recording, RootChange, SpaceInfo } from './recording.js';
import { allRegions, regionsAround, regionsIn, type RegionRow, type RegionSlice } from './region-rows.js';
import { collectTables, type TouchedTable, type TouchedTables } from './touched-tables.js';
import { WordJournalWriter } from './word-journal.js';

/** Options of {@link Recorder}. */
export interface RecorderOptions {
  /** Runs the script on this chip, whatever it says itself. */
  readonly chip?: string | undefined;
}

interface Live {
  readonly index: number;
  readonly memory: TableMemory;
  readonly shadow: Uint32Array;
}

/** What is known about an operation before it runs. */
interface Plan {
  readonly space: ScriptSpace | undefined;
  /** Addresses that it is about; `NaN` for none. */
  from: number;
  to: number;
  readonly regions: RegionSlice | undefined;
}

/** Registers whose write starts a TLB invalidation: nv50 family, Fermi to Volta, Turing and later. */
const FLUSH_REGISTERS: ReadonlySet<string> = new Set(['0x100c80', '0x100cbc', '0xb830b0']);

/** Operations after which all page-table memory is compared: they have no range of addresses. */
const EVERYWHERE: ReadonlySet<string> = new Set(['vmm', 'join', 'part', 'boot', 'ptcdump', 'close']);

const MEMORY_LIMIT = 2 ** 29;
const ENOMEM = -12;
/** Most lines that the driver logs for a request that it refuses before it has touched a table. */
const LINES_OF_A_CHECK = 2;

/** A hash that costs nothing: recordings don't need one. */
const NO_HASH = { update: (): undefined => undefined, digest: (): string => '' };

/** Runs a script and writes down, step by step, what changes: memory, regions, roots, and what the log says. */
export class Recorder {
  readonly #text: string;
  readonly #parser = new ScriptParser();
  readonly #runner: ScriptRunner;
  readonly #operations: Operation[] = [];
  readonly #lineFrom: number[] = [];
  readonly #lineTo: number[] = [];
  readonly #journal = new WordJournalWriter();
  readonly #details = new DetailWriter();
  readonly #live = new Map<number, Live>();
  readonly #allocations: AllocationInfo[] = [];
  readonly #allocationAt: number[] = [0];
  readonly #allocationEvents: number[] = [];
  readonly #spaces: SpaceInfo[] = [];
  readonly #spaceIndex = new Map<string, number>();
  readonly #objects: ObjectInfo[] = [];
  readonly #objectIndex = new Map<MemoryObject, number>();
  readonly #regionAt: number[] = [0];
  readonly #regions: number[] = [];
  readonly #ret: number[] = [];
  readonly #entries: number[] = [];
  readonly #tablesNew: number[] = [];
  readonly #tablesFreed: number[] = [];
  readonly #flushes: number[] = [];
  readonly #registerWrites: number[] = [];
  readonly #bytes: number[] = [];
  readonly #space: number[] = [];
  readonly #rangeFrom: number[] = [];
  readonly #rangeTo: number[] = [];
  #liveBytes = 0;
  #error: string | undefined;

  constructor(text: string, options: RecorderOptions = {}) {
    this.#text = text;
    const chip = options.chip === undefined ? undefined : findChip(options.chip);
    this.#runner = new ScriptRunner({
      hash: false,
      keepAll: true,
      sha256: () => NO_HASH,
      memoryLimit: MEMORY_LIMIT,
      ...(chip !== undefined && { chip }),
    });
  }

  /** Runs everything, and tells now and then how far it is. */
  *run(): Generator<Progress, void, undefined> {
    yield* this.#read();
    const total = this.#operations.length;
    for (let i = 0; i < total; i++) {
      if (i % 64 === 0) yield { phase: 'run', done: i, total };
      try {
        this.#step(this.#operations[i] as Operation);
      } catch (error) {
        this.#error = error instanceof Error ? error.message : String(error);
        break;
      }
    }
  }

  *#read(): Generator<Progress, void, undefined> {
    const total = this.#text.length;
    try {
      for (const { number, from, to, complete } of lineSpans(this.#text)) {
        if (number % 1024 === 0) yield { phase: 'read', done: from, total };
        const operation = this.#parser.line({ number, text: this.#text.slice(from, to), complete });
        if (operation === undefined) continue;
        this.#operations.push(operation);
        this.#lineFrom.push(from);
        this.#lineTo.push(to);
      }
      this.#parser.end();
    } catch (error) {
      this.#error = error instanceof Error ? error.message : String(error);
    }
  }

  /** What was recorded. */
  async finish(): Promise<Recording> {
    const device = this.#operations[0];
    const isDevice = device?.op === 'device';
    return {
      title: this.#parser.header?.title,
      chip: this.#runner.chip?.name ?? '',
      config: isDevice
        ? { fbPage: device.fbPage, stolen: Number(device.stolen), tags: device.tags }
        : { fbPage: 17, stolen: 0, tags: 0 },
      count: this.#ret.length,
      total: this.#operations.length,
      error: this.#error,
      lineFrom: Uint32Array.from(this.#lineFrom),
      lineTo: Uint32Array.from(this.#lineTo),
      ret: Int16Array.from(this.#ret),
      entries: Uint32Array.from(this.#entries),
      tablesNew: Uint32Array.from(this.#tablesNew),
      tablesFreed: Uint32Array.from(this.#tablesFreed),
      flushes: Uint32Array.from(this.#flushes),
      registerWrites: Uint32Array.from(this.#registerWrites),
      bytes: Float64Array.from(this.#bytes),
      space: Int32Array.from(this.#space),
      rangeFrom: Float64Array.from(this.#rangeFrom),
      rangeTo: Float64Array.from(this.#rangeTo),
      allocations: this.#allocations,
      allocationAt: Uint32Array.from(this.#allocationAt),
      allocationEvents: Int32Array.from(this.#allocationEvents),
      words: this.#journal.finish(),
      spaces: this.#spaces,
      objects: this.#objects,
      regionAt: Uint32Array.from(this.#regionAt),
      regions: Float64Array.from(this.#regions),
      details: await this.#details.finish(),
    };
  }

  #step(operation: Operation): void {
    const plan = this.#plan(operation);
    const before = touchedBy(plan);
    const result = this.#runner.step(operation);
    this.#follow(operation, plan, result);
    const counts = this.#allocate(result);
    const entries = this.#compare(operation, plan, before, result);
    this.#allocationAt.push(this.#allocationEvents.length);
    this.#journal.endStep();
    this.#noteRegions(operation, plan);
    this.#noteRoots(operation, plan);
    this.#details.add(result);
    this.#ret.push(result.ret);
    this.#entries.push(entries);
    this.#tablesNew.push(counts.born);
    this.#tablesFreed.push(counts.died);
    this.#flushes.push(counts.flushes);
    this.#registerWrites.push(counts.writes);
    this.#bytes.push(this.#liveBytes);
    this.#space.push(plan.space === undefined ? -1 : (this.#spaceIndex.get(plan.space.id) ?? -1));
    this.#rangeFrom.push(plan.from);
    this.#rangeTo.push(plan.to);
  }

  #plan(operation: Operation): Plan {
    const space = this.#spaceOf(operation);
    if (space === undefined) return { space, from: NaN, to: NaN, regions: undefined };
    const plan = (from: number, to: number, whole: boolean | undefined): Plan => ({
      space,
      from,
      to,
      regions: whole === undefined ? undefined : regionsAround(space, from, to, whole),
    });
    switch (operation.op) {
      case 'put': {
        const from = this.#resolve(operation.at);
        const regions = regionsAround(space, from, from, true);
        return { space, from, to: regions?.to ?? from, regions };
      }
      case 'unmap': {
        const from = this.#resolve(operation.at);
        const region = space.vmm.state.regions.find(from);
        return plan(from, region === undefined ? from : region.addr + region.size, false);
      }
      case 'map': {
        const from = this.#resolve(operation.at);
        const region = space.vmm.state.regions.find(from);
        const end = operation.size === undefined ? (region?.addr ?? from) + (region?.size ?? 0) : NaN;
        // A map that reaches beyond its region is refused, whatever its size.
        const to = Number.isNaN(end) ? Math.min(from + Number(operation.size), space.vmm.state.limit) : end;
        return plan(from, to, false);
      }
      case 'pfnmap': {
        const { frames, page } = operation;
        const count = 'list' in frames ? frames.list.length : frames.count;
        const from = this.#resolve(operation.at);
        const size = operation.size === undefined ? count * 2 ** page : Number(operation.size);
        return plan(from, Math.min(from + size, space.vmm.state.limit), false);
      }
      case 'pfnclr': {
        const from = this.#resolve(operation.at);
        return plan(from, Math.min(from + Number(operation.size), space.vmm.state.limit), false);
      }
      case 'rawget':
      case 'rawput':
      case 'rawmap':
      case 'rawunmap':
      case 'rawsparse': {
        const from = Number(operation.addr);
        return plan(from, Math.min(from + Number(operation.size), space.vmm.state.limit), undefined);
      }
      case 'close':
      case 'boot':
        return { space, from: NaN, to: NaN, regions: operation.op === 'close' ? allRegions(space) : undefined };
      default:
        return { space, from: NaN, to: NaN, regions: undefined };
    }
  }

  /** What the result adds to the plan: the range that a `get` found, the object that a `mem` made, a new space. */
  #follow(operation: Operation, plan: Plan, result: StepResult): void {
    if (operation.op === 'mem') this.#noteObject(operation.id, operation.target);
    if (operation.op === 'get' && result.addr !== undefined && plan.space !== undefined) {
      plan.from = Number(result.addr);
      const region = plan.space.vmm.state.regions.find(plan.from);
      plan.to = region === undefined ? plan.from : region.addr + region.size;
    }
    if (operation.op === 'vmm' && result.ret === 0) this.#noteSpace(operation.id, result.index);
    if (operation.op === 'close' && plan.space !== undefined) {
      const info = this.#spaces[this.#spaceIndex.get(plan.space.id) ?? -1];
      if (info !== undefined) info.closed ??= result.index;
    }
  }

  #spaceOf(operation: Operation): ScriptSpace | undefined {
    if (!('vmm' in operation)) return undefined;
    const space = operation.vmm === undefined ? this.#runner.current : this.#runner.spaces.get(operation.vmm);
    return space === undefined || space.vmm.isClosed ? undefined : space;
  }

  #resolve(at: AddressRef): number {
    if ('addr' in at) return Number(at.addr);
    return Number((this.#runner.addresses.get(at.vma) ?? 0n) + at.delta);
  }

  #noteObject(id: string, target: string): void {
    const memory = this.#runner.memories.get(id);
    if (memory === undefined) return;
    this.#objectIndex.set(memory, this.#objects.length);
    this.#objects.push({ id, target });
  }

  #noteSpace(id: string, step: number): void {
    const space = this.#runner.spaces.get(id);
    if (space === undefined) return;
    const { vmm } = space;
    this.#spaceIndex.set(id, this.#spaces.length);
    const device = this.#operations[step];
    const isVmm = device?.op === 'vmm';
    this.#spaces.push({
      id,
      name: vmm.name,
      type: vmm.type,
      bigPage: isVmm ? device.bigPage : undefined,
      replay: isVmm ? device.replay : undefined,
      start: Number(vmm.start),
      limit: Number(vmm.limit),
      pages: vmm.pages.map(({ shift }) => ({ shift })),
      created: step,
      closed: undefined,
      roots: [],
    });
  }

  /** Notes allocations that came and went, and counts register writes. */
  #allocate(result: StepResult): { born: number; died: number; flushes: number; writes: number } {
    const provider = this.#runner.provider;
    const counts = { born: 0, died: 0, flushes: 0, writes: 0 };
    const born = new Map<number, number>();
    const dead: number[] = [];
    for (const event of result.events.items) {
      const [name, first] = event;
      if (name === 'ptnew') {
        counts.born++;
        born.set(Number(first), event[3] === 1 ? 0 : 0xcccccccc);
      } else if (name === 'ptfree') {
        counts.died++;
        if (!born.delete(Number(first))) dead.push(Number(first));
      } else if (name === 'wr32') {
        counts.writes++;
        if (FLUSH_REGISTERS.has(String(first))) counts.flushes++;
      }
    }
    for (const [addr, fill] of born) {
      const memory = provider?.find(addr);
      if (memory === undefined) continue;
      const index = this.#allocations.length;
      const { size, target } = memory;
      this.#allocations.push({ addr, size, target, fill, born: result.index, died: undefined });
      const shadow = new Uint32Array(memory.words.length);
      if (fill !== 0) shadow.fill(fill);
      this.#live.set(addr, { index, memory, shadow });
      this.#allocationEvents.push(index);
      this.#liveBytes += size;
    }
    for (const addr of dead) {
      const live = this.#live.get(addr);
      if (live === undefined) continue;
      // Back to what it was when it was allocated, so that it can be released here and revived on the way back.
      const fill = this.#allocations[live.index]?.fill ?? 0;
      const blank = new Uint32Array(live.shadow.length);
      if (fill !== 0) blank.fill(fill);
      this.#journal.diff(live.index, live.shadow, blank, 0, blank.length, 2);
      this.#live.delete(addr);
      const info = this.#allocations[live.index];
      if (info !== undefined) info.died = result.index;
      this.#allocationEvents.push(-1 - live.index);
      this.#liveBytes -= live.memory.size;
    }
    return counts;
  }

  /** Compares memory with its shadow wherever the operation can have written. Returns the entries that changed. */
  #compare(operation: Operation, plan: Plan, before: TouchedTables, result: StepResult): number {
    let entries = 0;
    const compare = (live: Live, from: number, to: number, entryWords: number): void => {
      entries += this.#journal.diff(live.index, live.shadow, live.memory.words, from, to, entryWords);
    };
    const after = touchedBy(plan);
    for (const [addr, table] of new Map([...before, ...after])) {
      const live = this.#live.get(table.memory.addr);
      if (live?.memory !== table.memory) continue;
      // A table that came or went was written as a whole.
      const isWhole = !before.has(addr) || !after.has(addr);
      const { first, end, from, to, entryWords }: TouchedTable = table;
      compare(live, isWhole ? first : from, isWhole ? end : to, entryWords);
    }
    // A refusal that came late has built tables and taken them down again, from parked ones that keep what it wrote.
    const wasUndone = result.ret === ENOMEM || (result.ret < 0 && result.log.count > LINES_OF_A_CHECK);
    if (EVERYWHERE.has(operation.op) || wasUndone) {
      for (const live of this.#live.values()) compare(live, 0, live.shadow.length, 2);
      return entries;
    }
    for (let i = this.#allocationAt.at(-1) ?? 0; i < this.#allocationEvents.length; i++) {
      const index = this.#allocationEvents[i] as number;
      const live = index < 0 ? undefined : this.#live.get(this.#allocations[index]?.addr ?? -1);
      if (live !== undefined) compare(live, 0, live.shadow.length, 2);
    }
    // Where the directory lives in instance blocks, every one of them is written.
    if (plan.space !== undefined && plan.space.vmm.state.directory === undefined) {
      for (const block of plan.space.vmm.state.joined) {
        const live = this.#live.get(block.addr);
        if (live !== undefined) compare(live, 0, live.shadow.length, 2);
      }
    }
    return entries;
  }

  #noteRegions(operation: Operation, plan: Plan): void {
    if (operation.op === 'vmm') {
      const index = this.#spaces.length - 1;
      const space = this.#runner.spaces.get(operation.id);
      if (space !== undefined && this.#spaces[index]?.created === this.#ret.length) {
        for (const row of allRegions(space).rows) this.#pushRow(index, row);
      }
    } else if (plan.space !== undefined) {
      const index = this.#spaceIndex.get(plan.space.id) ?? -1;
      if (operation.op === 'get') {
        if (plan.from < plan.to) {
          for (const row of regionsIn(plan.space, plan.from, plan.to)) this.#pushRow(index, row);
        }
      } else if (plan.regions !== undefined) {
        const { from, to, rows } = plan.regions;
        const now = operation.op === 'close' ? [] : regionsIn(plan.space, from, to);
        this.#replaceRows(index, rows, now);
      }
    }
    this.#regionAt.push(this.#regions.length / 5);
  }

  #replaceRows(space: number, rows: readonly RegionRow[], now: readonly RegionRow[]): void {
    const same = (a: RegionRow | undefined, b: RegionRow): boolean =>
      a?.size === b.size && a.flags === b.flags && a.memory === b.memory;
    const by = new Map(now.map((row) => [row.addr, row]));
    const old = new Map(rows.map((row) => [row.addr, row]));
    for (const row of rows) if (!same(by.get(row.addr), row)) this.#pushRow(-1 - space, row);
    for (const row of now) if (!same(old.get(row.addr), row)) this.#pushRow(space, row);
  }

  #pushRow(space: number, { addr, size, flags, memory }: RegionRow): void {
    const object = memory === undefined ? -1 : (this.#objectIndex.get(memory) ?? -1);
    this.#regions.push(space, addr, size, flags, object);
  }

  /** Notes spaces whose top-level directory is elsewhere than before. */
  #noteRoots(operation: Operation, plan: Plan): void {
    if (!['vmm', 'join', 'part', 'close'].includes(operation.op)) return;
    const id = operation.op === 'vmm' ? operation.id : plan.space?.id;
    const space = id === undefined ? undefined : this.#runner.spaces.get(id);
    const info = id === undefined ? undefined : this.#spaces[this.#spaceIndex.get(id) ?? -1];
    if (space === undefined || info === undefined) return;
    const root = rootOf(space, this.#runner.provider?.allocations() ?? []);
    const last = info.roots.at(-1)?.root;
    if (last?.addr !== root?.addr || last?.target !== root?.target || info.roots.length === 0) {
      info.roots.push({ step: this.#ret.length, root });
    }
  }
}

/** The tables that cover the addresses of an operation, as things stand. */
function touchedBy({ space, from, to }: Plan): TouchedTables {
  const touched: TouchedTables = new Map();
  if (space !== undefined && from < to) collectTables(space, from, to, touched);
  return touched;
}

/** The directory of a space: its own, or that in an instance block it is joined to. */
function rootOf({ vmm }: ScriptSpace, allocations: readonly TableMemory[]): RootChange['root'] {
  if (vmm.isClosed) return undefined;
  const { directory, joined, template, limit } = vmm.state;
  if (directory !== undefined) return { target: directory.target, addr: directory.addr, limit };
  const [block] = joined;
  if (block === undefined) return undefined;
  const image = new MemoryImage(allocations);
  const result = readInstance(template.format, image, { target: block.target, addr: BigInt(block.addr) });
  return result.kind === 'root' ? { target: result.target, addr: Number(result.addr), limit } : undefined;
}
