/** How much of the driver's log a listener wants; each level includes the ones before it. */
export type LogLevel = 'debug' | 'trace' | 'spam';

/** Numeric order of the log levels, 0 for no log: what the hot paths compare. */
export const LOG = { none: 0, debug: 1, trace: 2, spam: 3 } as const;

/** Something that the outside of an address space can see it do. Addresses and sizes are in bytes. */
export type VmmEvent =
  | { readonly type: 'ptnew'; readonly addr: bigint; readonly size: bigint; readonly zero: boolean }
  | { readonly type: 'ptfree'; readonly addr: bigint }
  | { readonly type: 'wr32'; readonly reg: number; readonly value: number }
  | { readonly type: 'dmamap'; readonly addr: bigint; readonly size: bigint }
  | { readonly type: 'dmaunmap'; readonly addr: bigint; readonly size: bigint }
  | { readonly type: 'tagclr'; readonly first: number; readonly count: number }
  | { readonly type: 'leak'; readonly space: string; readonly tables: number };

/**
 * Who listens to a device. Both callbacks run inside the operation that causes them and must not call back into the
 * device: such a call is refused with `EBUSY`. What they throw is held back until the operation has ended.
 */
export interface Observer {
  /** The most detailed log lines wanted; none when absent. */
  readonly logLevel?: LogLevel;
  /** Gets each log line as the reference driver words it, without the device prefix and the newline. */
  log?(line: string, level: LogLevel): void;
  /** Gets each event in order. */
  event?(event: VmmEvent): void;
}
