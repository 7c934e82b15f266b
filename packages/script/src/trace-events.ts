import { formatOperation } from './format.js';
import type { Operation } from './operations.js';
import type { EventRecord } from './results.js';
import type { ScriptRunner } from './runner.js';
import type { StepResult } from './step.js';

/** One event of the trace format that Chrome and Perfetto read. Times are in microseconds. */
export interface TraceEvent {
  readonly name: string;
  /** `X` for a span, `I` for an instant, `C` for counters, `M` for names. */
  readonly ph: 'X' | 'i' | 'C' | 'M';
  readonly ts: number;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  readonly cat?: string;
  /** Scope of an instant: its thread. */
  readonly s?: 't';
  readonly args?: Readonly<Record<string, unknown>>;
}

const PID = 1;
/** The track of operations that concern no address space. */
const DEVICE_TRACK = 0;
/** Regions that counting costs as much as an operation does. */
const CHEAP_REGIONS = 64;

/**
 * Turns the steps of a script into a trace: a track for each address space with a span for each operation, instants for
 * tables and flushes inside it, and counters of live memory.
 *
 * Time in it is no measured time: every table, flush and host page takes a microsecond, and so does the operation
 * itself, so that the same script gives the same trace. The runner must record events, all of them (`keepAll`).
 */
export class TraceEvents {
  readonly #runner: ScriptRunner;
  readonly #tracks = new Map<string, number>();
  readonly #tables = new Map<string, number>();
  #now = 0;
  #current: string | undefined = undefined;
  #tableBytes = 0;
  #hostPages = 0;
  #mapped = 0;
  #regions = 0;
  #sinceCount = 0;

  constructor(runner: ScriptRunner) {
    this.#runner = runner;
  }

  /** The events of a step, which must be the one that the runner did last. */
  step(step: StepResult): TraceEvent[] {
    const { operation } = step;
    const out: TraceEvent[] = [];
    if (operation.op === 'device') out.push(named('process_name', DEVICE_TRACK, operation.chip));
    if (operation.op === 'device') out.push(named('thread_name', DEVICE_TRACK, 'device'));
    const space = 'vmm' in operation ? (operation.vmm ?? this.#current) : undefined;
    const id = operation.op === 'vmm' ? operation.id : space;
    const tid = id === undefined ? DEVICE_TRACK : this.#track(id, out);
    const start = this.#now;
    this.#now++;
    const inside = this.#inside(step.events.items, tid);
    out.push({
      name: operation.op,
      ph: 'X',
      ts: start,
      dur: this.#now - start,
      pid: PID,
      tid,
      cat: step.ret === 0 ? 'operation' : 'refused',
      args: argumentsOf(step),
    });
    out.push(...inside, this.#counters(operation));
    this.#now++;
    if (operation.op === 'vmm' && step.ret === 0) this.#current = operation.id;
    if (operation.op === 'close' && space === this.#current) this.#current = undefined;
    return out;
  }

  #track(id: string, out: TraceEvent[]): number {
    let tid = this.#tracks.get(id);
    if (tid === undefined) {
      tid = this.#tracks.size + 1;
      this.#tracks.set(id, tid);
      const name = this.#runner.spaces.get(id)?.vmm.name;
      out.push(named('thread_name', tid, name === undefined ? id : `${id} "${name}"`));
    }
    return tid;
  }

  #instant(name: string, tid: number, args: Readonly<Record<string, unknown>>): TraceEvent {
    return { name, ph: 'i', ts: this.#now++, pid: PID, tid, s: 't', cat: 'hardware', args };
  }

  #inside(events: readonly EventRecord[], tid: number): TraceEvent[] {
    const out: TraceEvent[] = [];
    // A flush is a sequence of register writes; the next one begins with the same register again.
    let flush: Record<string, unknown> | undefined;
    const endFlush = (): void => {
      if (flush !== undefined) out.push(this.#instant('flush', tid, flush));
      flush = undefined;
    };
    for (const [name, ...values] of events) {
      const [first = '', second = ''] = values.map(String);
      if (name === 'wr32') {
        if (flush !== undefined && first in flush) endFlush();
        flush ??= {};
        flush[first] = second;
        continue;
      }
      endFlush();
      if (name === 'ptnew') {
        this.#tables.set(first, Number(second));
        this.#tableBytes += Number(second);
        out.push(this.#instant('table new', tid, { addr: first, size: second, zeroed: values[2] === 1 }));
      } else if (name === 'ptfree') {
        this.#tableBytes -= this.#tables.get(first) ?? 0;
        this.#tables.delete(first);
        out.push(this.#instant('table free', tid, { addr: first }));
      } else if (name === 'tagclr') {
        out.push(this.#instant('tags cleared', tid, { first, count: second }));
      } else {
        // Host pages come by the thousand: they count, one by one they would hide the rest.
        this.#hostPages += name === 'dmamap' ? 1 : -1;
        this.#now++;
      }
    }
    endFlush();
    return out;
  }

  #counters({ op }: Operation): TraceEvent {
    this.#sinceCount++;
    // Counting is linear in the regions: with many of them it is done now and then, so that a long script stays linear.
    if (this.#sinceCount * CHEAP_REGIONS >= this.#regions || op === 'close') {
      this.#sinceCount = 0;
      this.#regions = 0;
      this.#mapped = 0;
      for (const [, { vmm, closed }] of this.#runner.spaces) {
        if (closed !== undefined) continue;
        for (const { mapped, size } of vmm.regions()) {
          this.#regions++;
          if (mapped) this.#mapped += Number(size);
        }
      }
    }
    return {
      name: 'live memory',
      ph: 'C',
      ts: this.#now,
      pid: PID,
      tid: DEVICE_TRACK,
      args: {
        'table bytes': this.#tableBytes,
        tables: this.#tables.size,
        'mapped KiB': this.#mapped / 1024,
        'host pages': this.#hostPages,
      },
    };
  }
}

function named(name: string, tid: number, value: string): TraceEvent {
  return { name, ph: 'M', ts: 0, pid: PID, tid, args: { name: value } };
}

/** The keys of the script, in which 64-bit quantities are text already, and the outcome. */
function argumentsOf({ operation, ret, error, addr }: StepResult): Record<string, unknown> {
  const { op: _op, ...fields } = JSON.parse(formatOperation(operation)) as Record<string, unknown>;
  return {
    ...(operation.line > 0 && { line: operation.line }),
    ...fields,
    ret,
    ...(addr !== undefined && { result: `0x${addr.toString(16)}` }),
    ...(error !== undefined && { error: `${error.code}: ${error.message}` }),
  };
}
