import type { Chip, SpaceTemplate } from '@nvmmu/vmm-core';

/** The template of a chip with big pages of a size, wherever the chip looks for it. */
export function templateOf(chip: Chip, bigPage: 16 | 17 = 17): SpaceTemplate {
  const fromSpace = chip.arguments.includes('bigPage');
  return chip.template({ fbPage: fromSpace ? 33 - bigPage : bigPage, stolen: 0 }, fromSpace ? { bigPage } : {});
}
