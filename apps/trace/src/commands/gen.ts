import {
  findProfile,
  formatHeader,
  formatOperation,
  generatedHeader,
  generateOperations,
  PROFILES,
  WORKLOADS,
} from '@nvmmu/script';
import type { Chip } from '@nvmmu/vmm-core';
import { Command, InvalidArgumentError, Option } from 'commander';
import { EXIT, Failure, messageOf } from '../failure.js';
import { chipOption, parseChip, parseCount } from '../options.js';
import { Output } from '../output.js';

interface GenFlags {
  readonly chip?: Chip;
  readonly seed: number;
  readonly ops: number;
  readonly profile: string;
  readonly hostile?: true;
  readonly workload?: string;
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || seed > 0xffff_ffff) {
    throw new InvalidArgumentError('It must be a whole number from 0 to 4294967295.');
  }
  return seed;
}

/** `gen`. */
export function genCommand(): Command {
  const profiles = PROFILES.map(({ name, description }) => `  ${name.padEnd(13)}${description}`);
  const workloads = WORKLOADS.map(({ name, title }) => `  ${name.padEnd(13)}${title}`);
  return new Command('gen')
    .description('write a random script, or one of the workloads that speed is measured with')
    .addOption(chipOption('chip that the script is for (default: gp100)'))
    .option('--seed <n>', 'the same seed gives the same script, everywhere', parseSeed, 1)
    .option('--ops <n>', 'operations after the first, which makes the device', parseCount, 200)
    .addOption(
      new Option('--profile <name>', 'what the script is about')
        .choices(PROFILES.map(({ name }) => name))
        .default('mixed'),
    )
    .option('--hostile', 'mix in requests that must be refused')
    .addOption(
      new Option('--workload <name>', 'a workload for timing instead')
        .choices(WORKLOADS.map(({ name }) => name))
        .conflicts(['chip', 'seed', 'ops', 'profile', 'hostile']),
    )
    .addHelpText(
      'after',
      `
Profiles:
${profiles.join('\n')}

Workloads, all for gp100:
${workloads.join('\n')}

Examples:
  nvmmu-trace gen --chip gm200 --profile sparse --seed 7 --ops 500 > sparse.vmm.jsonl
  nvmmu-trace gen --hostile --seed 3 | nvmmu-trace run - --verify
  nvmmu-trace gen --workload 1-map4g | nvmmu-trace time -`,
    )
    .action(gen);
}

async function gen(flags: GenFlags): Promise<void> {
  const out = new Output();
  for (const line of linesOf(flags)) {
    out.line(line);
    if (out.full) await out.drain();
    if (out.closed) return;
  }
  await out.drain();
}

function* linesOf({ chip, seed, ops, profile, hostile, workload }: GenFlags): Generator<string> {
  const fixed = WORKLOADS.find(({ name }) => name === workload);
  if (fixed !== undefined) {
    yield* fixed.lines();
    return;
  }
  const options = { chip: chip ?? parseChip('gp100'), seed, operations: ops, profile, hostile: hostile === true };
  try {
    findProfile(profile, options.chip);
  } catch (error) {
    throw new Failure(`${messageOf(error)}: choose another --profile or --chip`, EXIT.usage, { cause: error });
  }
  yield formatHeader(generatedHeader(options));
  for (const operation of generateOperations(options)) yield formatOperation(operation);
}
