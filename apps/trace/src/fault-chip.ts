import { generationOf, type Generation } from '@nvmmu/faults';
import { CHIPS, findChip } from '@nvmmu/script';
import type { Chip } from '@nvmmu/vmm-core';
import { InvalidArgumentError, Option } from 'commander';

/** The chip whose page tables a generation has, by name. */
const BY_GENERATION: Readonly<Record<Generation, string>> = {
  nv50: 'g84',
  gf100: 'gf100',
  gk104: 'gk104',
  gm107: 'gk104',
  gp100: 'gp100',
  gv100: 'gv100',
  tu102: 'tu102',
  gh100: 'gh100',
};

/** The chip whose page tables are those of a chip as logs name it (`GP106`, `TU104`), or `undefined`. */
export function chipLike(name: string): Chip | undefined {
  const exact = findChip(name.toLowerCase());
  if (exact !== undefined) return exact;
  // GM20x has sparse entries and its big pages in the instance block; GM10x is as Kepler.
  if (/^gm20/i.test(name)) return findChip('gm200');
  const generation = generationOf(name);
  return generation === undefined ? undefined : findChip(BY_GENERATION[generation]);
}

/** `--chip CHIP` for logs: any chip that the driver knows, not only those with page tables of their own. */
export function logChipOption(): Option {
  return new Option('--chip <chip>', 'chip, such as gk104 or TU104, where the log does not name it').argParser(
    (text) => {
      if (generationOf(text) !== undefined || findChip(text) !== undefined) return text;
      const names = CHIPS.map(({ name }) => name).join(', ');
      throw new InvalidArgumentError(`There is no chip "${text}". Chips are, for example, ${names}, GP106, TU104.`);
    },
  );
}
