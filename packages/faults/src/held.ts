import type { EventKind, FaultRecord, LogEvent } from './record.js';

interface Held {
  readonly record: FaultRecord;
  readonly device: string;
  /** Last line that can still say what happened next. */
  readonly until: number;
}

/** Most faults held back at once; a longer storm is handed out by halves of this. */
const HELD_LIMIT = 256;
/** How many of the latest faults an event is compared with. */
const SEARCH_LIMIT = 48;
const AFTER_LIMIT = 16;
const BEFORE_LIMIT = 6;
const BEFORE_LINES = 200;
const COMPANION_LINES = 8;
const DEVICE_LIMIT = 64;

const TROUBLE: ReadonlySet<EventKind> = new Set([
  'sched-error',
  'timeout',
  'idle-failed',
  'forced-fault',
  'engine-trap',
  'hang',
  'job-timeout',
  'device-lost',
  'other-xid',
]);

/**
 * Holds faults back, in line order, until the log has said what happened next; gives each the trouble before it and
 * the events after it. Memory is bounded whatever the log says.
 */
export class HeldFaults {
  readonly #emit: (record: FaultRecord) => void;
  readonly #companion: (line: number, text: string) => void;
  readonly #before = new Map<string, LogEvent[]>();
  #held: Held[] = [];

  constructor(emit: (record: FaultRecord) => void, companion: (line: number, text: string) => void) {
    this.#emit = emit;
    this.#companion = companion;
  }

  /** Takes a fault, unless it reports one again that is already known. Events up to line `until` can go to it. */
  add(record: FaultRecord, until: number): void {
    if (this.#isCompanion(record)) return;
    const device = record.bdf ?? record.device ?? '';
    record.before = (this.#before.get(device) ?? []).filter(
      ({ line }) => line < record.line && record.line - line <= BEFORE_LINES,
    );
    let at = this.#held.length;
    while (at > 0 && (this.#held[at - 1]?.record.line ?? 0) > record.line) at--;
    this.#held.splice(at, 0, { record, device, until });
    if (this.#held.length > HELD_LIMIT) this.#give(HELD_LIMIT >> 1);
  }

  /** Hands out the faults that no event can go to any more once `line` is reached. */
  release(line: number): void {
    const held = this.#held;
    let count = 0;
    while (count < held.length && (held[count]?.until ?? 0) < line) count++;
    if (count > 0) this.#give(count);
  }

  /** Adds an event to the fault it follows: the latest on its GPU, of the same channel if one is. */
  attach(event: LogEvent): void {
    const device = event.bdf ?? event.device;
    const target = this.#target(event, device);
    if (target !== undefined && event.kind !== 'announced' && target.after.length < AFTER_LIMIT) {
      // Many traps of one kind in a row say no more than the first.
      const last = target.after.at(-1);
      if (!(event.kind === 'engine-trap' && last?.kind === 'engine-trap')) target.after.push(event);
    }
    if (device === undefined || !TROUBLE.has(event.kind)) return;
    const recent = this.#before.get(device) ?? [];
    if (event.kind === 'engine-trap' && recent.at(-1)?.kind === 'engine-trap') recent.pop();
    recent.push(event);
    if (recent.length > BEFORE_LIMIT) recent.shift();
    // Devices are few; a log that names thousands is not a log.
    if (this.#before.size > DEVICE_LIMIT) this.#before.clear();
    this.#before.set(device, recent);
  }

  #target(event: LogEvent, device: string | undefined): FaultRecord | undefined {
    let latest: FaultRecord | undefined;
    const first = Math.max(0, this.#held.length - SEARCH_LIMIT);
    for (let i = this.#held.length - 1; i >= first; i--) {
      const held = this.#held[i];
      if (held === undefined || held.until < event.line) continue;
      if (device !== undefined && held.device !== device) continue;
      latest ??= held.record;
      if (event.channel === undefined) break;
      if ((held.record.channel_value ?? held.record.channel) === event.channel) return held.record;
    }
    return latest;
  }

  #give(count: number): void {
    for (const { record } of this.#held.splice(0, count)) this.#emit(record);
  }

  /** Recognises a second report of a fault that is already known, and drops the lesser of the two. */
  #isCompanion(record: FaultRecord): boolean {
    const near = this.#held.slice(-4).filter(({ record: other }) => record.line - other.line <= COMPANION_LINES);
    for (const { record: other } of near) {
      const same = other.address_value === record.address_value && other.address_value !== undefined;
      if (record.form === 'mmu-debug' && other.form === 'xid31' && same) {
        this.#companion(record.line, 'MMU Fault (debug form)');
        return true;
      }
      if (record.form === 'xid31' && other.form === 'mmu-debug' && same) {
        this.#held = this.#held.filter((held) => held.record !== other);
        this.#companion(other.line, 'MMU Fault (debug form)');
        return false;
      }
      // The firmware tears the channel down for the Xid that it has just printed.
      const own = other.form === 'gsp-xid31' && other.bdf === record.bdf && other.rc_type === undefined;
      if (record.form === 'gsp-rc' && own) {
        if (record.rc_type !== undefined) other.rc_type = record.rc_type;
        this.#companion(record.line, 'rc of the Xid 31 before it');
        return true;
      }
    }
    return false;
  }
}
