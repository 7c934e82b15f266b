import type { BumpProvider, PooledTable } from '@nvmmu/ptcache';
import { ScriptRunner, type Operation } from '@nvmmu/script';
import type { Chip, Vmm } from '@nvmmu/vmm-core';
import { OBJECTS } from './objects.js';

/** The device does not do what the model says. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}

const ENOMEM = -12;

/** What came of an operation. */
export interface Ran {
  readonly ret: number;
  readonly addr: number | undefined;
  readonly pfns: BigUint64Array | undefined;
}

/** Compression tags of the device. */
export const TAGS = 24;

/** A device with memory objects, which the address spaces of several sessions share. */
export class Machine {
  readonly chip: Chip;
  /** Everything that has run, as a script. */
  readonly script: Operation[] = [];
  readonly runner: ScriptRunner;
  /** Whether an allocation failure is armed. */
  isArmed = false;
  /** Allocation failures that hit. */
  failures = 0;
  #names = 0;

  constructor(chip: Chip, fbPage: 16 | 17) {
    this.chip = chip;
    this.runner = new ScriptRunner({ chips: [chip], log: 'none', events: false, hash: false });
    this.run({
      op: 'device',
      line: 0,
      chip: chip.name,
      ptTarget: undefined,
      ptBase: 0x100000n,
      fbPage,
      tags: TAGS,
      stolen: 0n,
    });
    for (const { operation } of OBJECTS) this.run(operation);
  }

  get provider(): BumpProvider {
    const { provider } = this.runner;
    if (provider === undefined) throw new Error('the script has no device');
    return provider;
  }

  /** Operations that have run, but for those that made the device and the memory objects. */
  get operations(): number {
    return this.script.length - OBJECTS.length - 1;
  }

  /** Runs one operation. */
  run(operation: Operation): Ran {
    this.script.push(operation);
    const { ret, addr, pfns } = this.runner.step(operation);
    if (operation.op === 'failalloc') this.isArmed = true;
    if (ret === ENOMEM) {
      this.expect(this.isArmed, 'ENOMEM without an injected failure');
      this.failures++;
      this.isArmed = false;
    }
    return { ret, addr: addr === undefined ? undefined : Number(addr), pfns };
  }

  /** A name that was not used yet. */
  name(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  /** Throws unless something holds. */
  expect(holds: boolean, otherwise: string): asserts holds {
    if (!holds) throw new ModelError(`${this.chip.name}: ${otherwise}`);
  }

  /**
   * Checks that page-table memory is what the open address spaces need and nothing more and, when none is left, that
   * tags and memory objects are free. The pool must keep nothing for later.
   */
  checkBaseline(): void {
    const { runner } = this;
    const open = [...runner.spaces].filter(([, { closed }]) => closed === undefined).map(([, { vmm }]) => vmm);
    const needed = new Set<unknown>([...runner.instances].map(([, block]) => block));
    for (const vmm of open) for (const { memory } of tablesOf(vmm)) needed.add(memory);
    const left = this.provider.allocations().filter((memory) => !needed.delete(memory));
    this.expect(left.length === 0, `${left.length} tables are left after the close`);
    for (const [, block] of runner.instances) needed.delete(block);
    this.expect(needed.size === 0, `${needed.size} tables in use have gone with the close of another space`);
    if (open.length > 0) return;
    const { freeTags = 0 } = runner.mmu ?? {};
    this.expect(freeTags === TAGS, `${freeTags} of ${TAGS} tags are free after the close`);
    const held = [...runner.memories].filter(([, memory]) => memory.references !== 0);
    this.expect(held.length === 0, `${held.length} memory objects are still referenced after the close`);
  }
}

/** The hardware tables that a space holds. */
function* tablesOf({ state }: Vmm): IterableIterator<PooledTable> {
  const records = [state.root];
  for (let record = records.pop(); record !== undefined; record = records.pop()) {
    if (record.slot0 !== undefined) yield record.slot0;
    if (record.slot1 !== undefined) yield record.slot1;
    for (const child of record.children) if (child !== undefined) records.push(child);
  }
}
