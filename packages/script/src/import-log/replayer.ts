import { BumpProvider } from '@nvmmu/ptcache';
import { Mmu, VmmError, type Chip, type MemoryObject, type Vmm } from '@nvmmu/vmm-core';
import { Names, type ScriptSpace } from '../names.js';
import type { DeviceOperation, Operation } from '../operations.js';
import { prepare, type Device, type Machine } from '../prepare.js';

/** What an operation did. */
export interface Replayed {
  /** Whether it was refused. */
  readonly refused: boolean;
  /** What a `get` returned. */
  readonly addr: bigint | undefined;
  readonly lines: readonly string[];
}

const NEW_TABLE = 'PDE write ';

/**
 * Runs operations while a script is being made of a log: like a `ScriptRunner`, but it can also ask without leaving a
 * trace, and make the very allocation fail that failed in the log.
 */
export class Replayer {
  readonly #machine: Machine;
  #lines: string[] = [];
  #allocations = 0;
  /** New tables until the allocation after them is to fail. */
  #failAfterTables: number | undefined = undefined;

  constructor(chip: Chip) {
    const ids = new WeakMap<MemoryObject, string>();
    this.#machine = {
      names: new Names(),
      device: undefined,
      current: undefined,
      makeDevice: (operation) => this.#makeDevice(chip, operation),
      memoryId: (memory) => ids.get(memory),
      nameMemory: (memory, id) => {
        ids.set(memory, id);
      },
    };
  }

  /** An address space by its id. */
  space(id: string): ScriptSpace | undefined {
    return this.#machine.names.spaces.peek(id);
  }

  /**
   * Runs one operation.
   *
   * @throws ScriptError for an operation that is a mistake in itself.
   */
  step(operation: Operation): Replayed {
    const prepared = prepare(this.#machine, operation);
    this.#lines = [];
    let refused: VmmError | undefined;
    try {
      prepared.run?.();
    } catch (error) {
      if (!(error instanceof VmmError)) throw error;
      refused = error;
    }
    if (refused === undefined) prepared.done?.();
    else prepared.failed?.(refused);
    return { refused: refused !== undefined, addr: prepared.addr, lines: this.#lines };
  }

  /**
   * Runs an operation for which there is no more memory once it has built some tables.
   *
   * @returns What it did, and how many allocations went well before: the number for `failalloc`.
   */
  stepWithoutMemory(operation: Operation, tables: number): { readonly step: Replayed; readonly allocations: number } {
    const { provider } = this.#machine.device ?? {};
    this.#allocations = 0;
    this.#failAfterTables = tables;
    if (tables === 0) provider?.failAfter(0);
    const step = this.step(operation);
    this.#failAfterTables = undefined;
    provider?.failAfter(undefined);
    return { step, allocations: this.#allocations };
  }

  /** Asks an address space something that is no operation. */
  silently<T>({ state }: Vmm, ask: () => T): T {
    const { logLevel } = state;
    state.logLevel = 0;
    try {
      return ask();
    } finally {
      state.logLevel = logLevel;
    }
  }

  #makeDevice(chip: Chip, operation: DeviceOperation): Device {
    const provider = new BumpProvider({
      base: Number(operation.ptBase),
      target: operation.ptTarget ?? chip.tableTarget,
      onAllocate: () => {
        this.#allocations++;
      },
    });
    const log = (line: string): void => {
      this.#lines.push(line);
      if (this.#failAfterTables === undefined || !line.includes(NEW_TABLE)) return;
      if (--this.#failAfterTables === 0) provider.failAfter(0);
    };
    const { tags, stolen, fbPage } = operation;
    const mmu = new Mmu(chip, { provider, tags, stolen, fbPage, observer: { logLevel: 'trace', log } });
    return { mmu, provider, chip };
  }
}
