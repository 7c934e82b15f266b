import { CHIPS } from '@nvmmu/script';
import type { Chip, MmuFormat } from '@nvmmu/vmm-core';
import { InvalidArgumentError, Option } from 'commander';
import { Failure } from './failure.js';

/** log2 of a big page, on the chips that have a choice. */
export type BigPage = 16 | 17;

/** `--big-page 16|17`. */
export function bigPageOption(): Option {
  return new Option('--big-page <shift>', 'log2 of the big page, 16 or 17, on gf100 to gm20b').argParser(
    (text): BigPage => {
      if (text === '16' || text === '64K') return 16;
      if (text === '17' || text === '128K') return 17;
      throw new InvalidArgumentError('It is 16 (64 KiB) or 17 (128 KiB).');
    },
  );
}

/**
 * How a chip reads page tables.
 *
 * @throws Failure when it has no such big page.
 */
export function formatOf(chip: Chip, bigPage?: BigPage): MmuFormat {
  const { format } = chip.template({ fbPage: bigPage ?? 17, stolen: 0 }, {});
  if (bigPage === undefined || format.bigPageShift === bigPage) return format;
  const other = format.withBigPage?.(bigPage);
  if (other === undefined) throw new Failure(`${chip.name} has one size of big pages only: leave out --big-page`);
  return other;
}

/** One format of each kind there is, for memory of unknown origin; with the big pages that are not in the memory itself. */
export function allFormats(): MmuFormat[] {
  const formats: MmuFormat[] = [];
  for (const name of ['nv50', 'g84', 'gk104', 'gm200', 'gp100', 'tu102', 'gh100']) {
    const chip = CHIPS.find((candidate) => candidate.name === name);
    if (chip === undefined) continue;
    const format = formatOf(chip);
    formats.push(format);
    if (format.bigPageShift !== undefined) formats.push(formatOf(chip, format.bigPageShift === 17 ? 16 : 17));
  }
  return formats;
}
