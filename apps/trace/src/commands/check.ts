import { checkResults, isPassed, simulator, type Outcome } from '@nvmmu/conformance';
import { readLines, ScriptError, ScriptParser } from '@nvmmu/script';
import type { Chip } from '@nvmmu/vmm-core';
import { Command } from 'commander';
import { findScripts, type ScriptPair } from '../find-scripts.js';
import { EXIT, Failure, messageOf } from '../failure.js';
import { openInput } from '../input.js';
import { parseChips } from '../options.js';
import { Output } from '../output.js';
import { Progress } from '../progress.js';
import { nodeSha256 } from '../sha256.js';
import { paintFor, type Paint } from '../style.js';

interface CheckFlags {
  readonly chips?: readonly Chip[];
  readonly verify?: true;
  readonly json?: true;
}

/** `check FILE|FOLDER…`. */
export function checkCommand(): Command {
  return new Command('check')
    .description('run scripts and compare with recorded results, NAME.vmm.jsonl with NAME.golden.jsonl')
    .argument('<path...>', 'scripts, or folders that are searched for them')
    .option('--chips <list>', 'only scripts for these chips: gp100,tu102', parseChips)
    .option('--verify', 'check tables, references and memory after each operation, too')
    .option('--json', 'print one line for each script')
    .addHelpText(
      'after',
      `
Examples:
  nvmmu-trace check golden/
  nvmmu-trace check golden/ --chips gp100,tu102
  nvmmu-trace check golden/basic.gp100.vmm.jsonl`,
    )
    .action(check);
}

async function check(paths: readonly string[], flags: CheckFlags): Promise<void> {
  const pairs = await findScripts(paths);
  const chips = flags.chips === undefined ? undefined : new Set(flags.chips.map(({ name }) => name));
  const implementation = simulator({ sha256: nodeSha256, verify: flags.verify === true });
  const out = new Output();
  const paint = paintFor(process.stdout);
  const progress = new Progress('scripts');
  const counts = { passed: 0, failed: 0, unreadable: 0 };
  let done = 0;
  for (const pair of pairs) {
    progress.update(done, done / pairs.length);
    done++;
    if (chips !== undefined && !chips.has((await chipOf(pair.script)) ?? '')) continue;
    const outcome = await checkResults(implementation(openInput(pair.script)), linesOf(pair.recorded));
    const kind = isPassed(outcome) ? 'passed' : outcome.error instanceof ScriptError ? 'unreadable' : 'failed';
    if (outcome.error instanceof Failure) throw outcome.error;
    counts[kind]++;
    if (flags.json === true) out.line(JSON.stringify(describeJson(pair, outcome)));
    else if (kind !== 'passed') for (const line of describe(pair, outcome, paint)) out.line(line);
    if (out.full) {
      progress.end();
      await out.drain();
    }
    if (out.closed) break;
  }
  progress.end();
  if (flags.json !== true) out.line(summary(counts));
  await out.drain();
  if (counts.unreadable > 0) process.exitCode = EXIT.usage;
  else if (counts.failed > 0) process.exitCode = EXIT.no;
}

function summary({ passed, failed, unreadable }: Record<'passed' | 'failed' | 'unreadable', number>): string {
  return `${passed} passed, ${failed} failed${unreadable === 0 ? '' : `, ${unreadable} with mistakes`}`;
}

async function* linesOf(path: string): AsyncGenerator<string, void, undefined> {
  for await (const line of readLines(openInput(path))) if (line.text !== '') yield line.text;
}

/** The chip that a script names, or `undefined` when its first lines are not right. */
async function chipOf(path: string): Promise<string | undefined> {
  const parser = new ScriptParser();
  try {
    for await (const line of readLines(openInput(path))) {
      const operation = parser.line(line);
      if (operation !== undefined) return operation.op === 'device' ? operation.chip : undefined;
    }
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
  }
  return undefined;
}

const cut = (text: string | undefined): string =>
  text === undefined ? 'nothing' : text.length > 300 ? `${text.slice(0, 300)}…` : text;

function describe({ script }: ScriptPair, outcome: Outcome, paint: Paint): string[] {
  const name = paint('red', script);
  const { mismatch, error } = outcome;
  if (mismatch === undefined) return [`${name}: ${messageOf(error)}`];
  const [first, ...others] = mismatch.differences;
  const rest = others.length === 0 ? '' : `  (also ${others.map(({ field }) => field).join(', ')})`;
  return [
    `${name}: operation ${mismatch.index} ${mismatch.op ?? ''}: ${first?.field ?? 'result'}${rest}`,
    `  expected ${cut(first?.expected)}`,
    `  got      ${cut(first?.got)}`,
  ];
}

function describeJson({ script }: ScriptPair, outcome: Outcome): object {
  const { mismatch, error, operations } = outcome;
  return {
    script,
    passed: isPassed(outcome),
    operations,
    ...(mismatch !== undefined && { index: mismatch.index, op: mismatch.op, differences: mismatch.differences }),
    ...(error !== undefined && { error: messageOf(error) }),
  };
}
