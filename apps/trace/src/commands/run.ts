import { createWriteStream } from 'node:fs';
import { formatResult, readScript, ScriptError, ScriptRunner, type StepResult } from '@nvmmu/script';
import { InvariantError, MemoryImage, writeDump, type Chip, type LogLevel } from '@nvmmu/vmm-core';
import { Command, Option } from 'commander';
import { describeStep } from '../account.js';
import { writeDumpHeader } from '../dump-header.js';
import { EXIT, Failure } from '../failure.js';
import { fileFailure, inputName, inputSize, openInput } from '../input.js';
import { chipOption, logOption } from '../options.js';
import { Output } from '../output.js';
import { PerfettoFile } from '../perfetto-file.js';
import { Progress } from '../progress.js';
import { nodeSha256 } from '../sha256.js';
import { paintFor } from '../style.js';
import { describeTables } from '../tables.js';
import { plural } from '../values.js';

interface RunFlags {
  readonly log?: LogLevel;
  readonly json?: true;
  readonly chip?: Chip;
  readonly verify?: true;
  readonly dump?: string;
  readonly strict?: true;
  readonly tables: boolean;
  readonly perfetto?: string;
}

/** `run SCRIPT`. */
export function runCommand(): Command {
  return new Command('run')
    .description('run a script, say what each operation did, and show the page tables at the end')
    .argument('<script>', 'file, or - for standard input')
    .addOption(logOption())
    .addOption(new Option('--json', 'print the result lines of the script format instead').conflicts('log'))
    .addOption(chipOption('run on this chip, whatever the script says'))
    .option('--verify', 'check tables, references and memory after each operation')
    .option('--dump <file>', 'write page-table memory as text at the end')
    .option('--strict', 'exit 1 when an operation was refused')
    .option(
      '--perfetto <file>',
      'write a trace that ui.perfetto.dev opens; its times count work, they are not measured',
    )
    .option('--no-tables', 'leave out the page tables at the end')
    .addHelpText(
      'after',
      `
Examples:
  nvmmu-trace run script.vmm.jsonl
  nvmmu-trace run script.vmm.jsonl --log trace
  nvmmu-trace run script.vmm.jsonl --perfetto trace.json
  nvmmu-trace run --json - < script.vmm.jsonl > script.golden.jsonl`,
    )
    .action(run);
}

/** What of a run is printed. */
interface Printer {
  readonly onHeader: (title: string | undefined) => void;
  readonly onStep: (step: StepResult) => void;
}

function printer(out: Output, flags: RunFlags): Printer {
  if (flags.json === true) {
    return {
      onHeader: () => undefined,
      onStep: (step) => {
        out.line(formatResult(step));
      },
    };
  }
  const paint = paintFor(process.stdout);
  return {
    onHeader: (title) => {
      if (title !== undefined) out.line(paint('bold', title));
    },
    onStep: (step) => {
      for (const line of describeStep(step, paint)) out.line(line);
      if (flags.log !== undefined) for (const line of step.log.items) out.line(paint('dim', `         ${line}`));
    },
  };
}

async function run(path: string, flags: RunFlags): Promise<void> {
  const size = await inputSize(path);
  const out = new Output();
  const runner = new ScriptRunner({
    sha256: nodeSha256,
    hash: flags.json === true,
    keepAll: flags.json !== true || flags.perfetto !== undefined,
    log: flags.json === true ? 'spam' : (flags.log ?? 'none'),
    verify: flags.verify === true,
    ...(flags.chip !== undefined && { chip: flags.chip }),
  });
  const progress = new Progress('operations', !process.stdout.isTTY);
  const { onHeader, onStep } = printer(out, flags);
  const trace = flags.perfetto === undefined ? undefined : new PerfettoFile(flags.perfetto, runner);
  let refused = 0;
  let read = 0;
  const source = openInput(path, (count) => (read += count));
  try {
    for await (const operation of readScript(source, {}, ({ title }) => {
      onHeader(title);
    })) {
      const step = runner.step(operation);
      if (step.ret !== 0) refused++;
      onStep(step);
      await trace?.add(step);
      if (out.full) await out.drain();
      if (out.closed) return;
      progress.update(runner.count, size === undefined ? undefined : read / size);
    }
  } catch (error) {
    await out.drain();
    if (error instanceof ScriptError)
      throw new Failure(`${inputName(path)}: ${error.message}`, EXIT.usage, { cause: error });
    if (error instanceof InvariantError)
      throw new Failure(`${inputName(path)}: ${error.message}`, EXIT.no, { cause: error });
    throw error;
  } finally {
    progress.end();
  }
  await trace?.end();
  if (flags.json !== true) {
    if (flags.tables) for (const line of describeTables(runner, paintFor(process.stdout))) out.line(line);
    out.line(`${plural(runner.count, 'operation')}, ${refused} refused`);
  }
  if (flags.dump !== undefined) await writeMemory(runner, flags.dump);
  await out.drain();
  if (flags.strict === true && refused > 0) process.exitCode = EXIT.no;
}

async function writeMemory(runner: ScriptRunner, path: string): Promise<void> {
  if (path === '-') throw new Failure('--dump - would mix with the account: name a file');
  const stream = createWriteStream(path);
  const failed = new Promise<never>((_resolve, reject) => {
    stream.once('error', (error) => {
      reject(fileFailure(path, error));
    });
  });
  const file = new Output(stream);
  const write = async (): Promise<void> => {
    const pieces = runner.provider?.allocations() ?? [];
    for (const line of writeDumpHeader(runner, new MemoryImage(pieces))) file.line(line);
    for (const line of writeDump(pieces)) {
      file.line(line);
      if (file.full) await file.drain();
    }
    await file.end();
  };
  await Promise.race([write(), failed]);
}
