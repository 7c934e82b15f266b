import {
  annotate,
  findLevel,
  walk,
  type Access,
  type FieldReading,
  type LevelFormat,
  type MmuFormat,
  type WalkResult,
  type WalkStep,
} from '@nvmmu/vmm-core';
import { Command, Option } from 'commander';
import { parseAddress } from '../addresses.js';
import { apertureName, flagWords, pageJson } from '../describe-page.js';
import { Output } from '../output.js';
import { openState, STATE_HELP, withStateOptions, type StateFlags } from '../state-source.js';
import { paintFor, type Paint } from '../style.js';
import { formatHex, formatShift } from '../values.js';

interface WalkFlags extends StateFlags {
  readonly access?: 'read' | 'write' | 'atomic';
  readonly privileged?: true;
  readonly json?: true;
}

/** `walk … VA…`. */
export function walkCommand(): Command {
  const command = new Command('walk')
    .description('translate addresses as the hardware does, level by level')
    .argument('<va...>', 'virtual addresses', (text: string, before: bigint[] | undefined) => [
      ...(before ?? []),
      parseAddress(text),
    ]);
  return withStateOptions(command)
    .addOption(
      new Option('--access <kind>', 'check that such an access is allowed').choices(['read', 'write', 'atomic']),
    )
    .option('--privileged', 'the access may use privileged pages')
    .option('--json', 'print a line of JSON for each address')
    .addHelpText(
      'after',
      `${STATE_HELP}

A JSON line has "va", "result" ("mapped", "sparse" or "fault"; "malformed" and "unreadable" where the tables make no
sense or are not there), what belongs to it, and "steps", the entries that were read. "addr" includes the offset in the
page. Faults have the chip's "reason" number.

Examples:
  nvmmu-trace walk --script script.vmm.jsonl 0x123000
  nvmmu-trace walk --script script.vmm.jsonl --at 12 --access write 0x123000
  nvmmu-trace walk --dump memory.txt --chip gp100 --pdb 0x100000 0x0 0x10000 --json
  nvmmu-trace walk --image vram.bin@0x0 --chip tu102 --inst 0x3fe000 0x7f0000000000`,
    )
    .action(run);
}

async function run(addresses: readonly bigint[], flags: WalkFlags): Promise<void> {
  const { format: asked, reader, root, title } = await openState(flags);
  const format = (root.kind === 'root' ? root.format : undefined) ?? asked;
  const access = accessOf(flags);
  const out = new Output();
  const paint = paintFor(process.stdout);
  for (const va of addresses) {
    const result = walk(format, reader, root, va, access === undefined ? {} : { access });
    if (flags.json === true) out.line(JSON.stringify(walkJson(format, result)));
    else for (const line of describeWalk(format, result, title, paint)) out.line(line);
    if (out.full) await out.drain();
    if (out.closed) return;
  }
  await out.drain();
}

function accessOf({ access, privileged }: WalkFlags): Access | undefined {
  if (access === undefined) return privileged === true ? { privileged } : undefined;
  return { write: access === 'write', atomic: access === 'atomic', privileged: privileged === true };
}

/** The level that a step read. */
function levelOf(format: MmuFormat, { level }: WalkStep): LevelFormat | undefined {
  return format.levels[findLevel(format, level) ?? -1];
}

function fieldsOf(
  format: MmuFormat,
  step: WalkStep,
): { layout: string; fields: readonly FieldReading[]; warnings: readonly string[] } {
  const level = levelOf(format, step);
  return level === undefined ? { layout: '', fields: [], warnings: [] } : annotate(level, step.value);
}

/** A walk as the line of `--json`. */
export function walkJson(format: MmuFormat, result: WalkResult): object {
  const steps = result.steps.map((step) => {
    const { layout, fields, warnings } = fieldsOf(format, step);
    return {
      level: step.level,
      target: step.target,
      table: formatHex(step.tableAddr),
      index: step.index,
      entry: formatHex(step.entryAddr),
      value: formatHex(step.value),
      layout,
      fields: Object.fromEntries(fields.map(({ name, value }) => [name, formatHex(value)])),
      ...(warnings.length > 0 && { warnings }),
    };
  });
  return { va: formatHex(result.va), ...answerJson(result), steps };
}

