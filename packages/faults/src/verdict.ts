import type { FaultRecord } from './record.js';

/** Whose fault a fault likely is. */
export type Culprit = 'program' | 'driver' | 'driver-or-firmware' | 'memory-or-hardware' | 'nobody' | 'unknown';

/** A verdict with its reasons. */
export interface Verdict {
  culprit: Culprit;
  /** One sentence that names the culprit. */
  sentence: string;
  /** What in the log speaks for it, most telling first. */
  reasons: string[];
  /** True where other explanations are nearly as likely. */
  weak: boolean;
}

/** Says whether a fault comes from a channel that the kernel driver owns. */
export function isKernelChannel(record: FaultRecord): boolean {
  if (record.process !== undefined) return record.process === 'DRM';
  // Firmware lines name no process; the driver's own channel shows when it is killed.
  return record.after.some(
    ({ kind, process, channel }) => kind === 'channel-killed' && process === 'DRM' && channel === record.channel,
  );
}

/** Says whether the driver found no channel for a fault. */
export function hasNoChannel(record: FaultRecord): boolean {
  return record.channel === -1 || (record.form === 'nv50' && record.channel === 128) || record.process === 'unknown';
}

/** Says whether a record names a process of a user. */
export function hasUserProcess(record: FaultRecord): boolean {
  const { process } = record;
  return (
    process !== undefined && process !== '' && process !== 'DRM' && process !== 'unknown' && process !== '<unknown>'
  );
}

/** The widest address, in bits, that any of the page-table formats of a record has. */
export function addressBits(record: FaultRecord): number {
  const widths = { T: 40, '1': 40, '2': 49, '3': 57 } as const;
  return Math.max(...record.decoded.formats.map((format) => widths[format]));
}

/** Says whether an address has bits that no format of the record translates; canonical addresses are fine. */
export function isImpossible(record: FaultRecord): boolean {
  if (record.address_value === undefined || record.decoded.physical) return false;
  const address = BigInt(record.address_value);
  const bits = BigInt(addressBits(record));
  if (address >> bits === 0n) return false;
  return !(bits > 40n && address >> (bits - 1n) === (1n << (65n - bits)) - 1n);
}

const verdict = (culprit: Culprit, sentence: string, reasons: string[], weak = false): Verdict => ({
  culprit,
  sentence,
  reasons,
  weak,
});

/** Signs that a report itself is not to be trusted: stale or unwritten registers, another memory layout, hardware. */
function oddities(record: FaultRecord): string[] {
  const { decoded } = record;
  const odd: string[] = [];
  if (decoded.physical) odd.push('the access is a physical one (PHYS_…), which no page table translates');
  if (decoded.reason === 'region') odd.push('the reason is a protected region of memory');
  if (record.reason === '' || (decoded.reason === 'unknown' && record.reason_id !== undefined)) {
    odd.push(`the reason ${record.reason_id ?? ''} has no name: hardware documents no such number`);
  }
  if (record.reason === 'UNRECOGNIZED_FAULT') odd.push('the driver does not recognise the fault type');
  if (/^UNRECOGNIZED/.test(record.client ?? '')) odd.push('the driver does not recognise the client');
  if (isImpossible(record)) odd.push('the address has bits that no address of this chip can have');
  if (decoded.engine === 'copy' && record.gpc !== undefined) {
    odd.push('a copy engine can’t have a client inside a GPC: engine and client do not fit together');
  }
  return odd;
}

/** Trouble before a fault that makes it a consequence. */
function provoked(record: FaultRecord): string | undefined {
  for (const event of record.before) {
    if (event.kind === 'sched-error')
      return `line ${event.line}: ${event.text} came before; the driver was already recovering an engine`;
    if (event.kind === 'forced-fault') return `line ${event.line}: the driver forced a fault itself shortly before`;
    if (event.kind === 'device-lost') return `line ${event.line}: the GPU had stopped answering`;
    if (event.kind === 'timeout' || event.kind === 'idle-failed')
      return `line ${event.line}: “${event.text}” came before`;
  }
  return undefined;
}

