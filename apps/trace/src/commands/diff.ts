import type { Chip, TableRange } from '@nvmmu/vmm-core';
import { Command } from 'commander';
import { apertureName, flagWords, pageJson } from '../describe-page.js';
import { EXIT, Failure } from '../failure.js';
import { openInput } from '../input.js';
import { chipOption, parseChips } from '../options.js';
import { Output } from '../output.js';
import { diffRanges, diffTables, type RangeDifference, type TableDifference } from '../state-diff.js';
import { openState, type State, type StateFlags } from '../state-source.js';
import { paintFor, type Paint } from '../style.js';
import { formatHex, formatShift, formatSize, plural } from '../values.js';

interface DiffFlags extends Pick<StateFlags, 'chip' | 'vmm'> {
  readonly chips?: readonly Chip[];
  readonly tables: boolean;
  readonly json?: true;
}

/** `diff A [B]`. */
export function diffCommand(): Command {
  return new Command('diff')
    .description('compare two states: addresses that translate differently, page tables and bytes that differ')
    .argument('<a>', 'script, script@N (the state after operation N), or what "run --dump" wrote')
    .argument('[b]', 'the same for the other side')
    .option('--chips <a,b>', 'run one script on two chips and compare', parseChips)
    .addOption(chipOption('chip of a dump that does not say it; run scripts on this chip'))
    .option('--vmm <id>', 'address space to compare')
    .option('--no-tables', 'compare translations only, not the tables')
    .option('--json', 'print a line of JSON for each difference')
    .addHelpText(
      'after',
      `
The exit code is 0 when nothing differs, 1 when something does. Between states of one chip tables are compared with those
at the same address; between two chips with those of the same level for the same virtual addresses, wherever they lie.

Examples:
  nvmmu-trace diff script.vmm.jsonl@12 script.vmm.jsonl@13
  nvmmu-trace diff before.txt after.txt
  nvmmu-trace diff script.vmm.jsonl --chips gm200,gp100 --json`,
    )
    .action(diff);
}

async function isScript(path: string): Promise<boolean> {
  if (path === '-') return true;
  for await (const chunk of openInput(path)) return Buffer.from(chunk).subarray(0, 4096).includes('vmm-script');
  return false;
}

async function open(text: string, flags: DiffFlags, chip: Chip | undefined): Promise<State> {
  const [, path = text, step] = /^(.+)@(\d{1,9})$/.exec(text) ?? [];
  const common = { ...(chip !== undefined && { chip }), ...(flags.vmm !== undefined && { vmm: flags.vmm }) };
  if (step !== undefined) return openState({ script: path, at: Number(step), ...common });
  return openState((await isScript(text)) ? { script: text, ...common } : { dump: text, ...common });
}

async function sides(a: string, b: string | undefined, flags: DiffFlags): Promise<[State, State]> {
  const { chips, chip } = flags;
  if (chips === undefined) {
    if (b === undefined) throw new Failure('compare with what? Name a second state, or two chips with --chips');
    if (a === '-' && b === '-') throw new Failure('only one side can be standard input');
    return [await open(a, flags, chip), await open(b, flags, chip)];
  }
  const [first, second] = chips;
  if (chips.length !== 2 || first === undefined || second === undefined)
    throw new Failure('--chips takes two chips: gm200,gp100');
  if (chip !== undefined) throw new Failure('give --chip or --chips, not both');
  if (b === undefined && a.startsWith('-')) throw new Failure('standard input can be read once only: name a file');
  return [await open(a, flags, first), await open(b ?? a, flags, second)];
}