function answerJson(result: WalkResult): object {
  switch (result.kind) {
    case 'mapped':
      return { result: 'mapped', ...pageJson(result), level: result.level };
    case 'sparse':
      return { result: 'sparse', shift: result.shift, level: result.level };
    case 'nowhere':
      // Format 3 can map to nowhere, where accesses do not fault either.
      return { result: 'sparse', nowhere: true, shift: result.shift, level: result.level };
    case 'fault':
      return {
        result: 'fault',
        reason: result.reason ?? null,
        name: result.name,
        cause: result.cause,
        shift: result.shift,
        ...(result.level !== undefined && { level: result.level }),
      };
    case 'malformed':
      return { result: 'malformed', why: result.why, shift: result.shift, level: result.level };
    case 'unreadable':
      return {
        result: 'unreadable',
        entry: formatHex(result.entryAddr),
        ...(result.target !== undefined && { target: result.target }),
        ...(result.level !== undefined && { level: result.level }),
      };
  }
}

function describeWalk(format: MmuFormat, result: WalkResult, title: string, paint: Paint): string[] {
  const lines = [`${paint('bold', formatHex(result.va))} in ${title}`];
  const width = Math.max(0, ...result.steps.map(({ level }) => level.length));
  const indexWidth = Math.max(0, ...result.steps.map(({ index }) => String(index).length));
  for (const step of result.steps) {
    const { layout, fields, warnings } = fieldsOf(format, step);
    const place = `${step.target} ${formatHex(step.tableAddr)}[${String(step.index).padStart(indexWidth)}]`;
    lines.push(`  ${paint('cyan', step.level.padEnd(width))}  ${place} = ${formatHex(step.value)}  ${layout}`);
    const words = fields.filter(({ name, raw }) => raw !== 0n && !name.startsWith('ignored')).map(describeField);
    if (words.length > 0) lines.push(paint('dim', `  ${' '.repeat(width)}    ${words.join(', ')}`));
    for (const warning of warnings) lines.push(paint('yellow', `  ${' '.repeat(width)}    warning: ${warning}`));
  }
  lines.push(`  ${describeAnswer(result, paint)}`, '');
  return lines;
}

function describeField({ name, text }: FieldReading): string {
  return text === 'yes' ? name : `${name} ${text}`;
}

function describeAnswer(result: WalkResult, paint: Paint): string {
  switch (result.kind) {
    case 'mapped': {
      const words = [`${formatShift(result.shift)} page`, ...flagWords(result)];
      return `${paint('green', `mapped to ${apertureName(result)} ${formatHex(result.addr)}`)}, ${words.join(', ')}`;
    }
    case 'sparse':
      return `${paint('yellow', 'sparse')}: reads give zero, writes are dropped, for ${formatShift(result.shift)} at ${result.level}`;
    case 'nowhere':
      return `${paint('yellow', 'mapped to nowhere')}, for ${formatShift(result.shift)} at ${result.level}`;
    case 'fault': {
      const reason =
        result.reason === undefined
          ? result.name
          : `reason ${result.reason.toString(16).padStart(2, '0')} [${result.name}]`;
      const absent =
        result.cause === 'pde' || result.cause === 'pte' ? `, nothing for ${formatShift(result.shift)}` : '';
      const where = result.level === undefined ? '' : ` at ${result.level}${absent}`;
      return `${paint('red', 'fault')}: ${reason}${where}`;
    }
    case 'malformed':
      return `${paint('red', 'malformed')} entry at ${result.level}: ${result.why}`;
    case 'unreadable':
      return `${paint('red', 'unreadable')}: there is no memory at ${formatHex(result.entryAddr)}${result.target === undefined ? '' : ` in ${result.target}`}${result.level === undefined ? ', where the instance block should be' : `, where the ${result.level} should be`}`;
  }
}
