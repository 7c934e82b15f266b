import { highLane, lowLane, type ChildTables } from '@nvmmu/vmm-core';
import { ADDR_SCALE, PDE_APERTURE, PDE_BIG_VOL_HI, PDE_SMALL_VOL_HI } from './layout.js';

/**
 * Puts the directory entry for the big-page table (slot 0) and the small-page table (slot 1) of `child` into `out`
 * (`gf100_vmm_pgd_pde`); the half of a missing table is 0.
 *
 * @returns True: every pair of tables can be expressed.
 */
export function encodePde(child: ChildTables | undefined, out: Uint32Array): boolean {
  let lo = 0;
  let hi = 0;
  const big = child?.slot0;
  if (big !== undefined) {
    const scaled = big.addr / ADDR_SCALE;
    lo = lowLane(scaled) | PDE_APERTURE[big.target];
    hi = highLane(scaled);
    if (big.target === 'host') hi |= PDE_BIG_VOL_HI;
  }
  const small = child?.slot1;
  if (small !== undefined) {
    hi |= lowLane(small.addr / ADDR_SCALE) | PDE_APERTURE[small.target];
    if (small.target === 'host') hi |= PDE_SMALL_VOL_HI;
  }
  out[0] = lo;
  out[1] = hi;
  return true;
}
