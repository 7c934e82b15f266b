#!/usr/bin/env node
// Random operations against the model for as long as asked: `pnpm soak --minutes N --seed S --shard i/n`.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CHIPS, findChip } from '@nvmmu/script';
import type { Chip } from '@nvmmu/vmm-core';
import { checkChip, Tally } from './property.js';

const USAGE = `usage: soak [--minutes N] [--operations N] [--seed S] [--shard I/N] [--chips A,B] [--out FOLDER]

  --minutes N      stop after N minutes (default 1)
  --operations N   stop a chip after N operations, and all when every chip has done so
  --seed S         seed of the first round (default 1)
  --shard I/N      run only every Nth round, from the Ith (from 1)
  --chips A,B      only these chips
  --out FOLDER     where a failing script is written (default .)
  --help           print this

Exit code 0: no failure, 1: failures, 2: options that make no sense.`;

/** Plans of one chip in one round, and commands in a plan. */
const ROUND_PLANS = 40;
const PLAN_LENGTH = 300;

/** Milliseconds between reports. */
const REPORT_EVERY = 60_000;

interface Options {
  readonly minutes: number;
  readonly operations: number;
  readonly seed: number;
  readonly shard: number;
  readonly shards: number;
  readonly chips: readonly Chip[];
  readonly out: string;
}

function number(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`--${name}: ${text} is not a number from 0`);
  return value;
}

/** The options, or `undefined` when help is asked for. */
function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '1' },
      operations: { type: 'string' },
      seed: { type: 'string', default: '1' },
      shard: { type: 'string', default: '1/1' },
      chips: { type: 'string' },
      out: { type: 'string', default: '.' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const shard = /^(\d+)\/(\d+)$/.exec(values.shard);
  const [i, n] = [Number(shard?.[1]), Number(shard?.[2])];
  if (!(i >= 1 && i <= n)) throw new Error(`--shard: ${values.shard} is not I/N with I from 1 to N`);
  const chips = values.chips?.split(',').map((name) => {
    const chip = findChip(name);
    if (chip === undefined) throw new Error(`--chips: there is no chip ${name}`);
    return chip;
  });
  return {
    minutes: number(values.minutes, 'minutes'),
    operations: values.operations === undefined ? Infinity : number(values.operations, 'operations'),
    seed: number(values.seed, 'seed'),
    shard: i - 1,
    shards: n,
    chips: chips ?? CHIPS,
    out: values.out,
  };
}

function soak({ minutes, operations, seed, shard, shards, chips, out }: Options): boolean {
  const end = Date.now() + minutes * 60_000;
  const tallies = new Map(chips.map((chip) => [chip, new Tally()]));
  const goesOn = (tally: Tally): boolean => Date.now() < end && tally.operations < operations;
  let isFine = true;
  let told = Date.now();
  for (let round = shard; [...tallies.values()].some(goesOn); round += shards) {
    for (const [chip, tally] of tallies) {
      if (!goesOn(tally)) continue;
      // A seed of its own for each round, so that a failure can be repeated alone.
      const roundSeed = (seed + Math.imul(round, 0x9e3779b1)) | 0;
      const bad = checkChip(chip, { seed: roundSeed, runs: ROUND_PLANS, length: PLAN_LENGTH, tally });
      if (bad === undefined) continue;
      isFine = false;
      const file = `${out}/soak-${chip.name}-${roundSeed}.vmm.jsonl`;
      writeFileSync(file, bad.script);
      console.log(`FAILED ${bad.message}\n  shrunk ${bad.shrinks} times to ${file}`);
    }
    // Now and then how far it is, so that a run that is stopped has counted for something.
    if (Date.now() - told > REPORT_EVERY) {
      told = Date.now();
      console.log(`after ${round + 1} rounds\n${table(tallies)}\n`);
    }
  }
  console.log(table(tallies));
  return isFine;
}

/** Counts by chip, as lines. */
function table(tallies: ReadonlyMap<Chip, Tally>): string {
  const lines = ['chip      operations     lookups   plans verified  failed allocations'];
  for (const [chip, tally] of tallies) {
    const numbers = [
      String(tally.operations).padStart(12),
      String(tally.lookups).padStart(12),
      String(tally.plans).padStart(8),
      String(tally.verified).padStart(9),
      String(tally.failures).padStart(8),
    ];
    lines.push(chip.name.padEnd(8) + numbers.join(''));
  }
  return lines.join('\n');
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(USAGE);
  else process.exitCode = soak(options) ? 0 : 1;
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
