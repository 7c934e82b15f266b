import { type Chip, once } from '@nvmmu/vmm-core';
import { flush } from './flush.js';
import { formatT, type FormatTChip } from './format.js';
import { join, part } from './instance.js';
import { teslaKinds } from './kinds.js';
import { DIRECTORY_BYTES, PDE_SHIFT } from './layout.js';
import { pageSizes } from './levels.js';
import { prepareMap } from './valid.js';

/** What tells one chip of the family from another. */
export interface TeslaVariant {
  readonly name: FormatTChip;
  /** Where the page directory starts in an instance block, in bytes. */
  readonly directoryOffset: number;
  /** Capabilities of 64 KiB pages. */
  readonly bigFlags: number;
}

/** Makes a chip with the two-level MMU whose directory lives in instance blocks. */
export function teslaChip(variant: TeslaVariant): Chip {
  const { directoryOffset } = variant;
  const pages = pageSizes(variant.bigFlags);
  const format = once(() => formatT(variant.name, teslaKinds));
  return {
    name: variant.name,
    arguments: [],
    tableTarget: 'vram',
    dmaBits: 40,
    kinds: teslaKinds,
    mapArguments: ['kind', 'ro', 'priv', 'comp'],
    template: ({ stolen }) => ({
      pages,
      pageBlockShift: PDE_SHIFT,
      get format() {
        return format();
      },
      instanceBytes: directoryOffset + DIRECTORY_BYTES,
      directoryOffset,
      valid: (_space, map, args) => prepareMap(stolen, map, args),
      flush,
      join: (space, inst) => join(space, inst, directoryOffset),
      part,
    }),
  };
}
