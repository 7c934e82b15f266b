import {
  listRanges,
  listTree,
  TableTotals,
  writeExtractorTree,
  type ListOptions,
  type TableRange,
} from '@nvmmu/vmm-core';
import { Command, Option } from 'commander';
import { parseRange, type AddressRange } from '../addresses.js';
import { apertureName, flagWords, pageJson } from '../describe-page.js';
import { EXIT } from '../failure.js';
import { isWanted, listFilters, parseOnly, type Only } from '../only.js';
import { Output } from '../output.js';
import { Progress } from '../progress.js';
import { directoryOf, openState, STATE_HELP, withStateOptions, type State, type StateFlags } from '../state-source.js';
import { paintFor, type Paint } from '../style.js';
import { describeNode } from '../tables.js';
import { formatHex, formatShift, formatSize, plural } from '../values.js';

const FORMATS = ['ranges', 'tree', 'extractor', 'json'] as const;

interface TablesFlags extends StateFlags {
  readonly format: (typeof FORMATS)[number];
  readonly json?: true;
  readonly range?: AddressRange;
  readonly only?: Only;
  readonly totals: boolean;
}

/** `tables …`. */
export function tablesCommand(): Command {
  return withStateOptions(
    new Command('tables').description('list an address space: what is mapped where, and by which tables'),
  )
    .addOption(
      new Option(
        '--format <form>',
        'merged ranges, the tree of tables, the tree as the published extractor prints it, or JSON',
      )
        .choices(FORMATS)
        .default('ranges'),
    )
    .option('--json', 'the same as --format json')
    .option('--range <range>', 'only addresses START-END or START+SIZE; other tables are not read', parseRange)
    .option(
      '--only <words>',
      'only what is mapped, sparse, nowhere or problem; in vram, peer, host or ncoh; ro, rw, priv, vol, with kind or tag; or has a page size such as 64K',
      parseOnly,
    )
    .option('--no-totals', 'leave out the totals')
    .addHelpText(
      'after',
      `${STATE_HELP}

Totals count everything in --range, whatever --only leaves out. JSON has a line for each range, with the keys of "walk"
and "size", and then a line {"totals":…}. Exit code 1 says that some tables make no sense or are not there.

Examples:
  nvmmu-trace tables --script script.vmm.jsonl
  nvmmu-trace tables --script script.vmm.jsonl --format tree --range 0x0+2M
  nvmmu-trace tables --dump memory.txt --chip gm200 --pdb 0x100000 --only sparse
  nvmmu-trace tables --image vram.bin@0x0 --chip tu102 --inst 0x3fe000 --only vram,64K,ro --json`,
    )
    .action(run);
}

async function run(flags: TablesFlags): Promise<void> {
  const state = await openState(flags);
  const format = flags.json === true ? 'json' : flags.format;
  const totals = new TableTotals();
  const out = new Output();
  const paint = paintFor(process.stdout);
  const options: ListOptions = {
    totals,
    ...(flags.range !== undefined && { start: flags.range.start, end: flags.range.end }),
    ...(flags.only !== undefined && listFilters(flags.only)),
  };
  const progress = new Progress('lines', !process.stdout.isTTY);
  let count = 0;
  for (const line of lines(state, format, options, flags.only, paint)) {
    out.line(line);
    if (out.full) await out.drain();
    if (out.closed) return;
    progress.update(++count);
  }
  progress.end();
  // The extractor's form has no place for totals, and its lines do not count everything.
  if (flags.totals && format !== 'extractor') {
    if (format === 'json') out.line(JSON.stringify({ totals: totalsJson(totals) }));
    else for (const line of describeTotals(totals, paint)) out.line(line);
  }
  await out.drain();
  if (totals.problems > 0) process.exitCode = EXIT.no;
}

function* lines(
  state: State,
  format: TablesFlags['format'],
  options: ListOptions,
  only: Only | undefined,
  paint: Paint,
): Generator<string> {
  const root = directoryOf(state);
  if (format === 'extractor') {
    yield* writeExtractorTree(state.format, state.reader, root, options);
    return;
  }
  if (format === 'tree') {
    for (const node of listTree(state.format, state.reader, root, options)) {
      if (only !== undefined && !isWanted(node, only)) continue;
      const text = describeNode(node);
      const style = node.kind === 'table' ? 'bold' : node.kind === 'problem' ? 'red' : undefined;
      yield `${'  '.repeat(node.depth)}${style === undefined ? text : paint(style, text)}`;
    }
    return;
  }
  for (const range of listRanges(state.format, state.reader, root, options)) {
    if (only !== undefined && !isWanted(range, only)) continue;
    yield format === 'json' ? JSON.stringify(rangeJson(range)) : describeRange(range, paint);
  }
}

