import { BumpProvider, type TableMemory } from '@nvmmu/ptcache';
import { InvariantError, Mmu, VmmError, type Chip, type LogLevel, type MemoryObject } from '@nvmmu/vmm-core';
import { CHIPS, findChip } from './chips.js';
import { portableSha256, type Sha256Factory } from './digest.js';
import { ScriptError } from './errors.js';
import { hashMemory } from './memory-hash.js';
import { Names, type NameSpace, type ScriptSpace } from './names.js';
import { formatHex } from './numbers.js';
import type { DeviceOperation, Operation } from './operations.js';
import { prepare, type Device, type Machine } from './prepare.js';
import { Recorder } from './recorder.js';
import type { StepResult } from './step.js';
import { didYouMean, quote } from './suggest.js';

/** Options of a {@link ScriptRunner}. */
export interface RunnerOptions {
  /** Chips that a script may name; all of this project's by default. */
  readonly chips?: readonly Chip[];
  /** Runs the script on this chip, whatever it says itself. */
  readonly chip?: Chip;
  /** Log lines to record: a level, or `'none'`; default `'spam'`, which is what results have. */
  readonly log?: LogLevel | 'none';
  /** Whether to record events; default true. */
  readonly events?: boolean;
  /** Whether to keep log lines and events beyond the first 64 of an operation, too; default false. */
  readonly keepAll?: boolean;
  /** Whether to hash page-table memory after each operation; default true. */
  readonly hash?: boolean;
  /** Makes the hashes; the default runs anywhere. */
  readonly sha256?: Sha256Factory;
  /** Whether to check every open address space after each operation; default false. */
  readonly verify?: boolean;
  /** Reads a clock, in any unit. With one, steps say how long their call took. */
  readonly clock?: () => number;
  /** Most bytes of page-table memory alive at once; default 1 GiB. More ends the run: see {@link ScriptRunner.step}. */
  readonly memoryLimit?: number;
}

const DEFAULT_MEMORY_LIMIT = 2 ** 30;

/** Operations that can't change page-table memory, whose hash is therefore the one before. */
const UNCHANGING: ReadonlySet<string> = new Set(['mem', 'dump', 'failalloc']);

/** Names of a name space as a map to look things up in. */
export interface Bindings<T> extends Iterable<[id: string, value: T]> {
  get(id: string): T | undefined;
}

function bindings<T>(space: NameSpace<T>): Bindings<T> {
  return { get: (id) => space.peek(id), [Symbol.iterator]: () => space.entries() };
}

/**
 * Runs the operations of one script on a simulated device, one at a time. Between steps everything can be looked at:
 * the device, its address spaces, memory objects and page-table memory.
 */
export class ScriptRunner {
  readonly #options: RunnerOptions;
  readonly #recorder: Recorder;
  readonly #sha256: Sha256Factory;
  readonly #names = new Names();
  readonly #memoryIds = new WeakMap<MemoryObject, string>();
  readonly #machine: Machine;
  #bytes = 0;
  #overrun = false;
  #index = 0;
  #mem: string | undefined = undefined;