/** Says whose fault a fault likely is, and why. The rules are those of bug triage: see the README. */
export function judge(record: FaultRecord): Verdict {
  const { decoded } = record;
  const before = provoked(record);
  const also = before === undefined ? [] : [before];

  if (decoded.access === 'prefetch') {
    return verdict('nobody', 'Probably nobody’s: the access was a prefetch, and those may fail without harm.', [
      'the access type is a prefetch',
    ]);
  }
  const odd = oddities(record);
  if (odd.length > 0) {
    return verdict(
      'memory-or-hardware',
      'Neither the program nor a missing mapping: memory layout (firmware, virtual machine), stale registers, or broken hardware.',
      [...odd, ...also],
    );
  }
  if (decoded.client === 'cpu' || decoded.engine === 'bar1' || decoded.engine === 'bar2') {
    const what =
      decoded.engine === 'bar1'
        ? 'the fault is in the BAR1 window, through which the CPU reads and writes buffers'
        : 'the fault is in a window that the driver uses itself (BAR2, instance memory), not in a program’s address space';
    return verdict('driver-or-firmware', 'The driver or the firmware: no program can cause this access.', [
      what,
      ...also,
    ]);
  }
  if (isKernelChannel(record)) {
    if (decoded.reason === 'null-dma-object' || decoded.reason === 'dma-object-limit') {
      return verdict('driver', 'The driver: its own channel used an object that is not set up.', [
        'the channel is the kernel driver’s own (DRM)',
        'the reason is a missing or too small DMA object, not a missing page',
        ...also,
      ]);
    }
    const moves = decoded.engine === 'copy' || decoded.client === 'copy';
    return verdict(
      'driver',
      moves
        ? 'The driver: its own channel moves buffers with the copy engine, and this one was not mapped where it copied.'
        : 'The driver: the access came through the kernel’s own channel.',
      ['the channel is the kernel driver’s own (DRM)', ...(moves ? ['the engine is a copy engine'] : []), ...also],
    );
  }
  if (hasNoChannel(record) && !hasUserProcess(record)) {
    return verdict(
      'driver-or-firmware',
      'The driver or the firmware: no channel owns the instance block that the hardware named.',
      ['channel -1, “unknown”: a channel that was torn down, or was never the driver’s', ...also],
      record.gpc !== undefined,
    );
  }
  if (decoded.reason === 'unbound') {
    return verdict('driver', 'The driver: the channel had no usable address space when the engine ran.', [
      'the instance block is not bound',
      ...also,
    ]);
  }
  if (
    decoded.reason === 'kind' ||
    decoded.reason === 'aperture' ||
    decoded.reason === 'both-valid' ||
    decoded.reason === 'vram-limit'
  ) {
    return verdict('driver', 'The driver, more likely than the program: the page is mapped, but its entry is wrong.', [
      'the entry exists; programs do not write page-table entries',
      ...also,
    ]);
  }
  if (record.form === 'gsp-rc' && record.address === undefined) {
    return verdict(
      'unknown',
      'Can’t be told from this line: the firmware handled the fault and kept its details.',
      ['no address, client or reason is printed', ...also],
      true,
    );
  }
  if (record.driver === 'nvidia' && record.address === undefined) {
    return verdict(
      'program',
      'Probably the program on that channel, but this old form names neither address nor reason.',
      ['an Xid 31 belongs to the channel that it names', ...also],
      true,
    );
  }
  if (record.driver === 'nvidia' && !hasUserProcess(record)) {
    return verdict(
      'unknown',
      'Can’t be told for sure: the driver did not know the process, so it is a program that had already gone, or the driver itself.',
      ['the process is not known to the driver', ...also],
      true,
    );
  }
  if (before !== undefined) {
    return verdict(
      'driver',
      'Perhaps not the program: the fault followed other trouble of the driver, and such faults are often provoked by its recovery.',
      also,
      true,
    );
  }
  const who = hasUserProcess(record)
    ? `${record.process ?? ''}, or the userspace driver it uses`
    : 'The program on that channel, or its userspace driver';
  return verdict(
    'program',
    `${who}: it accessed memory that is not mapped for it that way.`,
    [
      record.gpc !== undefined
        ? 'the access came from a unit that runs shaders or draws (GPC client)'
        : 'the access was work that a user channel submitted',
      ...(record.driver === 'nvidia'
        ? []
        : ['the process named is the one that opened the device, not always the one that made the work']),
    ],
    !hasUserProcess(record),
  );
}
