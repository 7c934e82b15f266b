import type { TableMemory } from '@nvmmu/ptcache';
import type { MemoryObject, Vmm } from '@nvmmu/vmm-core';
import { ScriptError } from './errors.js';
import { didYouMean, quote } from './suggest.js';

/** An address space that a script has created. */
export interface ScriptSpace {
  readonly id: string;
  readonly vmm: Vmm;
  /** Line of the `vmm`. */
  readonly line: number;
  /** Line of the `close`, when it has been closed. */
  readonly closed: number | undefined;
}

/** One name space of a script: what was bound, and which attempts to bind failed. */
export class NameSpace<T> {
  /** What ids stand for here, for messages: `address space`, `memory object`, … */
  readonly what: string;
  readonly #bound = new Map<string, { readonly value: T; readonly line: number }>();
  readonly #failed = new Map<string, { readonly line: number; readonly reason: string }>();

  constructor(what: string) {
    this.what = what;
  }

  /** Refuses an id that is taken. */
  checkFree(id: string, op: string, line: number): void {
    const old = this.#bound.get(id);
    if (old !== undefined) {
      throw new ScriptError({ line, op, id }, `${this.what} ${quote(id)} is defined already, on line ${old.line}`);
    }
  }

  /** Binds an id. A `get` may do so again: its id then stands for the new address. */
  bind(id: string, value: T, line: number): void {
    this.#bound.set(id, { value, line });
    this.#failed.delete(id);
  }

  /** Replaces what a bound id stands for. */
  rebind(id: string, value: T): void {
    const old = this.#bound.get(id);
    if (old !== undefined) this.#bound.set(id, { value, line: old.line });
  }

  /** Remembers that binding an id failed, for the message when it is used nevertheless. */
  fail(id: string, line: number, reason: string): void {
    this.#failed.set(id, { line, reason });
  }

  /** What an id is bound to. Throws ScriptError when it is not. */
  get(id: string, op: string, line: number): T {
    const entry = this.#bound.get(id);
    if (entry !== undefined) return entry.value;
    const failed = this.#failed.get(id);
    const why =
      failed === undefined
        ? `was never defined${didYouMean(id, this.#bound.keys())}`
        : `is not bound: line ${failed.line} failed (${failed.reason})`;
    throw new ScriptError({ line, op, id }, `${this.what} ${quote(id)} ${why}`);
  }

  /** What an id is bound to, or `undefined`. */
  peek(id: string): T | undefined {
    return this.#bound.get(id)?.value;
  }

  /** Everything bound, in order of definition. */
  *entries(): IterableIterator<[id: string, value: T]> {
    for (const [id, { value }] of this.#bound) yield [id, value];
  }
}

/** The four name spaces of a script; one id may be used in several. */
export class Names {
  readonly spaces: NameSpace<ScriptSpace> = new NameSpace('address space');
  readonly memories: NameSpace<MemoryObject> = new NameSpace('memory object');
  readonly addresses: NameSpace<bigint> = new NameSpace('allocation');
  readonly instances: NameSpace<TableMemory> = new NameSpace('instance block');
}