  constructor(options: RunnerOptions = {}) {
    this.#options = options;
    this.#sha256 = options.sha256 ?? portableSha256;
    const log = options.log ?? 'spam';
    this.#recorder = new Recorder({
      log: log === 'none' ? undefined : log,
      events: options.events ?? true,
      keepAll: options.keepAll ?? false,
      sha256: this.#sha256,
    });
    this.#machine = {
      names: this.#names,
      device: undefined,
      current: undefined,
      makeDevice: (operation) => this.#makeDevice(operation),
      memoryId: (memory) => this.#memoryIds.get(memory),
      nameMemory: (memory, id) => {
        this.#memoryIds.set(memory, id);
      },
    };
  }

  /** Number of operations that have run. */
  get count(): number {
    return this.#index;
  }

  /** The device; `undefined` before the first operation. */
  get mmu(): Mmu | undefined {
    return this.#machine.device?.mmu;
  }

  /** The chip of the device. */
  get chip(): Chip | undefined {
    return this.#machine.device?.chip;
  }

  /** Where the device's page-table memory comes from. */
  get provider(): BumpProvider | undefined {
    return this.#machine.device?.provider;
  }

  /** The address space that operations without an id act on. */
  get current(): ScriptSpace | undefined {
    return this.#machine.current;
  }

  /** Every address space that was created, closed ones too. */
  get spaces(): Bindings<ScriptSpace> {
    return bindings(this.#names.spaces);
  }

  /** The memory objects. */
  get memories(): Bindings<MemoryObject> {
    return bindings(this.#names.memories);
  }

  /** What each `get` returned. */
  get addresses(): Bindings<bigint> {
    return bindings(this.#names.addresses);
  }

  /** The instance blocks. */
  get instances(): Bindings<TableMemory> {
    return bindings(this.#names.instances);
  }

  /** The id of a memory object that the script defined. */
  memoryId(memory: MemoryObject): string | undefined {
    return this.#memoryIds.get(memory);
  }

  /**
   * Runs one operation.
   *
   * @throws ScriptError when the operation itself is a mistake (an unknown id, a second definition, no address space),
   * or when page tables outgrow the memory limit, after which the runner must not be used any more. InvariantError
   * when a check finds the address space broken.
   */
  step(operation: Operation): StepResult {
    const index = this.#index;
    const prepared = prepare(this.#machine, operation);
    const { clock } = this.#options;
    let error: VmmError | undefined;
    let time = 0;
    if (prepared.run !== undefined) {
      const before = clock === undefined ? 0 : clock();
      try {
        prepared.run();
      } catch (caught) {
        if (!(caught instanceof VmmError)) throw this.#locate(caught, operation);
        error = caught;
      }
      if (clock !== undefined) time = clock() - before;
    }
    if (this.#overrun) throw this.#locate(undefined, operation);
    if (error === undefined) prepared.done?.();
    else prepared.failed?.(error);
    this.#index++;
    if (this.#options.verify === true) this.#verify(operation);
    return {
      index,
      operation,
      ret: error === undefined ? 0 : -error.errno,
      error,
      addr: prepared.addr,
      pfns: prepared.pfns,
      log: this.#recorder.takeLog(),
      events: this.#recorder.takeEvents(),
      vmas: prepared.vmas,
      mem: this.#hash(operation),
      time,
    };
  }

  /** Runs operations as they come. Throws as `step` does. */
  *run(operations: Iterable<Operation>): Generator<StepResult, void, undefined> {
    for (const operation of operations) yield this.step(operation);
  }

  #makeDevice(operation: DeviceOperation): Device {
    const { line, op } = operation;
    const chips = this.#options.chips ?? CHIPS;
    const chip = this.#options.chip ?? findChip(operation.chip, chips);
    if (chip === undefined) {
      const names = chips.map(({ name }) => name);
      const hint = didYouMean(operation.chip, names) || ` (there are ${names.join(', ')})`;
      throw new ScriptError({ line, op }, `key "chip": unknown chip ${quote(operation.chip)}${hint}`);
    }
    const base = Number(operation.ptBase);
    if (!Number.isSafeInteger(base)) {
      throw new ScriptError({ line, op }, `key "ptBase": ${formatHex(operation.ptBase)} is out of range`);
    }
    const limit = this.#options.memoryLimit ?? DEFAULT_MEMORY_LIMIT;
    const provider = new BumpProvider({
      base,
      target: operation.ptTarget ?? chip.tableTarget,
      onAllocate: (memory) => {
        this.#bytes += memory.size;
        if (this.#bytes > limit) {
          this.#overrun = true;
          throw new RangeError(`page tables need more than ${limit / 2 ** 20} MiB`);
        }
      },
      onFree: (memory) => {
        this.#bytes -= memory.size;
      },
    });
    const { observer } = this.#recorder;
    const mmu = new Mmu(chip, {
      provider,
      tags: operation.tags,
      fbPage: operation.fbPage,
      stolen: operation.stolen,
      ...(observer !== undefined && { observer }),
    });
    return { mmu, provider, chip };
  }

  #hash(operation: Operation): string | undefined {
    if (this.#options.hash === false) return undefined;
    const { device } = this.#machine;
    if (this.#mem === undefined || !UNCHANGING.has(operation.op)) {
      this.#mem = hashMemory(device?.provider.allocations() ?? [], this.#sha256);
    }
    return this.#mem;
  }

  #verify(operation: Operation): void {
    try {
      for (const [, space] of this.#names.spaces.entries()) if (space.closed === undefined) space.vmm.verify();
    } catch (error) {
      throw this.#locate(error, operation);
    }
  }

  /** Puts the line in front of something that must not happen. */
  #locate(error: unknown, { line, op }: Operation): unknown {
    if (this.#overrun) {
      const limit = (this.#options.memoryLimit ?? DEFAULT_MEMORY_LIMIT) / 2 ** 20;
      return new ScriptError({ line, op }, `page tables need more than ${limit} MiB, the limit of this run`);
    }
    if (error instanceof InvariantError) {
      return new InvariantError(`line ${line}: after op "${op}": ${error.message}`, { cause: error });
    }
    return error;
  }
}
