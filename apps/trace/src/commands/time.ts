import { readScript, ScriptError, timeScript, type Operation, type Timing } from '@nvmmu/script';
import type { Chip } from '@nvmmu/vmm-core';
import { Command } from 'commander';
import { EXIT, Failure } from '../failure.js';
import { inputName, openInput } from '../input.js';
import { chipOption, parseCount } from '../options.js';
import { Progress } from '../progress.js';

interface TimeFlags {
  readonly repeat: number;
  readonly warmup: number;
  readonly json?: true;
  readonly chip?: Chip;
}

/** `time SCRIPT`. */
export function timeCommand(): Command {
  return new Command('time')
    .description('replay a script in one process, without log, and measure the calls alone')
    .argument('<script>', 'file, or - for standard input')
    .option('--repeat <n>', 'replays that count; times are their medians', parseCount, 5)
    .option('--warmup <n>', 'replays before them that do not count', parseCount, 3)
    .option('--json', 'end with a line {"total_ns":…,"ops":{"map":{"count":…,"ns":…},…}}')
    .addOption(chipOption('run on this chip, whatever the script says'))
    .addHelpText(
      'after',
      `
"ns" is the time of all operations of a kind in one replay, reading the clock twice per operation included.

Example:
  nvmmu-trace time script.vmm.jsonl --repeat 20 --json`,
    )
    .action(time);
}

async function time(path: string, flags: TimeFlags): Promise<void> {
  const progress = new Progress('replays');
  try {
    const operations: Operation[] = [];
    for await (const operation of readScript(openInput(path))) operations.push(operation);
    const timing = timeScript(operations, {
      clock: () => performance.now() * 1e6,
      repeat: flags.repeat,
      warmup: flags.warmup,
      ...(flags.chip !== undefined && { chip: flags.chip }),
      onReplay: (done, all) => {
        progress.update(done, done / all);
      },
    });
    progress.end();
    process.stdout.write(`${flags.json === true ? formatJson(timing) : formatTable(timing).join('\n')}\n`);
  } catch (error) {
    if (error instanceof ScriptError)
      throw new Failure(`${inputName(path)}: ${error.message}`, EXIT.usage, { cause: error });
    throw error;
  } finally {
    progress.end();
  }
}

function formatJson({ total, operations }: Timing): string {
  const ops = Object.fromEntries([...operations].map(([op, { count, ns }]) => [op, { count, ns: Math.round(ns) }]));
  return JSON.stringify({ total_ns: Math.round(total), ops });
}

function formatTable({ total, operations }: Timing): string[] {
  const row = (name: string, count: string, ms: string, each: string): string =>
    `${name.padEnd(10)}${count.padStart(10)}${ms.padStart(14)}${each.padStart(14)}`;
  return [
    row('operation', 'count', 'total ms', 'ns each'),
    ...[...operations].map(([op, { count, ns }]) =>
      row(op, String(count), (ns / 1e6).toFixed(3), (ns / count).toFixed(0)),
    ),
    row('all', '', (total / 1e6).toFixed(3), ''),
  ];
}
