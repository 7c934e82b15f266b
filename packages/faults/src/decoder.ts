import { type Block, extendBlock, lineAt, readBlock, trimBlock } from './block.js';
import { readBootLine } from './chips.js';
import {
  afterQuote,
  clean,
  decodeQuotedPrintable,
  looksQuotedPrintable,
  stampOf,
  startsEntry,
  unpackJson,
} from './clean.js';
import type { Context } from './context.js';
import { chipOption, decode, type KnownChip } from './decoded.js';
import { HeldFaults } from './held.js';
import { LineSplitter, type LogLine, PIECE_LIMIT } from './lines.js';
import { PageMapReader, type PageMapping } from './pagemap.js';
import { PteListReader, type PteEntry } from './pte-list.js';
import type { FaultRecord, LogEvent, Notice } from './record.js';
import { deviceBefore, type Found, FaultScanner, nvrmDevice } from './scan.js';
import { TraceReader, type TraceMemory, type TraceOperation } from './trace-log.js';

/** What a log says about the machine, and how much of it was read. */
export interface LogInfo {
  /** Number of lines read. */
  lines: number;
  /** Kernel version, if a line names it. */
  kernel?: string;
  /** Version of NVIDIA's driver, if a line names it. */
  nvidia?: string;
  /** Chips named by boot lines, by PCI address. */
  chips: Record<string, string>;
}

/** Receives what a decoder finds; every callback is optional. Faults, partial ones too, come in line order. */
export interface FaultHandlers {
  /** A fault. It comes when what follows it in the log has been read, at most `window` lines later. */
  onFault?: (record: FaultRecord) => void;
  /** A line too damaged to be counted as a fault. */
  onPartial?: (record: FaultRecord) => void;
  /** A line that looks like a GPU MMU fault and is none. */
  onNotice?: (notice: Notice) => void;
  /** An operation that a driver trace line (`mmu: …`) lets infer. */
  onTrace?: (operation: TraceOperation) => void;
  /** An allocation of page-table memory (`imem: new …`). */
  onTraceMemory?: (memory: TraceMemory) => void;
  /** A leaf of a printed page-table tree. */
  onMapping?: (mapping: PageMapping) => void;
  /** An entry of a list of page-table entry values. */
  onPte?: (entry: PteEntry) => void;
}

/** Options of a decoder. */
export interface FaultDecoderOptions extends FaultHandlers {
  /** Chip to assume where the log names none, such as `gk104`, `TU102` or `GP106`. */
  chip?: string;
  /** Lines after a fault in which the log can still say what happened next; default 200, at least 16. */
  window?: number;
  /** Longest piece of a line looked at as a whole, in UTF-16 units; default 16384. */
  maxLine?: number;
}

/** A decoder that takes a log in chunks. */
export interface FaultDecoder {
  /** Takes the next chunk, text or UTF-8 bytes. */
  push(chunk: string | Uint8Array): void;
  /** Ends the log: everything still held back is handed out. Returns what the log says about the machine. */
  end(): LogInfo;
  /** The tree of page tables printed in the log, if there is one. */
  readonly pageMap: PageMapReader;
}

const PIECE_LINES = 8;

const RELEVANT = [
  'ault',
  'AULT',
  'nouveau',
  'NVRM',
  'Xid',
  'rapped',
  'rc engn',
  ' engine ',
  'NVLink',
  'LOCKUP',
  'lockup',
  'blocked for',
  'unable to handle',
  '#PF',
  'Linux version',
  'MTGPU',
] as const;

const relevant = (text: string): boolean => RELEVANT.some((word) => text.includes(word));

const STAMPED = /^(?:kernel: ?)?(?:\[ {0,8}\d{1,10}\.\d{1,9}\] ?)?/;

class Decoder implements FaultDecoder {
  readonly pageMap: PageMapReader;
  readonly #handlers: FaultHandlers;
  readonly #window: number;
  readonly #splitter: LineSplitter;
  readonly #chips = new Map<string, KnownChip>();
  readonly #option: KnownChip | undefined;
  readonly #info: LogInfo = { lines: 0, chips: {} };
  readonly #trace: TraceReader;
  readonly #ptes: PteListReader;
  readonly #held: HeldFaults;
  #pending: Block | undefined;
  #soft = false;
  /** A message printed in pieces into which others have cut, and the last line that may continue it. */
  #aside: { block: Block; until: number } | undefined;
  #quotedPrintable = false;

