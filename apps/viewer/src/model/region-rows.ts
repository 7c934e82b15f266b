import type { ScriptSpace } from '@nvmmu/script';
import type { MemoryObject } from '@nvmmu/vmm-core';
import { REGION } from './recording.js';

type Region = NonNullable<ReturnType<ScriptSpace['vmm']['state']['regions']['find']>>;

/** A used region as the journal keeps it. */
export interface RegionRow {
  readonly addr: number;
  readonly size: number;
  readonly flags: number;
  readonly memory: MemoryObject | undefined;
}

/** What one operation can change: an interval of addresses, and the used regions in it. */
export interface RegionSlice {
  readonly from: number;
  readonly to: number;
  readonly rows: readonly RegionRow[];
}

/** Page index of a region without one, as the driver writes it. */
const PAGE_NONE = 7;

function rowOf(region: Region): RegionRow {
  const index = (page: number): number => (page === PAGE_NONE ? 0 : page + 1);
  const flags =
    (region.mapref ? REGION.mapref : 0) |
    (region.sparse ? REGION.sparse : 0) |
    (region.part ? REGION.part : 0) |
    (region.mapped ? REGION.mapped : 0) |
    (index(region.page) << 8) |
    (index(region.refd) << 12);
  return { addr: region.addr, size: region.size, flags, memory: region.memory };
}

/** All used regions of a space. */
export function allRegions({ vmm }: ScriptSpace): RegionSlice {
  const rows: RegionRow[] = [];
  if (!vmm.isClosed) for (const region of vmm.state.regions) if (region.used) rows.push(rowOf(region));
  return { from: 0, to: Infinity, rows };
}

/**
 * The used regions in `[from, to)` and one neighbour on either side, with which they may merge; nothing when there is no
 * used region at `from`.
 *
 * @param whole - Take the whole allocation at `from`, whatever `to` is.
 */
export function regionsAround({ vmm }: ScriptSpace, from: number, to: number, whole: boolean): RegionSlice | undefined {
  const first = vmm.state.regions.find(from);
  if (first === undefined) return undefined;
  const rows: RegionRow[] = [];
  const before = first.prev;
  // Nothing merges with an allocation that goes away.
  if (!whole && before?.used === true) rows.push(rowOf(before));
  rows.push(rowOf(first));
  let end = first.addr + first.size;
  for (let region = first.next; region !== undefined; region = region.next) {
    const inside = whole ? region.used && region.part : region.addr < to;
    if (!inside && (whole || !region.used)) break;
    if (region.used) rows.push(rowOf(region));
    end = region.addr + region.size;
    if (!inside) break;
  }
  return { from: rows[0]?.addr ?? first.addr, to: end, rows };
}

/** The used regions that begin in `[from, to)`, where the interval begins with a region or lies in a free one. */
export function regionsIn({ vmm }: ScriptSpace, from: number, to: number): RegionRow[] {
  const rows: RegionRow[] = [];
  let region: Region | undefined = vmm.state.regions.find(from);
  if (region === undefined) return rows;
  for (; region !== undefined && region.addr < to; region = region.next) if (region.used) rows.push(rowOf(region));
  return rows;
}
