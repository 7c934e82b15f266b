import type { BumpProvider } from '@nvmmu/ptcache';
import type { Operation, ScriptRunner } from '@nvmmu/script';
import { hex, PAGE, readInstance, Walker, type Chip, type Vmm } from '@nvmmu/vmm-core';
import { Machine, ModelError, type Ran } from './machine.js';
import { PAGE_BYTES, PAGE_SHIFT, SpaceModel, type Cell, type Expected, type Range } from './model.js';
import type { ModelObject } from './objects.js';
import { ProviderReader } from './reader.js';

/** What the address space of a session is like. */
export interface Setup {
  readonly type: 'unmanaged' | 'managed' | 'raw';
  /** First address, or first address of the window. */
  readonly addr: number;
  /** Size of the space or the window, 0 for none given. */
  readonly size: number;
  readonly bigPage: 16 | 17;
  readonly boot: boolean;
}

const ENOMEM = -12;
const EINVAL = -22;

/** All pages of a range are looked up to here; of larger ones a sample. */
const LOOK_AT_ALL = 40;

/**
 * One address space beside its model. Each step runs one operation, tells the model, and compares both through the
 * hardware walk.
 */
export class Session {
  readonly chip: Chip;
  readonly setup: Setup;
  readonly machine: Machine;
  model: SpaceModel;
  /** Ids of the instance blocks that the space is joined to. */
  readonly joined: string[] = [];
  /** Lookups through the hardware walk. */
  lookups = 0;
  /** Complete checks of the space. */
  verified = 0;
  readonly #reader: ProviderReader;
  readonly #places: number[] = [];
  #id = '';
  #walkers: Walker[] = [];
  #limit = 0;
  #random = 1;

  /** Opens a space, on a device of its own unless there is one already. */
  constructor(chip: Chip, setup: Setup, machine: Machine = new Machine(chip, setup.bigPage)) {
    this.chip = chip;
    const { vaBits } = chip.template({ fbPage: setup.bigPage, stolen: 0 }, {}).format;
    // Where the chip has fewer address bits than the plan, the space begins at 0.
    this.setup = setup.addr < 2 ** vaBits ? setup : { ...setup, addr: 0 };
    this.machine = machine;
    this.#reader = new ProviderReader(this.provider);
    this.model = this.#open();
  }

