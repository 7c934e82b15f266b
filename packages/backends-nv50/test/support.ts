import type { Chip, SpaceTemplate } from '@nvmmu/vmm-core';

/** A template of a chip on a device without stolen memory, unless told otherwise. */
export function templateOf(chip: Chip, stolen = 0): SpaceTemplate {
  return chip.template({ fbPage: 17, stolen }, {});
}