  constructor(options: FaultDecoderOptions) {
    this.#handlers = options;
    // Lines of one record can be joined late: a smaller window would hand later faults out before it.
    this.#window = Math.max(options.window ?? 200, 2 * PIECE_LINES);
    this.#held = new HeldFaults(
      (record) => {
        if (record.partial === true) this.#handlers.onPartial?.(record);
        else this.#handlers.onFault?.(record);
      },
      (line, text) => {
        this.#handlers.onNotice?.({ line, kind: 'companion', text, meaning: 'another report of the same fault' });
      },
    );
    this.#option = options.chip === undefined ? undefined : chipOption(options.chip);
    this.#splitter = new LineSplitter((line) => {
      this.#line(line);
    }, options.maxLine ?? PIECE_LIMIT);
    this.#trace = new TraceReader(
      (operation) => this.#handlers.onTrace?.(operation),
      (memory) => this.#handlers.onTraceMemory?.(memory),
    );
    this.pageMap = new PageMapReader((mapping) => this.#handlers.onMapping?.(mapping));
    this.#ptes = new PteListReader((entry) => this.#handlers.onPte?.(entry));
  }

  push(chunk: string | Uint8Array): void {
    this.#splitter.push(chunk);
  }

  end(): LogInfo {
    this.#splitter.end();
    this.#settle();
    this.#dropAside();
    this.#trace.end();
    this.#held.release(Number.POSITIVE_INFINITY);
    return this.#info;
  }

  #line(line: LogLine): void {
    this.#info.lines = line.number;
    this.#held.release(line.number);
    if (this.#aside !== undefined && line.number > this.#aside.until) this.#dropAside();
    const { text: raw } = line;
    let text = clean(raw);
    if (text.includes('quoted-printable')) this.#quotedPrintable = true;
    const escaped = this.#quotedPrintable || looksQuotedPrintable(text);
    const softEnd = escaped && text.endsWith('=');
    if (escaped && (looksQuotedPrintable(text) || softEnd)) text = decodeQuotedPrintable(text);
    else if (text.charCodeAt(0) === 0x7b) text = unpackJson(text);

    const pending = this.#pending;
    if (pending !== undefined) {
      const soft = this.#soft || line.continued;
      const body = soft && !softQuoted(text) ? text : text.slice(afterQuote(text));
      if (soft || !startsEntry(body)) {
        const joined = extendBlock(pending, body, line.number, soft);
        if (joined !== undefined) {
          this.#soft = softEnd;
          this.#advance(joined);
          return;
        }
      }
      this.#settle();
    }
    if (this.#aside !== undefined && this.#continueAside(text, line.number)) return;
    this.#soft = softEnd;
    if (this.pageMap.line(line.number, text) || this.#ptes.line(line.number, text)) return;
    if (!relevant(text)) return;
    this.#machine(text);
    this.#trace.line(line.number, text);
    this.#advance(readBlock(text, [{ at: 0, line: line.number }], 1, 0));
  }

  /** Commits every complete message of a block and keeps what is open. */
  #advance(first: Block): void {
    let block = first;
    const scanner = new FaultScanner(block.text);
    let from = 0;
    let any = false;
    for (;;) {
      if (block.open) {
        this.#pending = from === 0 ? trimBlock(block) : trimBlock(this.#rest(block, from));
        return;
      }
      if (block.found === undefined) {
        if (!any && block.context !== undefined) this.#context(block, block.context);
        break;
      }
      any = true;
      this.#commit(block, block.found, from);
      from = Math.max(block.found.match.end, block.found.start + 1);
      block = readBlock(block.text, block.marks, block.lines, from, scanner);
    }
    this.#pending = undefined;
  }

  /** The part of a block after the messages already committed. */
  #rest(block: Block, from: number): Block {
    const marks = block.marks.map(({ at, line }) => ({ at: Math.max(0, at - from), line }));
    return readBlock(block.text.slice(from), marks, block.lines, 0);
  }

  /** Takes the pending block as it is: no further line belongs to it. */
  #settle(): void {
    const block = this.#pending;
    this.#pending = undefined;
    if (block === undefined) return;
    if (block.found === undefined) {
      if (block.context !== undefined) this.#context(block, block.context);
      return;
    }
    if (block.found.match.pieces === true && block.found.match.state === 'short') {
      this.#dropAside();
      this.#aside = { block, until: lineAt(block, block.text.length) + PIECE_LINES };
      return;
    }
    this.#commit(block, block.found, 0);
  }

  /** Tries a line as the next piece of a message that others have cut into. */
  #continueAside(text: string, line: number): boolean {
    const aside = this.#aside;
    if (aside === undefined || text.includes('nouveau') || text.includes('trapped')) return false;
    const body = text.slice(afterQuote(text)).replace(STAMPED, '');
    const joined = extendBlock(aside.block, body, line, false);
    if (joined?.found === undefined || joined.rank < aside.block.rank + 4096) return false;
    this.#aside = undefined;
    if (joined.open && joined.found.match.state === 'short') this.#aside = { block: joined, until: aside.until };
    else this.#commit(joined, joined.found, 0);
    return true;
  }

  #dropAside(): void {
    const aside = this.#aside;
    this.#aside = undefined;
    if (aside?.block.found !== undefined) this.#commit(aside.block, aside.block.found, 0);
  }

  #machine(text: string): void {
    const boot = readBootLine(text);
    if (boot !== undefined) {
      const { bdf, device } = deviceBefore(text, 0, Math.min(text.length, 200));
      const key = bdf ?? device ?? '';
      this.#chips.set(key, { name: boot.name, source: 'log', generation: boot.generation });
      this.#info.chips[key] = boot.name;
    }
    const kernel = /Linux version (\S{1,64})/.exec(text.slice(0, 300))?.[1];
    if (kernel !== undefined) this.#info.kernel = kernel;
    const nvidia = /NVRM: loading NVIDIA UNIX .{0,48}?Module(?: for \S{1,16})? {1,4}(\d[\d.]{2,16})/.exec(
      text.slice(0, 300),
    )?.[1];
    if (nvidia !== undefined) this.#info.nvidia = nvidia;
  }

  #chipOf(bdf: string | undefined): KnownChip | undefined {
    const own = bdf === undefined ? undefined : this.#chips.get(bdf);
    if (own !== undefined) return own;
    // A line without a device belongs to the only GPU of the log.
    if (bdf === undefined && this.#chips.size === 1) return [...this.#chips.values()][0];
    return this.#option;
  }

  #commit(block: Block, { match, start }: Found, from: number): void {
    const { fields, form, state } = match;
    if (match.driver === 'nouveau') Object.assign(fields, deviceBefore(block.text, from, start));
    else if (fields.bdf === undefined) {
      const bdf = nvrmDevice(block.text.slice(Math.max(from, start - 200), start));
      if (bdf !== undefined) fields.bdf = bdf;
    }
    const broken = state === 'short' || state === 'damaged';
    const partial = broken && match.cut !== true;
    if (partial && fields.address === undefined && fields.client === undefined) return;

    const window = block.text.slice(Math.max(from, start - 200), start);
    const driver = Math.max(window.lastIndexOf('nouveau'), window.lastIndexOf('NVRM'), window.lastIndexOf('[drm]'));
    const head = driver < 0 ? start : Math.max(from, start - 200) + driver;
    const line = lineAt(block, head);
    const lineEnd = lineAt(block, Math.max(start, match.end - 1));

    if (form === 'gsp-rc' && fields.rc_type !== 31) {
      if (partial) return;
      this.#context(block, {
        event: 'rc-other',
        notice: 'rc-other',
        meaning: `the firmware tears a channel down for error ${fields.rc_type ?? 0}, which is no MMU fault`,
        ...(typeof fields.channel === 'number' ? { channel: fields.channel } : {}),
      });
      return;
    }
    const record: FaultRecord = {
      line,
      ...(lineEnd > line ? { line_end: lineEnd } : {}),
      driver: match.driver,
      form,
      grammar: match.grammar,
      ...fields,
      decoded: decode(
        form,
        fields,
        match.driver === 'nouveau' ? this.#chipOf(fields.bdf ?? fields.device) : this.#option,
      ),
      before: [],
      after: [],
    };
    const stamp = stampOf(block.text.slice(from, start));
    if (stamp !== undefined) record.stamp = stamp;
    if (partial) record.partial = true;
    else if (broken || (state === 'open' && match.cut === true)) record.truncated = true;
    this.#held.add(record, lineEnd + this.#window);
  }

  #context(block: Block, context: Context): void {
    const { text } = block;
    const line = lineAt(block, 0);
    const lineEnd = lineAt(block, text.length);
    const { bdf, device } = text.includes('nouveau')
      ? deviceBefore(text, 0, text.length > 200 ? 200 : text.length)
      : { bdf: nvrmDevice(text), device: undefined };
    const message = messageOf(text);
    const span = lineEnd > line ? { line, line_end: lineEnd } : { line };
    if (context.notice !== undefined && context.meaning !== undefined) {
      this.#handlers.onNotice?.({
        ...span,
        kind: context.notice,
        ...(bdf === undefined ? {} : { bdf }),
        ...(context.xid === undefined ? {} : { xid: context.xid }),
        text: message,
        meaning: context.meaning,
      });
    }
    if (context.event === undefined) return;
    const event: LogEvent = {
      ...span,
      kind: context.event,
      text: message,
      ...(bdf === undefined ? {} : { bdf }),
      ...(device === undefined ? {} : { device }),
      ...(context.channel === undefined ? {} : { channel: context.channel }),
      ...(context.process === undefined ? {} : { process: context.process }),
      ...(context.xid === undefined ? {} : { xid: context.xid }),
    };
    this.#held.attach(event);
  }
}

