import { highLane, lowLane, type ChildTables } from '@nvmmu/vmm-core';
import {
  PDE_ABSENT,
  PDE_LENGTH_BYTES,
  PDE_LENGTH_SHIFT,
  PDE_PAGES_4K,
  PDE_PAGES_64K,
  PDE_TARGET_SHIFT,
  TARGET,
} from './layout.js';

/** The `pages` and `length` fields for a table of `bytes`, or `undefined` where there is no code for it. */
function sizeCode(pageShift: number, bytes: number): number | undefined {
  if (pageShift === 16) return PDE_PAGES_64K;
  if (pageShift !== 12) return undefined;
  const length = PDE_LENGTH_BYTES.indexOf(bytes);
  return length < 0 ? undefined : PDE_PAGES_4K | (length << PDE_LENGTH_SHIFT);
}

/**
 * Puts the directory entry for `child` into `out` (`nv50_vmm_pde`); without a table that is 0xdeadcafe00000000, the
 * driver's mark for an absent one.
 *
 * @returns False when the page size or the size of the table has no code; `out` is then as it was.
 */
export function encodePde(child: ChildTables | undefined, out: Uint32Array): boolean {
  const table = child?.slot0;
  if (child === undefined || table === undefined) {
    out.set(PDE_ABSENT);
    return true;
  }
  const code = sizeCode(child.pageShift, table.memory.size);
  if (code === undefined) return false;
  out[0] = lowLane(table.addr) | code | (TARGET[table.target] << PDE_TARGET_SHIFT);
  out[1] = highLane(table.addr);
  return true;
}
