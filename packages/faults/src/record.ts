import type { Decoded } from './decoded.js';

/** The driver that printed a fault. */
export type Driver = 'nouveau' | 'nvidia';

/**
 * The shape of a fault line: `nv50` (trapped read/write), `E[PFIFO]` (gf100 and gk104, kernels up to 4.2), `gf100`
 * (kernels 4.3 and later, `read fault at`), `gk104+` (`fault 00 [READ] at`), `gsp-rc` and `gsp-xid31` (firmware),
 * `xid31`, `mmu-debug` (debug builds of NVIDIA's open module), `nvlink`.
 */
export type Form = 'nv50' | 'E[PFIFO]' | 'gf100' | 'gk104+' | 'gsp-rc' | 'gsp-xid31' | 'xid31' | 'mmu-debug' | 'nvlink';

/**
 * What a fault line says, each value as printed. A key is absent where the line has no such value; the empty string
 * means that the driver printed `[]`.
 */
export interface FaultFields {
  /** PCI address of the GPU. */
  bdf?: string;
  /** Name of a GPU that is not on PCI, such as `57000000.gpu`. */
  device?: string;
  access?: string;
  access_id?: string;
  address?: string;
  /** The address as a number, `0x…`. */
  address_value?: string;
  aperture_id?: string;
  engine?: string;
  engine_id?: string;
  client?: string;
  client_id?: string;
  /** `HUB` or `GPC<n>`. */
  client_unit?: string;
  gpc?: number;
  subclient?: string;
  subclient_id?: string;
  reason?: string;
  reason_id?: string;
  /** Channel number, -1 if the driver found none; a string where the line prints it in hexadecimal. */
  channel?: number | string;
  /** The number of a channel printed in hexadecimal. */
  channel_value?: number;
  /** Instance block of the channel as printed; in some old forms shifted right by 12, see `inst_value`. */
  inst?: string;
  /** Byte address of the instance block, `0x…`. */
  inst_value?: string;
  process?: string;
  /** Process id; a string only where the line has none, `'<unknown>'`. */
  pid?: number | string;
  xid?: number;
  intr?: string;
  engmask?: string;
  rc_type?: number;
  scope?: number;
  part?: number;
  gfid?: number;
  level?: number;
  /** Status word of the oldest nv50 form, from which engine, client and reason are decoded. */
  status?: string;
  /** Reporting unit of the oldest nv50 form. */
  unit?: string;
  /** Subcontext of a graphics engine, in the debug form. */
  veid?: number;
}

/** One of the things that a log says around a fault. */
export interface LogEvent {
  line: number;
  line_end?: number;
  kind: EventKind;
  /** The message without its prefix, at most 200 characters. */
  text: string;
  bdf?: string;
  device?: string;
  channel?: number;
  process?: string;
  xid?: number;
}

/** Kinds of events around a fault. */
export type EventKind =
  | 'announced'
  | 'channel-killed'
  | 'recovering'
  | 'recovery-scheduled'
  | 'rc-scheduled'
  | 'channel-disabled'
  | 'dropped-faults'
  | 'sched-error'
  | 'timeout'
  | 'idle-failed'
  | 'job-timeout'
  | 'hang'
  | 'forced-fault'
  | 'engine-trap'
  | 'other-xid'
  | 'rc-other'
  | 'device-lost'
  | 'crash';

/** One decoded fault. Plain data: it can be written as JSON as it is. */
export interface FaultRecord extends FaultFields {
  /** 1-based number of the first line of the record. */
  line: number;
  /** Last line, present only where the record is wrapped over several. */
  line_end?: number;
  driver: Driver;
  form: Form;
  /** Which grammar of the reference matched: `N1` to `N8`, `R1`, `R2`, … */
  grammar: string;
  /** Time stamp as printed, if the line has one. */
  stamp?: string;
  /** Present and true where the line was cut before its end; the last value may be cut as well. */
  truncated?: true;
  /** Present and true where the line is too damaged to be counted as a fault. */
  partial?: true;
  /** What the decoder makes of the line: numbers, chips that fit, canonical reason. */
  decoded: Decoded;
  /** Trouble on the same GPU shortly before. */
  before: LogEvent[];
  /** What the log says happened next on the same GPU. */
  after: LogEvent[];
}

/** A line that looks like a GPU MMU fault, or is asked about as one, and is something else. */
export interface Notice {
  line: number;
  line_end?: number;
  kind: NoticeKind;
  bdf?: string;
  xid?: number;
  text: string;
  /** What the line is, in one sentence. */
  meaning: string;
}

/** Kinds of lines that are not GPU MMU faults. */
export type NoticeKind =
  | 'mmio-fault'
  | 'forced-fault'
  | 'announced'
  | 'engine-trap'
  | 'rc-other'
  | 'other-xid'
  | 'iommu'
  | 'cpu-fault'
  | 'other-gpu'
  | 'dropped-faults'
  | 'companion';
