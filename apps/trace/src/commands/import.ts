import { writeFileSync } from 'node:fs';
import { CHIPS, formatHeader, formatOperation, importLog, type ImportedScript } from '@nvmmu/script';
import type { Chip } from '@nvmmu/vmm-core';
import { Command } from 'commander';
import { EXIT, Failure } from '../failure.js';
import { chipLike } from '../fault-chip.js';
import { fileFailure, inputName, openInput } from '../input.js';
import { chipOption } from '../options.js';
import { Output } from '../output.js';
import { plural } from '../values.js';

interface ImportFlags {
  readonly chip?: Chip;
  readonly notes?: string;
  readonly strict?: true;
}

/** `import LOG`. */
export function importCommand(): Command {
  return new Command('import')
    .description("make a script from a driver's log with mmu trace lines; it gives the same lines again")
    .argument('<log>', 'kernel log, or what "run --log trace" printed; - for standard input')
    .addOption(chipOption('chip that the log is of, where it does not say so itself'))
    .option('--notes <file>', 'write what the log does not tell as lines of JSON: {"line":…,"text":…}')
    .option('--strict', 'exit 1 when a line is not reproduced, or there is one that the log does not have')
    .addHelpText(
      'after',
      `
Trace lines say which addresses are allocated, mapped and unmapped, and how large the pages are. Where the memory is,
its kind and flags are in the entries that level spam logs; without them objects called "assumed…" stand for it. Freeing what is not mapped leaves no line,
an allocation does not say where it lies, and page frames look like maps: all of that is inferred from what later lines
need, by replaying the log on a model of the driver; where lines still differ, other explanations are tried. Several
address spaces of one name, as all of "user", and refused requests are explained as far as they can be. Notes on what
had to be assumed or was left out go to standard error, in short, or to a file.

The kernel prints these lines with CONFIG_NOUVEAU_DEBUG_MMU=y and nouveau.debug=mmu=trace.

Examples:
  nvmmu-trace import dmesg.txt --chip tu102 > script.vmm.jsonl
  nvmmu-trace run a.vmm.jsonl --log trace --no-tables | nvmmu-trace import - --chip gp100 --notes notes.jsonl`,
    )
    .action(run);
}

const CHIP_LINE = /\bNVIDIA ((?:G[A-Z]{1,2}\d{2,3}[A-Z]?|MCP\d+\w?|NV\d+\w?)) \([0-9a-f]{8}\)/;

/** The lines of a log that matter; others are empty, so that numbers stay right. */
async function readLog(path: string): Promise<{ lines: string[]; chip: string | undefined }> {
  const decoder = new TextDecoder();
  const lines: string[] = [];
  let chip: string | undefined;
  let rest = '';
  const take = (line: string): void => {
    chip ??= line.length < 400 ? CHIP_LINE.exec(line)?.[1] : undefined;
    // Kernel lines with other things in them, and lines without end, are nothing to keep.
    lines.push(line.length <= 400 && line.includes(': ') ? line : '');
  };
  for await (const chunk of openInput(path)) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = (parts.pop() ?? '').slice(0, 1000);
    for (const part of parts) take(part);
  }
  if (rest !== '') take(rest);
  return { lines, chip };
}

async function run(path: string, flags: ImportFlags): Promise<void> {
  const log = await readLog(path);
  const chip = flags.chip ?? (log.chip === undefined ? undefined : chipLike(log.chip));
  if (chip === undefined) {
    throw new Failure(
      `${inputName(path)} names no chip: give --chip, one of ${CHIPS.map(({ name }) => name).join(', ')}`,
    );
  }
  const script = importLog(log.lines, chip);
  if (script.lines === 0) {
    throw new Failure(
      `${inputName(path)} has no mmu trace lines: the kernel prints them with CONFIG_NOUVEAU_DEBUG_MMU=y and nouveau.debug=mmu=trace`,
    );
  }
  report(path, script, flags.notes);
  const out = new Output();
  out.line(
    formatHeader({
      title: `imported from ${inputName(path)}: ${script.reproduced} of ${script.lines} lines${isAssumed(script) ? '; memory is assumed' : ''}`,
    }),
  );
  for (const operation of script.operations) {
    out.line(formatOperation(operation));
    if (out.full) await out.drain();
    if (out.closed) return;
  }
  await out.drain();
  if (flags.strict === true && (script.reproduced < script.lines || script.others > 0)) process.exitCode = EXIT.no;
}

/** Whether the script has memory of which the log does not say where it is. */
function isAssumed({ operations }: ImportedScript): boolean {
  return operations.some((operation) => operation.op === 'mem' && operation.id.startsWith('assumed'));
}

const SHOWN = 5;

function report(path: string, { lines, reproduced, others, notes }: ImportedScript, file: string | undefined): void {
  const rest = lines - reproduced;
  process.stderr.write(
    `nvmmu-trace: ${inputName(path)}: ${plural(reproduced, 'line')} of ${lines} reproduced${rest === 0 ? '' : `, ${rest} not`}${others === 0 ? '' : `; ${plural(others, 'line')} of the script not in the log`}\n`,
  );
  if (file !== undefined) {
    try {
      writeFileSync(file, notes.map((note) => `${JSON.stringify(note)}\n`).join(''));
    } catch (error) {
      throw fileFailure(file, error);
    }
    return;
  }
  for (const { line, text } of notes.slice(0, SHOWN)) {
    process.stderr.write(`${line === 0 ? '' : `line ${line}: `}${text}\n`);
  }
  if (notes.length > SHOWN)
    process.stderr.write(`${plural(notes.length - SHOWN, 'more note')}: see them with --notes FILE\n`);
}
