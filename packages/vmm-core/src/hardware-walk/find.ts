import type { Aperture } from './entry.js';
import type { MmuFormat, Root } from './format.js';
import type { ListOptions } from './list-options.js';
import { listRanges } from './ranges.js';
import type { MappedRange } from './range-types.js';
import type { MemoryReader } from './reader.js';

/** Options of {@link findPhysical}. */
export interface FindOptions extends Omit<ListOptions, 'kinds'> {
  /** Bytes to look for; default 1. */
  readonly size?: bigint;
}

/**
 * Finds the virtual addresses that map a piece of physical memory.
 * `addr` is its first byte,
 * `options.size` its length and `options.apertures` where it is.
 *
 * @returns The parts of mapped ranges that lie in the piece, in the order of virtual addresses.
 * @throws RangeError when the piece is empty or negative.
 */
export function* findPhysical(
  format: MmuFormat,
  reader: MemoryReader,
  root: Root,
  addr: bigint,
  options: FindOptions = {},
): Generator<MappedRange> {
  const { size = 1n, ...list } = options;
  if (addr < 0n || size <= 0n) throw new RangeError(`physical memory at ${String(addr)} of ${String(size)} bytes`);
  for (const range of listRanges(format, reader, root, { ...list, kinds: ['mapped'] })) {
    if (range.kind !== 'mapped' || range.addr >= addr + size || range.addr + range.size <= addr) continue;
    const skip = addr > range.addr ? addr - range.addr : 0n;
    const end = range.addr + range.size < addr + size ? range.addr + range.size : addr + size;
    const tag = range.tag + range.tagStep * Number(skip >> BigInt(range.shift));
    yield { ...range, va: range.va + skip, addr: range.addr + skip, size: end - range.addr - skip, tag };
  }
}

/** Physical memory that is mapped more than once, by the same set of ranges throughout. */
export interface Alias {
  readonly aperture: Aperture;
  readonly peer: number;
  readonly addr: bigint;
  readonly size: bigint;
  /** How many virtual ranges map it. */
  readonly count: number;
  /** Where they start, in ascending order; cut off after `maxVas`. */
  readonly vas: readonly bigint[];
}

/** Options of {@link aliases}. */
export interface AliasOptions extends Omit<ListOptions, 'kinds'> {
  /** How many virtual addresses to name for one piece of memory; default 64. */
  readonly maxVas?: number;
}

interface Mapping {
  readonly va: bigint;
  readonly addr: bigint;
  readonly end: bigint;
}

/**
 * Finds physical memory that is mapped more than once.
 *
 * @returns The pieces by aperture and then by physical address.
 */
export function* aliases(
  format: MmuFormat,
  reader: MemoryReader,
  root: Root,
  options: AliasOptions = {},
): Generator<Alias> {
  const { maxVas = 64, ...list } = options;
  const groups = new Map<
    string,
    { readonly aperture: Aperture; readonly peer: number; readonly mappings: Mapping[] }
  >();
  for (const range of listRanges(format, reader, root, { ...list, kinds: ['mapped'] })) {
    if (range.kind !== 'mapped') continue;
    const { aperture, peer, va, addr, size } = range;
    const key = `${aperture} ${peer}`;
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { aperture, peer, mappings: [] }));
    group.mappings.push({ va, addr, end: addr + size });
  }
  for (const { aperture, peer, mappings } of groups.values()) {
    for (const piece of overlaps(mappings, maxVas)) yield { aperture, peer, ...piece };
  }
}

/** Sweeps over physical memory: at each edge the set of mappings changes. */
function* overlaps(mappings: Mapping[], maxVas: number): Generator<Omit<Alias, 'aperture' | 'peer'>> {
  const starts = mappings.sort((a, b) => compare(a.addr, b.addr));
  const ends = [...mappings].sort((a, b) => compare(a.end, b.end));
  const live = new Set<Mapping>();
  let from = 0n;
  let s = 0;
  for (let e = 0; e < ends.length;) {
    const start = starts[s];
    const end = ends[e] as Mapping;
    const edge = start !== undefined && start.addr < end.end ? start.addr : end.end;
    if (live.size > 1 && edge > from) yield overlap(live, from, edge, maxVas);
    while (starts[s]?.addr === edge) live.add(starts[s++] as Mapping);
    while (ends[e]?.end === edge) live.delete(ends[e++] as Mapping);
    from = edge;
  }
}

function overlap(
  live: ReadonlySet<Mapping>,
  from: bigint,
  to: bigint,
  maxVas: number,
): Omit<Alias, 'aperture' | 'peer'> {
  const vas: bigint[] = [];
  for (const mapping of live) {
    if (vas.length >= maxVas) break;
    vas.push(mapping.va + from - mapping.addr);
  }
  return { addr: from, size: to - from, count: live.size, vas: vas.sort(compare) };
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