/** A range as a line of JSON. */
export function rangeJson(range: TableRange): object {
  const place = { va: formatHex(range.va), size: formatHex(range.size) };
  switch (range.kind) {
    case 'mapped':
      return { ...place, result: 'mapped', ...pageJson(range), level: range.level };
    case 'sparse':
      return { ...place, result: 'sparse', shift: range.shift, level: range.level };
    case 'nowhere':
      return { ...place, result: 'sparse', nowhere: true, shift: range.shift, level: range.level };
    case 'problem':
      return {
        ...place,
        result: range.problem,
        why: range.why,
        level: range.level,
        table: formatHex(range.tableAddr),
        index: range.index,
        count: range.count,
      };
  }
}

/** A range as a line of text: addresses, size, page size, where to, flags. */
export function describeRange(range: TableRange, paint: Paint): string {
  const va = `${formatHex(range.va).padStart(14)}-${formatHex(range.va + range.size).padEnd(15)}`;
  const size = formatSize(range.size).padStart(10);
  switch (range.kind) {
    case 'mapped': {
      const words = flagWords(range);
      const to = `${apertureName(range).padEnd(6)} ${formatHex(range.addr).padEnd(14)}`;
      return `${va} ${size}  ${formatShift(range.shift).padStart(4)}  ${to} ${words.join(', ')}`.trimEnd();
    }
    case 'sparse':
    case 'nowhere':
      return `${va} ${size}  ${formatShift(range.shift).padStart(4)}  ${paint('yellow', range.kind)}`;
    case 'problem':
      return `${va} ${size}        ${paint('red', range.problem)}: ${range.why} (${range.level} at ${formatHex(range.tableAddr)}, entry ${range.index})`;
  }
}

function totalsJson(totals: TableTotals): object {
  return {
    mapped: totals.mapped.map(({ shift, aperture, pages, bytes }) => ({
      shift,
      aperture,
      pages,
      bytes: formatHex(bytes),
    })),
    sparse: totals.sparse.map(({ shift, entries, bytes }) => ({ shift, entries, bytes: formatHex(bytes) })),
    nowhere: totals.nowhere.map(({ shift, entries, bytes }) => ({ shift, entries, bytes: formatHex(bytes) })),
    tables: totals.tables.map(({ level, tables, bytes }) => ({ level, tables, bytes: formatHex(bytes) })),
    mappedBytes: formatHex(totals.mappedBytes),
    tableBytes: formatHex(totals.tableBytes),
    problems: totals.problems,
  };
}

function percent(part: bigint, whole: bigint): string {
  return `${(Number((part * 10000n) / whole) / 100).toFixed(2)} %`;
}

function describeTotals(totals: TableTotals, paint: Paint): string[] {
  const out = ['', paint('bold', 'Totals')];
  for (const { shift, aperture, pages, bytes } of totals.mapped) {
    out.push(
      `  mapped   ${formatShift(shift).padStart(5)} pages in ${aperture.padEnd(4)} ${String(pages).padStart(10)}  ${formatSize(bytes)}`,
    );
  }
  for (const [word, list] of [
    ['sparse ', totals.sparse],
    ['nowhere', totals.nowhere],
  ] as const) {
    for (const { shift, entries, bytes } of list) {
      out.push(
        `  ${word}  ${formatShift(shift).padStart(5)} entries       ${String(entries).padStart(10)}  ${formatSize(bytes)}`,
      );
    }
  }
  for (const { level, tables, bytes } of totals.tables) {
    out.push(`  tables   ${level.padStart(5)}               ${String(tables).padStart(10)}  ${formatSize(bytes)}`);
  }
  const { mappedBytes, tableBytes } = totals;
  const share = mappedBytes === 0n ? '' : ` (${percent(tableBytes, mappedBytes)})`;
  out.push(`  ${formatSize(mappedBytes)} mapped, ${formatSize(tableBytes)} of tables${share}`);
  if (totals.problems > 0) out.push(paint('red', `  ${plural(totals.problems, 'problem')}`));
  return out;
}