async function diff(a: string, b: string | undefined, flags: DiffFlags): Promise<void> {
  const [left, right] = await sides(a, b, flags);
  const out = new Output();
  const paint = paintFor(process.stdout);
  let bytes = 0n;
  let ranges = 0;
  const tables: Record<TableDifference['kind'], number> = {
    'only in A': 0,
    'only in B': 0,
    'other size': 0,
    'other bytes': 0,
  };
  for (const it of diffRanges(left, right)) {
    ranges++;
    bytes += it.size;
    if (flags.json === true) out.line(JSON.stringify(rangeJson(it)));
    else for (const line of describeRange(it, paint)) out.line(line);
    if (out.full) await out.drain();
    if (out.closed) return;
  }
  if (flags.tables) {
    for (const it of diffTables(left, right)) {
      tables[it.kind]++;
      if (flags.json === true) out.line(JSON.stringify(tableJson(it)));
      else out.line(describeTable(it, paint));
      if (out.full) await out.drain();
      if (out.closed) return;
    }
  }
  const differing = Object.values(tables).reduce((sum, count) => sum + count, 0);
  if (flags.json !== true) {
    const sum =
      ranges === 0 ? 'all addresses translate alike' : `${plural(ranges, 'range')} of ${formatSize(bytes)} in all`;
    const sizes = tables['other size'] === 0 ? '' : `, ${tables['other size']} of another size`;
    const rest = flags.tables
      ? `${plural(tables['only in A'], 'table')} only in A, ${tables['only in B']} only in B${sizes}, ${tables['other bytes']} with other bytes`
      : 'tables not compared';
    out.line(`${left.title} and ${right.title}: ${sum}; ${rest}`);
  }
  await out.drain();
  if (ranges + differing > 0) process.exitCode = EXIT.no;
}

/** What a range has for the addresses from `va` on. */
function describeSide(range: TableRange | undefined, va: bigint): string {
  if (range === undefined) return 'nothing';
  if (range.kind === 'mapped') {
    const words = [`${formatShift(range.shift)} pages`, ...flagWords(range)];
    return `${apertureName(range)} ${formatHex(range.addr + va - range.va)}, ${words.join(', ')}`;
  }
  return range.kind === 'problem'
    ? `${range.problem}: ${range.why}`
    : `${range.kind}, ${formatShift(range.shift)} entries`;
}

function describeRange({ va, size, a, b }: RangeDifference, paint: Paint): string[] {
  return [
    paint('bold', `${formatHex(va)}-${formatHex(va + size)} ${formatSize(size)}`),
    paint('red', `  - ${describeSide(a, va)}`),
    paint('green', `  + ${describeSide(b, va)}`),
  ];
}

function sideJson(range: TableRange | undefined, va: bigint): object | null {
  if (range === undefined) return null;
  if (range.kind === 'mapped')
    return { kind: 'mapped', page: pageJson({ ...range, addr: range.addr + va - range.va }) };
  return range.kind === 'problem' ? { kind: range.problem, why: range.why } : { kind: range.kind };
}

function rangeJson({ va, size, a, b }: RangeDifference): object {
  return { type: 'range', va: formatHex(va), size: formatHex(size), a: sideJson(a, va), b: sideJson(b, va) };
}

function describeTable({ kind, table, other, words }: TableDifference, paint: Paint): string {
  const { level, addr, target, va, bytes } = table;
  const there =
    other === undefined || (other.addr === addr && other.target === target)
      ? ''
      : `, in B at ${formatHex(other.addr)} in ${other.target}`;
  const name = `${level} at ${formatHex(addr)} in ${target}${there}, for ${formatHex(va)}`;
  if (kind === 'only in A') return paint('red', `- ${name}, ${formatSize(bytes)}`);
  if (kind === 'only in B') return paint('green', `+ ${name}, ${formatSize(bytes)}`);
  if (words === undefined) return `! ${name}: ${formatSize(bytes)} in A, ${formatSize(other?.bytes ?? 0)} in B`;
  const { count, first, a, b } = words;
  const values = `${formatWord(a)} in A, ${formatWord(b)} in B`;
  return `! ${name}: ${plural(count, 'word differs', 'words differ')}, first at offset ${formatHex(first)}: ${values}`;
}

function formatWord(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}

function tableJson({ kind, table, other, words }: TableDifference): object {
  const { level, addr, target, va, bytes } = table;
  return {
    type: 'table',
    difference: kind,
    level,
    addr: formatHex(addr),
    target,
    va: formatHex(va),
    bytes,
    ...(other !== undefined && {
      b: { addr: formatHex(other.addr), target: other.target, bytes: other.bytes },
    }),
    ...(words !== undefined && {
      words: words.count,
      first: formatHex(words.first),
      values: [formatWord(words.a), formatWord(words.b)],
    }),
  };
}
