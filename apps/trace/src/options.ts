import { CHIPS, didYouMean, findChip } from '@nvmmu/script';
import type { Chip, LogLevel } from '@nvmmu/vmm-core';
import { InvalidArgumentError, Option } from 'commander';

/** Reads the name of a chip. */
export function parseChip(text: string): Chip {
  const chip = findChip(text);
  if (chip !== undefined) return chip;
  const names = CHIPS.map(({ name }) => name);
  throw new InvalidArgumentError(`There is no chip "${text}"${didYouMean(text, names)}. Chips: ${names.join(', ')}.`);
}

/** Reads a list of chips: `gp100,tu102`. */
export function parseChips(text: string): Chip[] {
  return text.split(',').map(parseChip);
}

/** Reads a count from 1. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 1_000_000) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 1000000.');
  }
  return count;
}

const LEVELS: readonly LogLevel[] = ['debug', 'trace', 'spam'];

/** `--log LEVEL`. */
export function logOption(): Option {
  return new Option('--log <level>', "print the driver's log lines: debug, trace or spam").choices(LEVELS);
}

/** `--chip CHIP`. */
export function chipOption(description: string): Option {
  return new Option('--chip <chip>', description).argParser(parseChip);
}
