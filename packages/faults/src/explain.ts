import { advise, limits } from './advice.js';
import { aftermath, type Aftermath } from './aftermath.js';
import type { LogInfo } from './decoder.js';
import { layoutsOf, type Location, locate } from './layouts.js';
import type { PageMapReader } from './pagemap.js';
import { reasonInfo } from './reasons.js';
import type { FaultRecord } from './record.js';
import type { TraceHistory } from './trace-history.js';
import { clientClass, engineClass } from './units.js';
import { addressBits, hasNoChannel, isImpossible, isKernelChannel, judge, type Verdict } from './verdict.js';

/** What may be known besides the log line. */
export interface ExplainOptions {
  /** What the log says about the machine. */
  info?: LogInfo;
  /** How often the same fault came; default 1. */
  count?: number;
  /** Big-page size of format 1 as a power of two; without it both are shown where the chip leaves it open. */
  bigPage?: 16 | 17;
  /** Operations of the driver's trace lines up to the fault. */
  trace?: TraceHistory;
  /** Name of the address space in the trace; default `user`, or `bar1`/`bar2` for faults in those. */
  vmm?: string;
  /** A printed page-table tree. */
  pageMap?: PageMapReader;
  /** Sentences from elsewhere about what was mapped at the address, such as a replayed script; shown as they are. */
  mapping?: readonly string[];
}

/** A labelled value. */
export interface Fact {
  label: string;
  value: string;
  /** What it means, in words. */
  note?: string;
}

/** A fault in plain words, in sections that a renderer lays out. */
export interface Explanation {
  line: number;
  line_end?: number;
  count: number;
  partial: boolean;
  /** The whole story in one or two sentences. */
  headline: string;
  facts: Fact[];
  /** What the reason means. */
  meaning: string[];
  causes: string[];
  /** What the address tells by itself: null, near a boundary, out of range. */
  address: string[];
  /** Index at every level, for every format that fits. */
  locations: Location[];
  /** True where the chip is not known and all formats that fit are shown. */
  allThatFit: boolean;
  /** What was mapped there, if anything is known. */
  mapping: string[];
  verdict: Verdict;
  before: { line: number; text: string }[];
  after: Aftermath;
  advice: string[];
  /** What can't be known from this. */
  unknown: string[];
}

const size = (shift: number): string => {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const unit = Math.min(Math.floor(shift / 10), units.length - 1);
  return `${2 ** (shift - unit * 10)} ${units[unit] ?? ''}`;
};

const VERBS = {
  read: 'read from',
  write: 'wrote to',
  atomic: 'made an atomic access to',
  prefetch: 'prefetched from',
  unknown: 'accessed',
} as const;

