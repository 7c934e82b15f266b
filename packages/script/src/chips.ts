import { gf100, gk104, gk20a, gm200, gm20b } from '@nvmmu/backends-gf100';
import { gh100, gp100, gp10b, gv100, tu102 } from '@nvmmu/backends-gp100';
import { g84, mcp77, nv50 } from '@nvmmu/backends-nv50';
import type { Chip } from '@nvmmu/vmm-core';

/** Every chip that scripts know, oldest first. */
export const CHIPS: readonly Chip[] = [
  nv50,
  g84,
  mcp77,
  gf100,
  gk104,
  gk20a,
  gm200,
  gm20b,
  gp100,
  gp10b,
  gv100,
  tu102,
  gh100,
];

/** The chip of that name out of a list, {@link CHIPS} by default. */
export function findChip(name: string, chips: readonly Chip[] = CHIPS): Chip | undefined {
  return chips.find((chip) => chip.name === name);
}
