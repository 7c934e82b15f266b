import { readScript, ScriptError, ScriptRunner, type StepResult } from '@nvmmu/script';
import type { Chip } from '@nvmmu/vmm-core';
import { Command, InvalidArgumentError } from 'commander';
import { describeOperation } from '../account.js';
import { EXIT, Failure } from '../failure.js';
import { inputName, openInput } from '../input.js';
import { chipOption } from '../options.js';
import { Output } from '../output.js';
import { costOf, CostTotals, formatLevels, type Cost } from '../plan-cost.js';
import { paintFor } from '../style.js';
import { formatSize, plural } from '../values.js';

interface PlanFlags {
  readonly chip?: Chip;
  readonly from: number;
  readonly to?: number;
  readonly json?: true;
  readonly total?: true;
}

function parseIndex(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be the number of an operation, from 0.');
  return Number(text);
}

/** `plan SCRIPT`. */
export function planCommand(): Command {
  return new Command('plan')
    .description('say which page tables, how many bytes and which flushes operations need, before a real machine does')
    .argument('<script>', 'file, or - for standard input')
    .addOption(chipOption('plan for this chip, whatever the script says'))
    .option('--from <n>', 'first operation that counts; those before it only set the stage', parseIndex, 0)
    .option('--to <n>', 'last operation that runs', parseIndex)
    .option('--total', 'print the sum alone')
    .option('--json', 'print one line for each operation, and one with the sum')
    .addHelpText(
      'after',
      `
A table that comes out of the driver's cache takes no new memory. Flushes are the driver's: one each time that it makes
the GPU drop cached translations; on nv50 to mcp77 none reaches the hardware while no engine uses the address space.

Examples:
  nvmmu-trace plan script.vmm.jsonl
  nvmmu-trace plan script.vmm.jsonl --from 20 --to 25 --chip tu102
  nvmmu-trace plan script.vmm.jsonl --total --json`,
    )
    .action(plan);
}

async function plan(path: string, flags: PlanFlags): Promise<void> {
  const { from, to, json } = flags;
  if (to !== undefined && to < from) throw new Failure(`--to ${to} comes before --from ${from}`);
  const out = new Output();
  const paint = paintFor(process.stdout);
  const totals = new CostTotals();
  const runner = new ScriptRunner({
    log: 'trace',
    keepAll: true,
    hash: false,
    ...(flags.chip !== undefined && { chip: flags.chip }),
  });
  const print = (step: StepResult, cost: Cost): void => {
    if (json === true) out.line(JSON.stringify(costJson(step, cost)));
    else if (!isFree(cost) || step.ret !== 0) out.line(costLine(step, cost));
  };
  if (flags.total !== true && json !== true) out.line(paint('bold', `${'operation'.padEnd(54)}${HEAD}`));
  try {
    for await (const operation of readScript(openInput(path))) {
      if (to !== undefined && runner.count > to) break;
      const step = runner.step(operation);
      const cost = costOf(step);
      const counts = step.index >= from;
      totals.add(step, cost, counts);
      if (counts && flags.total !== true) print(step, cost);
      if (out.full) await out.drain();
      if (out.closed) return;
    }
  } catch (error) {
    await out.drain();
    if (!(error instanceof ScriptError)) throw error;
    throw new Failure(`${inputName(path)}: ${error.message}`, EXIT.usage, { cause: error });
  }
  if (runner.count <= from)
    throw new Failure(`${inputName(path)} has no operation ${from}: the last is ${runner.count - 1}`);
  if (json === true) out.line(JSON.stringify({ total: totals.json() }));
  else for (const line of describeTotals(totals)) out.line(line);
  await out.drain();
}

const isFree = ({ tables, freed, flushes, writes, pages }: Cost): boolean =>
  tables + freed + flushes + writes + pages === 0;

const HEAD = ' tables      bytes  freed flushes writes';

function costLine(step: StepResult, cost: Cost): string {
  const { operation, index, ret, error } = step;
  const what = `${String(index).padStart(5)}  ${operation.op.padEnd(9)} ${describeOperation(operation)}`;
  const name = what.length > 53 ? `${what.slice(0, 52)}…` : what;
  const number = (value: number, width: number): string => String(value).padStart(width);
  const numbers = `${number(cost.tables, 7)} ${formatSize(cost.bytes).padStart(10)} ${number(cost.freed, 6)} ${number(cost.flushes, 7)} ${number(cost.writes, 6)}`;
  const why = ret === 0 ? '' : `  refused: ${error?.code ?? ''}`;
  return `${name.padEnd(54)}${numbers}  ${formatLevels(cost.levels)}${why}`.trimEnd();
}

function costJson({ operation, index, ret }: StepResult, cost: Cost): object {
  return { i: index, line: operation.line, op: operation.op, ret, ...cost, levels: Object.fromEntries(cost.levels) };
}

function describeTotals(totals: CostTotals): string[] {
  const { sum, peakBytes, peakTables } = totals;
  return [
    '',
    `${plural(totals.operations, 'operation')}: ${plural(sum.tables, 'new table')} of ${formatSize(sum.bytes)} in all, ` +
      `${plural(sum.freed, 'table')} freed, ${plural(sum.flushes, 'flush', 'flushes')} with ${plural(sum.writes, 'register write')}`,
    ...(sum.levels.size === 0 ? [] : [`directory entries written: ${formatLevels(sum.levels)}`]),
    ...(sum.pages === 0 ? [] : [`${plural(sum.pages, 'host page')} mapped for the device or released`]),
    `at most ${plural(peakTables, 'table')}, ${formatSize(peakBytes)}, alive at once`,
  ];
}