  get vmm(): Vmm {
    const space = this.runner.spaces.get(this.#id);
    if (space === undefined) throw new Error('the session has no address space');
    return space.vmm;
  }

  get runner(): ScriptRunner {
    return this.machine.runner;
  }

  get provider(): BumpProvider {
    return this.machine.provider;
  }

  /** Everything that has run on the device, as a script. */
  get script(): readonly Operation[] {
    return this.machine.script;
  }

  /** Whether an allocation failure is armed. */
  get isArmed(): boolean {
    return this.machine.isArmed;
  }

  get isNv50(): boolean {
    return this.vmm.state.template.format.version === 'T';
  }

  /** Runs one operation, in the space of this session if it is one of a space. */
  run(operation: Operation): Ran {
    return this.machine.run('vmm' in operation ? { ...operation, vmm: this.#id } : operation);
  }

  /** A name that was not used yet. */
  name(prefix: string): string {
    return this.machine.name(prefix);
  }

  /** Throws unless something holds. */
  expect(holds: boolean, otherwise: string): asserts holds {
    if (!holds) throw new ModelError(`${this.chip.name}: ${otherwise}`);
  }

  /** Whether an operation that must succeed did, or met an injected failure. */
  expectDone(ret: number, what: string): boolean {
    this.expect(ret === 0 || ret === ENOMEM, `${what} is refused with ${ret}`);
    return ret === 0;
  }

  /** Whether an operation that must be refused was. */
  expectRefused(ret: number, what: string): void {
    this.expect(ret === EINVAL || ret === -2, `${what} returns ${ret}`);
  }

  /** Whether pages of a shift can hold an object of this kind of memory. */
  takes(shift: number, target: ModelObject['target']): boolean {
    const page = this.vmm.pages.find((one) => one.shift === shift);
    if (page === undefined) return false;
    return (page.flags & (target === 'vram' ? PAGE.vram : PAGE.host)) !== 0;
  }

  /** Compares the pages of a range, those around it, and some of earlier ranges. */
  check(range: Range): void {
    const first = Math.floor(range.addr / PAGE_BYTES);
    const end = Math.ceil((range.addr + range.size) / PAGE_BYTES);
    if (end - first <= LOOK_AT_ALL) {
      for (let page = first; page < end; page++) this.look(page);
    } else {
      for (let i = 0; i < 6; i++) {
        this.look(first + i);
        this.look(end - 1 - i);
      }
      for (let i = 0; i < 16; i++) this.look(first + this.random(end - first));
      for (const { addr, size } of this.model.maps) {
        this.look(addr / PAGE_BYTES);
        this.look((addr + size) / PAGE_BYTES);
      }
    }
    for (const away of [1, 16, 32, 512]) {
      this.look(first - away);
      this.look(end - 1 + away);
    }
    this.lookBack(6);
    this.#places.push(first, end - 1, end);
  }

  /** Compares some pages of earlier ranges. */
  lookBack(count: number): void {
    for (let i = 0; i < count && this.#places.length > 0; i++) {
      this.look(this.#places[this.random(this.#places.length)] as number);
    }
  }

  /** Compares every page that is or was mapped and, with `verify`, what the space knows of itself (slow). */
  checkAll(verify: boolean): void {
    const all = [...this.model.mapped(), ...this.#places];
    const step = Math.max(1, Math.floor(all.length / 4000));
    for (let i = this.random(step); i < all.length; i += step) this.look(all[i] as number);
    this.runner.mmu?.pool.verify();
    if (!verify) return;
    this.verified++;
    this.vmm.verify();
  }

  /** Closes the space; its tables must be gone then. */
  close(): void {
    this.run({ op: 'close', line: 0, vmm: undefined });
    this.run({ op: 'ptcdump', line: 0 });
    this.machine.checkBaseline();
    this.joined.length = 0;
  }

  /** Opens a fresh space like the one before. */
  reopen(): void {
    this.#places.length = 0;
    this.model = this.#open();
  }

  /** Joins one more instance block. */
  join(): void {
    const inst = this.name('i');
    const { ret } = this.run({ op: 'join', line: 0, vmm: undefined, inst, size: undefined });
    this.expect(ret === 0, `join is refused with ${ret}`);
    this.joined.push(inst);
    this.#bind();
  }

  /** Parts from an instance block other than the first. */
  part(): void {
    const inst = this.joined.length > 1 ? this.joined.pop() : undefined;
    if (inst === undefined) return;
    const { ret } = this.run({ op: 'part', line: 0, vmm: undefined, inst });
    this.expect(ret === 0, `part is refused with ${ret}`);
    this.#bind();
  }

  /** A number below `bound` that depends only on what came before. */
  random(bound: number): number {
    this.#random = (Math.imul(this.#random, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#random / 2 ** 32) * bound);
  }

  #open(): SpaceModel {
    const { type, addr, size, bigPage } = this.setup;
    const takesBigPage = this.chip.arguments.includes('bigPage');
    const id = this.name('A');
    const { ret } = this.run({
      op: 'vmm',
      line: 0,
      id,
      name: 'user',
      type,
      addr: BigInt(addr),
      size: BigInt(size),
      bigPage: takesBigPage ? bigPage : undefined,
      replay: undefined,
    });
    this.expect(ret === 0, `no address space: ${ret}`);
    this.#id = id;
    const model = new SpaceModel(this.vmm.state.template.format.bothValidFaults);
    const limit = Number(this.vmm.limit);
    this.#limit = limit;
    const client = { sparse: false, type: 'addr', page: 0 } as const;
    if (type !== 'unmanaged') {
      if (addr > 0) model.get({ addr: 0, size: addr, ...client });
      if (addr + size < limit) model.get({ addr: addr + size, size: limit - addr - size, ...client });
    }
    this.join();
    if (this.setup.boot) this.expect(this.run({ op: 'boot', line: 0, vmm: undefined }).ret === 0, 'boot is refused');
    return model;
  }

  #bind(): void {
    const { format } = this.vmm.state.template;
    this.#walkers = this.joined.map((inst) => {
      const block = this.runner.instances.get(inst);
      if (block === undefined) throw new Error(`no instance block ${inst}`);
      const root = readInstance(format, this.#reader, { target: block.target, addr: BigInt(block.addr) });
      this.expect(root.kind === 'root', `the instance block names no directory: ${root.kind}`);
      return new Walker(format, this.#reader, root);
    });
  }

  /** Compares one page. */
  look(page: number): void {
    const addr = page * PAGE_BYTES;
    if (addr < this.setup.addr && this.setup.type === 'unmanaged') return;
    if (addr < 0 || addr >= this.#limit) return;
    this.lookups++;
    const expected = this.model.at(addr);
    const walker = this.#walkers[this.#walkers.length === 1 ? 0 : this.random(this.#walkers.length)];
    if (walker === undefined) throw new Error('the session walks nothing');
    const outcome = walker.lookup(addr);
    if (typeof expected === 'string') {
      if (outcome !== expected) this.#differs(addr, expected, walker);
    } else if (outcome !== 'mapped' || walker.addr !== expected.addr || walker.page.ro !== expected.ro) {
      this.#differs(addr, expected, walker);
    }
  }

  #differs(addr: number, expected: Expected, walker: Walker): never {
    const { outcome, shift } = walker;
    const found: string =
      outcome === 'mapped'
        ? text({ addr: walker.addr, ro: walker.page.ro, frame: false })
        : `${outcome}${outcome === 'malformed' ? ` (${walker.problem})` : ''}`;
    throw new ModelError(
      `${this.chip.name}: the hardware finds ${found} at ${hex(addr)} (page shift ${shift}), not ${text(expected)}`,
    );
  }
}

function text(expected: Expected | Cell): string {
  return typeof expected === 'string' ? expected : `${hex(expected.addr)}${expected.ro ? ' read-only' : ''}`;
}

/** log2 of the 4 KiB pages in a page. */
export function pagesIn(shift: number): number {
  return 2 ** (shift - PAGE_SHIFT);
}
