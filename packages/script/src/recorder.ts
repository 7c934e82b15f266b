import type { LogLevel, Observer, VmmEvent } from '@nvmmu/vmm-core';
import type { Sha256, Sha256Factory } from './digest.js';
import { formatHex } from './numbers.js';
import { LIST_LIMIT, type EventRecord } from './results.js';
import type { Recorded } from './step.js';

/** Lines that are gathered before they go into the hash. */
const BATCH = 512;

/** A list that keeps its head, and hashes itself once it is too long to be spelled out. */
class DigestList<T> {
  readonly #sha256: Sha256Factory;
  readonly #keepAll: boolean;
  readonly #text: (item: T) => string;
  readonly #encoder = new TextEncoder();
  #items: T[] = [];
  #count = 0;
  #hash: Sha256 | undefined = undefined;
  #batch: string[] = [];

  constructor(sha256: Sha256Factory, keepAll: boolean, text: (item: T) => string) {
    this.#sha256 = sha256;
    this.#keepAll = keepAll;
    this.#text = text;
  }

  add(item: T): void {
    this.#count++;
    if (this.#count <= LIST_LIMIT) {
      this.#items.push(item);
      return;
    }
    if (this.#hash === undefined) {
      this.#hash = this.#sha256();
      this.#batch = this.#items.map(this.#text);
    }
    this.#batch.push(this.#text(item));
    if (this.#batch.length >= BATCH) this.#flush(this.#hash);
    if (this.#keepAll) this.#items.push(item);
  }

  /** Returns what was added since the last call, and begins anew. */
  take(): Recorded<T> {
    if (this.#count === 0) return NOTHING;
    let sha: string | undefined;
    if (this.#hash !== undefined) {
      this.#flush(this.#hash);
      sha = this.#hash.digest();
    }
    const taken = { items: this.#items, count: this.#count, sha };
    this.#items = [];
    this.#count = 0;
    this.#hash = undefined;
    return taken;
  }

  #flush(hash: Sha256): void {
    if (this.#batch.length === 0) return;
    hash.update(this.#encoder.encode(`${this.#batch.join('\n')}\n`));
    this.#batch = [];
  }
}

const NOTHING: Recorded<never> = { items: [], count: 0, sha: undefined };

/** The record of an event, or `undefined` for events that results do not have. */
export function recordEvent(event: VmmEvent): EventRecord | undefined {
  switch (event.type) {
    case 'ptnew':
      return ['ptnew', formatHex(event.addr), formatHex(event.size), event.zero ? 1 : 0];
    case 'ptfree':
      return ['ptfree', formatHex(event.addr)];
    case 'wr32':
      return ['wr32', formatHex(event.reg), formatHex(event.value >>> 0)];
    case 'dmamap':
    case 'dmaunmap':
      return [event.type, formatHex(event.addr), formatHex(event.size)];
    case 'tagclr':
      return ['tagclr', event.first, event.count];
    case 'leak':
      return undefined;
  }
}

/** What a recorder listens to. */
export interface RecorderOptions {
  readonly log: LogLevel | undefined;
  readonly events: boolean;
  readonly keepAll: boolean;
  readonly sha256: Sha256Factory;
}

/** Collects the log lines and events of one operation at a time. */
export class Recorder {
  /** What to attach to the device; `undefined` when nothing is to be recorded. */
  readonly observer: Observer | undefined;
  readonly #log: DigestList<string>;
  readonly #events: DigestList<EventRecord>;

  constructor(options: RecorderOptions) {
    const log = new DigestList<string>(options.sha256, options.keepAll, (line) => line);
    const events = new DigestList<EventRecord>(options.sha256, options.keepAll, (event) => JSON.stringify(event));
    this.#log = log;
    this.#events = events;
    const onEvent = (event: VmmEvent): void => {
      const record = recordEvent(event);
      if (record !== undefined) events.add(record);
    };
    const onLog = (line: string): void => {
      log.add(line);
    };
    this.observer =
      options.log === undefined && !options.events
        ? undefined
        : {
            ...(options.log !== undefined && { logLevel: options.log, log: onLog }),
            ...(options.events && { event: onEvent }),
          };
  }

  /** The log lines since the last call. */
  takeLog(): Recorded<string> {
    return this.#log.take();
  }

  /** The events since the last call. */
  takeEvents(): Recorded<EventRecord> {
    return this.#events.take();
  }
}