function softQuoted(text: string): boolean {
  return text.startsWith('> ') || text.startsWith('>');
}

const DEVICE_PREFIX = /^(?:[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]|[0-9a-f]{6,10}\.\w{1,16}): /;

/** The message of a line without what stands before it and without the device, at most 200 characters. */
function messageOf(text: string): string {
  let body = text.slice(afterQuote(text.slice(0, 400)), 400);
  for (const word of ['nouveau ', 'NVRM: ', 'kernel: ']) {
    const at = body.indexOf(word);
    if (at >= 0 && at < 120) {
      body = body.slice(at + word.length);
      break;
    }
  }
  return body.replace(DEVICE_PREFIX, '').trim().slice(0, 200);
}

/** Makes a decoder that takes a log in chunks and calls back for what it finds. Memory is bounded. */
export function createFaultDecoder(options: FaultDecoderOptions = {}): FaultDecoder {
  return new Decoder(options);
}

/** Everything found in a log. */
export interface DecodedLog {
  faults: FaultRecord[];
  partials: FaultRecord[];
  notices: Notice[];
  /** Operations inferred from driver trace lines. */
  trace: TraceOperation[];
  traceMemory: TraceMemory[];
  /** Leaves of a printed page-table tree. */
  mappings: PageMapping[];
  /** Entries of a list of page-table entry values. */
  ptes: PteEntry[];
  /** The printed page-table tree, for questions about addresses. */
  pageMap: PageMapReader;
  info: LogInfo;
}

/** Decodes a whole log at once. For logs of unknown size use {@link createFaultDecoder}. */
export function decodeLog(
  log: string | Uint8Array,
  options: Omit<FaultDecoderOptions, keyof FaultHandlers> = {},
): DecodedLog {
  const faults: FaultRecord[] = [];
  const partials: FaultRecord[] = [];
  const notices: Notice[] = [];
  const trace: TraceOperation[] = [];
  const traceMemory: TraceMemory[] = [];
  const mappings: PageMapping[] = [];
  const ptes: PteEntry[] = [];
  const decoder = createFaultDecoder({
    ...options,
    onFault: (record) => faults.push(record),
    onPartial: (record) => partials.push(record),
    onNotice: (notice) => notices.push(notice),
    onTrace: (operation) => trace.push(operation),
    onTraceMemory: (memory) => traceMemory.push(memory),
    onMapping: (mapping) => mappings.push(mapping),
    onPte: (entry) => ptes.push(entry),
  });
  decoder.push(log);
  const info = decoder.end();
  return { faults, partials, notices, trace, traceMemory, mappings, ptes, pageMap: decoder.pageMap, info };
}
