import type { Aperture } from './entry.js';
import type { ScanOptions } from './scan.js';
import type { EntryRun } from './scan-visitor.js';
import type { TableTotals } from './totals.js';

/** What a listing of page tables shows. */
export interface ListOptions {
  /**
   * Only entries that cover some of the addresses from here; default 0. Tables outside are not even read. Pages that
   * reach over the edge are shown whole.
   */
  readonly start?: bigint;
  /** … up to here, exclusive; default is the end of the address space. */
  readonly end?: bigint;
  /** Only ranges of these kinds; problems are always shown. Default all. */
  readonly kinds?: readonly ('mapped' | 'sparse' | 'nowhere')[];
  /** Only mapped ranges in these apertures; default all. */
  readonly apertures?: readonly Aperture[];
  /** Only ranges whose pages (or sparse entries) have one of these sizes, log2; default all. */
  readonly shifts?: readonly number[];
  /** Totals to add to; they count what the addresses select, whatever the other filters are. */
  readonly totals?: TableTotals;
  /** How often in all a table may be met again before it is no longer followed; default 65536. */
  readonly maxRepeats?: number;
  /** How many entries to look at in all; default 2^28. */
  readonly maxEntries?: number;
}

const PAGE_SHIFT = 12n;
const PAGE_BYTES = 0x1000;

/** The part of the options that a scan takes. Throws RangeError for a range that is negative or turned around. */
export function scanOptions(options: ListOptions): ScanOptions {
  const { start = 0n, end, maxRepeats, maxEntries } = options;
  if (start < 0n || (end !== undefined && end < start)) {
    throw new RangeError(`range from ${String(start)} to ${String(end)} is negative or turned around`);
  }
  return {
    start: Number(start >> PAGE_SHIFT) * PAGE_BYTES,
    ...(end === undefined ? {} : { end: Number((end + 0xfffn) >> PAGE_SHIFT) * PAGE_BYTES }),
    ...(maxRepeats === undefined ? {} : { maxRepeats }),
    ...(maxEntries === undefined ? {} : { maxEntries }),
  };
}

/** Adds a run of entries of `kind` to the totals; says whether the filters let it through. */
export function selectRun(
  options: ListOptions,
  kind: 'mapped' | 'sparse' | 'nowhere',
  shift: number,
  { entry, count, size }: EntryRun,
): boolean {
  const { totals, kinds, apertures, shifts } = options;
  if (kind === 'mapped') totals?.addMapped(shift, entry.aperture, count, size);
  else totals?.addEmpty(kind, shift, count, size);
  if (kinds?.includes(kind) === false || shifts?.includes(shift) === false) return false;
  return kind !== 'mapped' || apertures?.includes(entry.aperture) !== false;
}
