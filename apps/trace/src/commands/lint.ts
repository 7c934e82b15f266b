import { Linter, readScript, ScriptError, type Finding } from '@nvmmu/script';
import type { Chip } from '@nvmmu/vmm-core';
import { Command } from 'commander';
import { EXIT, Failure } from '../failure.js';
import { inputName, openInput } from '../input.js';
import { chipOption } from '../options.js';
import { Output } from '../output.js';
import { paintFor, type Paint } from '../style.js';
import { plural } from '../values.js';

interface LintFlags {
  readonly chip?: Chip;
  readonly json?: true;
  readonly notes: boolean;
}

/** `lint SCRIPT…`. */
export function lintCommand(): Command {
  return new Command('lint')
    .description('find patterns in scripts that hurt on a real driver, with the reason')
    .argument('<script...>', 'files, or - for standard input')
    .addOption(chipOption('look at the scripts as if they were for this chip'))
    .option('--json', 'print one line for each finding')
    .option('--no-notes', 'leave out what is only wasteful')
    .addHelpText(
      'after',
      `
KD-… are known defects of the driver: the simulator does the right thing there, an uncorrected driver does not.
Errors corrupt the driver's state or stop it, warnings lose translations or leak, notes are waste.
The exit code is 1 when there is an error or a warning.

Examples:
  nvmmu-trace lint script.vmm.jsonl
  nvmmu-trace lint --chip gm200 --no-notes script.vmm.jsonl
  nvmmu-trace gen --profile raw | nvmmu-trace lint - --json`,
    )
    .action(lint);
}

async function lint(paths: readonly string[], flags: LintFlags): Promise<void> {
  const out = new Output();
  const paint = paintFor(process.stdout);
  const counts = { error: 0, warning: 0, note: 0 };
  const explained = new Set<string>();
  for (const path of paths) {
    for await (const finding of findingsOf(path, flags.chip)) {
      if (!flags.notes && finding.severity === 'note') continue;
      counts[finding.severity]++;
      const isNew = !explained.has(finding.rule);
      explained.add(finding.rule);
      if (flags.json === true) out.line(JSON.stringify({ script: path, ...finding }));
      else for (const line of describe(path, finding, isNew, paint)) out.line(line);
      if (out.full) await out.drain();
      if (out.closed) return;
    }
  }
  if (flags.json !== true) {
    const { error, warning, note } = counts;
    out.line(`${plural(error, 'error')}, ${plural(warning, 'warning')}, ${plural(note, 'note')}`);
  }
  await out.drain();
  if (counts.error + counts.warning > 0) process.exitCode = EXIT.no;
}

async function* findingsOf(path: string, chip: Chip | undefined): AsyncGenerator<Finding> {
  const linter = new Linter(chip === undefined ? {} : { chip });
  try {
    for await (const operation of readScript(openInput(path))) yield* linter.step(operation);
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    throw new Failure(`${inputName(path)}: ${error.message}`, EXIT.usage, { cause: error });
  }
  yield* linter.end();
}

const COLOURS = { error: 'red', warning: 'yellow', note: 'dim' } as const;

function describe(path: string, finding: Finding, explain: boolean, paint: Paint): string[] {
  const { line, op, rule, severity, message, reason } = finding;
  const where = `${inputName(path)}:${line}`;
  const head = `${where}: ${paint(COLOURS[severity], severity)} ${paint('bold', rule)}: ${op}: ${message}`;
  // The reason is the same each time: once is enough.
  return explain ? [head, `    ${reason}`] : [head];
}
