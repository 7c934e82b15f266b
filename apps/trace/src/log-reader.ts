import {
  createFaultDecoder,
  createSummary,
  explainFault,
  TraceHistory,
  type FaultDecoder,
  type FaultRecord,
  type FaultSummary,
  type LogInfo,
  type Notice,
  type PageMapReader,
  type TraceOperation,
} from '@nvmmu/faults';

/** Lines for which the decoder may hold a fault back. */
const WINDOW = 200;
/** A message is joined over few lines; generous. */
const SLACK = 64;
/** Faults whose trace is looked at one by one; a storm that goes on says nothing new. */
const TRACE_LIMIT = 20_000;
const PARTIAL_LIMIT = 16;
const NOTICE_LIMIT = 256;

/** Lines of one kind that are no faults. */
export interface NoticeGroup {
  readonly first: Notice;
  count: number;
}

/** A log after it was read. */
export interface ReadLog {
  readonly info: LogInfo;
  readonly summary: FaultSummary;
  /** The first damaged lines. */
  readonly partials: readonly FaultRecord[];
  readonly partialCount: number;
  readonly notices: readonly NoticeGroup[];
  readonly pageMap: PageMapReader;
  /** Pages of printed page-table trees, and entries of printed lists. */
  readonly pages: number;
  readonly entries: number;
  /** Operations in trace lines. */
  readonly operations: number;
}

/** Reads one log in chunks, in memory that does not grow with it. */
export class LogReader {
  readonly #decoder: FaultDecoder;
  readonly #summary = createSummary();
  readonly #notices = new Map<string, NoticeGroup>();
  readonly #partials: FaultRecord[] = [];
  /** Operations that may be later than a fault that is still held back. */
  #queue: TraceOperation[] = [];
  readonly #trace = new TraceHistory();
  /** What the trace says of a fault, by what is the fault's own. */
  readonly #traced = new WeakMap<object, readonly string[]>();
  readonly #onFault: ((record: FaultRecord, trace: readonly string[]) => void) | undefined;
  #partialCount = 0;
  #faults = 0;
  #operations = 0;
  #pages = 0;
  #entries = 0;

  /** `onFault` gets each fault in line order, with what trace lines before it say about its address. */
  constructor(chip: string | undefined, onFault?: (record: FaultRecord, trace: readonly string[]) => void) {
    this.#onFault = onFault;
    this.#decoder = createFaultDecoder({
      ...(chip !== undefined && { chip }),
      window: WINDOW,
      onFault: (record) => {
        this.#fault(record);
      },
      onPartial: (record) => {
        this.#partialCount++;
        if (this.#partials.length < PARTIAL_LIMIT) this.#partials.push(record);
      },
      onNotice: (notice) => {
        this.#notice(notice);
      },
      onTrace: (operation) => {
        this.#operations++;
        this.#queue.push(operation);
        this.#apply(operation.line - WINDOW - SLACK);
      },
      onMapping: () => {
        this.#pages++;
      },
      onPte: () => {
        this.#entries++;
      },
    });
  }

  /** The printed page-table tree as far as it was read. */
  get pageMap(): PageMapReader {
    return this.#decoder.pageMap;
  }

  /** Takes the next bytes. */
  push(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
  }

  /** Ends the log. */
  end(): ReadLog {
    const info = this.#decoder.end();
    return {
      info,
      summary: this.#summary.result(),
      partials: this.#partials,
      partialCount: this.#partialCount,
      notices: [...this.#notices.values()],
      pageMap: this.#decoder.pageMap,
      pages: this.#pages,
      entries: this.#entries,
      operations: this.#operations,
    };
  }

  /** What trace lines before a fault say about its address; for the records of the summary. */
  traceOf(record: FaultRecord): readonly string[] {
    return this.#traced.get(record.decoded) ?? [];
  }

  #fault(record: FaultRecord): void {
    this.#faults++;
    this.#apply(record.line);
    let trace: readonly string[] = [];
    if (this.#operations > 0 && this.#faults <= TRACE_LIMIT) {
      trace = explainFault(record, { trace: this.#trace }).mapping;
      this.#traced.set(record.decoded, trace);
    }
    this.#summary.add(record);
    this.#onFault?.(record, trace);
  }

  /** Applies the operations up to a line. */
  #apply(line: number): void {
    let count = 0;
    while ((this.#queue[count]?.line ?? Infinity) <= line) {
      const operation = this.#queue[count++];
      if (operation !== undefined) this.#trace.apply(operation);
    }
    if (count > 0) this.#queue = this.#queue.slice(count);
  }

  #notice(notice: Notice): void {
    const key = `${notice.kind} ${notice.xid ?? ''} ${notice.meaning}`;
    const known = this.#notices.get(key);
    if (known !== undefined) known.count++;
    else if (this.#notices.size < NOTICE_LIMIT) this.#notices.set(key, { first: notice, count: 1 });
  }
}