/** The subject of the headline: what made the access. */
function actor(record: FaultRecord): string {
  const name = record.engine !== undefined && record.engine !== '' ? record.engine : (record.decoded.engine_name ?? '');
  const client =
    record.client !== undefined && record.client !== '' ? record.client : (record.decoded.client_name ?? '');
  if (record.decoded.client === 'cpu') return 'The CPU';
  const engine = name === '' ? 'An engine' : capital(engineClass(name).words);
  if (client === '' || record.decoded.client === 'copy' || record.decoded.client === 'other') return engine;
  const unit = clientClass(client).words.replace(/ \(.*\)$/, '');
  return engine.toLowerCase().endsWith(unit.replace(/^(?:a|an|the) /, '')) ? engine : `${engine} (${unit})`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** How the access came: which channel, whose. */
function through(record: FaultRecord): string {
  if (isKernelChannel(record)) return ' through the kernel driver’s own channel';
  if (record.decoded.engine === 'bar1' || record.decoded.engine === 'bar2') {
    return ` through the ${record.decoded.engine.toUpperCase()} window`;
  }
  if (hasNoChannel(record)) return ' on a channel that the driver does not know';
  if (record.process === undefined || record.process === '' || record.process === '<unknown>') {
    return record.channel === undefined ? '' : ` on channel ${record.channel}`;
  }
  return ` for ${record.process}${record.pid === undefined ? '' : ` (pid ${record.pid})`}`;
}

function headline(record: FaultRecord, after: Aftermath): string {
  const reason = reasonInfo(record.decoded.reason);
  const at =
    record.address_value === undefined
      ? 'an address that the log does not name'
      : `${record.decoded.physical ? 'physical address' : 'address'} ${record.address_value}`;
  const why: Partial<Record<typeof reason.code, string>> = {
    pde: 'no page table covers that range',
    pte: 'no page is mapped there',
    'read-only': 'the page there is read-only',
    priv: 'the page there is for privileged access only',
    unbound: 'the channel had no usable address space',
    region: 'that memory is protected',
  };
  const because = why[reason.code] ?? (reason.code === 'unknown' ? 'the reason is not known' : reason.title);
  const outcome: Record<Aftermath['outcome'], string> = {
    'desktop-gone': ' The driver then shut that channel down, so the desktop stopped.',
    'program-killed': ' The driver then killed the channel.',
    recovering: ' The driver then began to recover.',
    hang: ' Recovery did not succeed.',
    'device-lost': ' The GPU then stopped answering.',
    crash: ' The kernel then crashed.',
    nothing: '',
    unknown: '',
  };
  return `${actor(record)} ${VERBS[record.decoded.access]} ${at}${through(record)}; ${because}.${outcome[after.outcome]}`;
}

function facts(record: FaultRecord, info: LogInfo | undefined): Fact[] {
  const list: Fact[] = [];
  const add = (label: string, value: string | number | undefined, note?: string): void => {
    if (value !== undefined && value !== '')
      list.push(note === undefined ? { label, value: `${value}` } : { label, value: `${value}`, note });
  };
  const { decoded } = record;
  const named = (name: string | undefined, table: string | undefined, id: string | undefined): string | undefined => {
    const text = name !== undefined && name !== '' ? name : table;
    if (text === undefined) return id === undefined ? undefined : `${id} (no name)`;
    return id === undefined ? text : `${text} (${id})`;
  };
  add(
    'GPU',
    record.bdf ?? record.device,
    decoded.chip === undefined
      ? undefined
      : `${decoded.chip} (from ${decoded.chip_source === 'log' ? 'a boot line' : 'the caller'})`,
  );
  add('time', record.stamp);
  add(
    'access',
    named(record.access, undefined, record.access_id),
    decoded.physical ? 'a physical address: no page table is involved' : undefined,
  );
  add('address', record.address, record.address_value === record.address ? undefined : record.address_value);
  const engine = named(record.engine, decoded.engine_name, record.engine_id);
  const engineText = record.engine !== undefined && record.engine !== '' ? record.engine : decoded.engine_name;
  add('engine', engine, engineText === undefined ? undefined : engineClass(engineText).words);
  const client = named(record.client, decoded.client_name, record.client_id);
  const clientText = record.client !== undefined && record.client !== '' ? record.client : decoded.client_name;
  const where = record.gpc === undefined ? '' : `in GPC ${record.gpc}, `;
  add('client', client, clientText === undefined ? undefined : where + clientClass(clientText).words);
  add('subclient', named(record.subclient, decoded.subclient_name, record.subclient_id));
  const meaning = reasonInfo(decoded.reason);
  const renamed =
    decoded.generations.length === 1 &&
    decoded.generations[0] === 'gp100' &&
    (decoded.reason === 'poisoned' || decoded.reason === 'atomic')
      ? '; the driver prints Kepler’s name for the number, on Pascal it means this'
      : '';
  add('reason', named(record.reason, decoded.reason_name, record.reason_id), meaning.title + renamed);
  add(
    'channel',
    record.channel,
    record.channel === -1
      ? 'no channel owns the instance block'
      : isKernelChannel(record)
        ? 'the kernel driver’s own'
        : undefined,
  );
  add('instance block', record.inst, record.inst_value === record.inst ? undefined : record.inst_value);
  add(
    'process',
    record.process,
    record.driver === 'nouveau' && record.pid !== undefined
      ? 'the one that opened the device, not always the culprit'
      : undefined,
  );
  add('pid', record.pid);
  if (record.process === undefined) {
    const owner = record.after.find(({ kind }) => kind === 'channel-disabled')?.process;
    add('process', owner, 'from a line that follows; the one that opened the device, not always the culprit');
  }
  add('engine mask', record.engmask);
  add('firmware error type', record.rc_type, record.rc_type === 31 ? 'an MMU fault' : undefined);
  add('kernel', info?.kernel);
  if (record.driver === 'nvidia') add('NVIDIA driver', info?.nvidia);
  return list;
}

const NULL_LIMIT = 0x10000n;

function aboutAddress(record: FaultRecord): string[] {
  if (record.address_value === undefined) {
    return [
      record.form === 'gsp-rc'
        ? 'The firmware (before 570) does not tell the address.'
        : 'This form of the line has no address.',
    ];
  }
  const address = BigInt(record.address_value);
  const { decoded } = record;
  if (decoded.physical) return ['A physical address: page tables, and page sizes, do not come into it.'];
  const list: string[] = [];
  const window = decoded.engine === 'bar1' || decoded.engine === 'bar2';
  if (isImpossible(record)) {
    list.push(`Out of range: the address has bits above the ${addressBits(record)} that the chip translates.`);
  } else if (decoded.formats.length > 0 && decoded.chip_source !== 'shape') {
    list.push(`In range: within the ${addressBits(record)} bits that the chip translates.`);
  }
  if (window) {
    list.push(`An address in the ${decoded.engine.toUpperCase()} space, not in a program’s.`);
  } else if (address === 0n) {
    list.push('Address 0: a null pointer, or a state that was never set.');
  } else if (address < NULL_LIMIT) {
    list.push(`Near zero: most likely a null pointer plus an offset of ${address} bytes.`);
  }
  if (!window && address >= NULL_LIMIT && (address & 0xfffn) === 0n) {
    const below = address & 0x1fffffn;
    if (below === 0n)
      list.push('Exactly at a 2 MiB boundary: often the first page after a buffer, when the access ran past its end.');
    else if (below === 0x1ff000n)
      list.push('The last page below a 2 MiB boundary: perhaps an access just before the start of a buffer.');
  }
  return list;
}

function aboutMapping(record: FaultRecord, options: ExplainOptions): string[] {
  const list = [...(options.mapping ?? [])];
  if (record.address_value === undefined || record.decoded.physical) return list;
  const address = BigInt(record.address_value);
  if (options.pageMap?.root !== undefined) {
    const found = options.pageMap.query(address);
    list.push(
      found.answer === 'mapped'
        ? `The page-table tree in the log maps it, to ${found.pa} (line ${found.line}).`
        : found.answer === 'not mapped'
          ? `The page-table tree in the log has no entry for it: ${found.missing_level}, index ${found.index}.`
          : `The page-table tree in the log does not tell: ${found.why}.`,
    );
  }
  if (options.trace !== undefined) {
    const { engine } = record.decoded;
    const vmm = options.vmm ?? (engine === 'bar1' || engine === 'bar2' ? engine : 'user');
    const found = options.trace.at(vmm, address);
    if (found.kind === 'mapped') {
      list.push(
        `The trace shows it mapped at that time (line ${found.line}, ${found.start} to ${found.end}, ${size(found.page)} pages).`,
      );
    } else if (found.kind === 'unmapped') {
      list.push(
        `The trace shows it mapped in line ${found.mappedAt} and unmapped in line ${found.unmappedAt}: a use after unmap.`,
      );
    } else if (found.kind === 'never') {
      list.push('The trace shows no mapping at that address before the fault.');
      const near = options.trace.neighbours(vmm, address);
      if (near.below !== undefined)
        list.push(`The nearest mapping below ends at ${near.below.end}, ${near.below.distance} bytes before it.`);
      if (near.above !== undefined)
        list.push(`The nearest mapping above starts at ${near.above.start}, ${near.above.distance} bytes after it.`);
    }
  }
  return list;
}

/** Which level the reason points at, and how much is missing. */
function aboutLevel(record: FaultRecord, locations: readonly Location[]): string[] {
  const { reason, formats } = record.decoded;
  if (record.decoded.physical || locations.length === 0) return [];
  const list: string[] = [];
  if (reason === 'pde') {
    for (const { levels, format, title } of locations) {
      const directories = levels.filter(({ leaf }) => !leaf);
      if (format === 'T' || format === '1') {
        const [only] = directories;
        if (only !== undefined) {
          list.push(
            `${title}: directory entry ${only.index} is missing, which covers ${size(only.shift)} from ${only.start} to ${only.end}.`,
          );
        }
      } else {
        const spans = directories.map(({ level, index, shift }) => `${level} entry ${index} (${size(shift)})`);
        list.push(`${title}: one of the directories has no entry: ${spans.join(', ')}.`);
      }
    }
  } else if (reason === 'pte') {
    const shifts = locations.flatMap(({ levels }) => levels.filter(({ leaf }) => leaf).map(({ shift }) => shift));
    const sizes = [...new Set(shifts)].sort((a, b) => a - b).map(size);
    list.push(
      `The directories are there; the entry of the last table is missing, so a page of ${sizes.join(' or ')} is absent, not a whole range.`,
    );
  } else if (reason === 'va-limit') {
    list.push('No table was read: the address was refused before the walk.');
  }
  if (formats.length > 1) list.push('The chip is not known; all page-table formats that fit are shown.');
  return list;
}

/** Explains one fault, or several of the same kind, in plain words. */
export function explainFault(record: FaultRecord, options: ExplainOptions = {}): Explanation {
  const { decoded } = record;
  const reason = reasonInfo(decoded.reason);
  const translated = record.address_value !== undefined && !decoded.physical;
  const address = BigInt(record.address_value ?? '0x0');
  // GM20x has its big-page size in the instance block; elsewhere of format 1 it is a setting of the chip.
  const locations = translated
    ? decoded.formats.flatMap((format) => layoutsOf(format, options.bigPage)).map((layout) => locate(address, layout))
    : [];
  const verdict = judge(record);
  const after = aftermath(record);
  const mapping = aboutMapping(record, options);
  const kernel = options.info?.kernel !== undefined || options.info?.nvidia !== undefined;
  return {
    line: record.line,
    ...(record.line_end === undefined ? {} : { line_end: record.line_end }),
    count: options.count ?? 1,
    partial: record.partial === true,
    headline: headline(record, after),
    facts: facts(record, options.info),
    meaning:
      decoded.reason === 'unknown' && record.reason_id === undefined && record.reason === undefined
        ? ['The line gives no reason.']
        : [reason.meaning, ...aboutLevel(record, locations)],
    causes:
      decoded.reason === 'unknown' && record.reason_id === undefined && record.reason === undefined
        ? []
        : [...reason.causes],
    address: aboutAddress(record),
    locations,
    allThatFit: decoded.formats.length > 1,
    mapping,
    verdict,
    before: record.before.map(({ line, text }) => ({ line, text })),
    after,
    advice: advise(record, verdict, after, mapping.length > 0),
    unknown: limits(record, { mapping: mapping.length > 0, kernel }),
  };
}
