import {
  explainFault,
  renderMarkdown,
  renderSummaryMarkdown,
  renderSummaryText,
  renderText,
  type Explanation,
  type FaultRecord,
  type LogInfo,
} from '@nvmmu/faults';
import { Command, Option } from 'commander';
import { chipLike, logChipOption } from '../fault-chip.js';
import { EXIT, Failure } from '../failure.js';
import { inputName, inputSize, openInput } from '../input.js';
import { LogReader, type NoticeGroup, type ReadLog } from '../log-reader.js';
import { MappingHistory } from '../mapping-history.js';
import { parseCount } from '../options.js';
import { Output } from '../output.js';
import { Progress } from '../progress.js';
import { StateMapping } from '../state-mapping.js';
import { openState, stateOptions, type State, type StateFlags } from '../state-source.js';
import { paintFor, plain, type Paint } from '../style.js';
import { plural } from '../values.js';

interface ExplainFlags extends Omit<StateFlags, 'chip'> {
  readonly chip?: string;
  readonly json?: true;
  readonly markdown?: true;
  readonly limit: number;
}

/** What is known besides the log. */
interface Context {
  readonly chip: string | undefined;
  readonly mapping: StateMapping | undefined;
  readonly bigPage: 16 | 17 | undefined;
}

/** `explain [LOG…]`. */
export function explainCommand(): Command {
  const command = new Command('explain')
    .description('find the GPU MMU faults in kernel logs and say what they mean')
    .argument('[log...]', 'files, or - for standard input, which is the default');
  for (const option of stateOptions(logChipOption())) command.addOption(option);
  return command
    .addOption(new Option('--json', 'print a line of JSON for each fault').conflicts('markdown'))
    .option('--markdown', 'print Markdown, ready to paste into an issue')
    .addOption(new Option('--limit <n>', 'most kinds of faults to explain at length').argParser(parseCount).default(20))
    .addHelpText(
      'after',
      `
Logs are taken as people post them: dmesg, journalctl, syslog, quoted mail, wrapped or cut lines. Equal faults are
explained once. With the state of an address space (--script, --dump or --image, see "nvmmu-trace walk --help") it says
what was mapped at the address, which operation of the script took it away, and what is mapped nearest to it.

Exit codes: 1 when there are faults, 0 when there are none.

Examples:
  dmesg | nvmmu-trace explain
  nvmmu-trace explain --chip gk104 kern.log
  nvmmu-trace explain --markdown kern.log > issue.md
  nvmmu-trace explain --json kern.log | jq -r .address_value
  nvmmu-trace explain kern.log --script script.vmm.jsonl --at 120`,
    )
    .action(explain);
}

async function explain(paths: readonly string[], flags: ExplainFlags): Promise<void> {
  if (paths.length === 0 && process.stdin.isTTY) {
    throw new Failure('which log? Name files, or pipe one in: dmesg | nvmmu-trace explain');
  }
  const logs = paths.length === 0 ? ['-'] : paths;
  if (logs.includes('-') && (flags.script === '-' || flags.dump === '-')) {
    throw new Failure('standard input is either the log or the state: name a file for one of them');
  }
  const context = await contextOf(flags);
  const out = new Output();
  let faults = 0;
  for (const [i, path] of logs.entries()) {
    const label = logs.length > 1 ? inputName(path) : undefined;
    if (flags.json === true) faults += await printJson(path, label, context, out);
    else {
      const paint = flags.markdown === true ? plain : paintFor(process.stdout);
      if (i > 0) out.line();
      if (label !== undefined) out.line(flags.markdown === true ? `## ${label}\n` : paint('bold', `== ${label} ==`));
      faults += await printText(path, flags, context, out, paint);
    }
    if (out.closed) break;
  }
  await out.drain();
  if (faults > 0) process.exitCode = EXIT.no;
}

async function contextOf(flags: ExplainFlags): Promise<Context> {
  const { chip, bigPage, ...rest } = flags;
  const sources = [flags.script, flags.dump, flags.image].some((source) => source !== undefined);
  if (!sources) {
    const stray = (['at', 'inst', 'pdb', 'vmm', 'subcontext'] as const).find((name) => flags[name] !== undefined);
    if (stray !== undefined)
      throw new Failure(`--${stray} says which address space: give --script, --dump or --image, too`);
    return { chip, mapping: undefined, bigPage };
  }
  const tables = chip === undefined || flags.script !== undefined ? undefined : chipLike(chip);
  const history = flags.script === undefined ? undefined : new MappingHistory();
  const hooks = history === undefined ? {} : { beforeStep: history.before, onStep: history.after };
  const state = await openState(
    { ...rest, ...(tables !== undefined && { chip: tables }), ...(bigPage !== undefined && { bigPage }) },
    undefined,
    hooks,
  );
  const shift = state.format.bigPageShift;
  return {
    chip: chip ?? state.format.chip,
    mapping: new StateMapping(state, history, whenOf(state, flags)),
    bigPage: bigPage ?? (shift === 16 || shift === 17 ? shift : undefined),
  };
}

function whenOf({ runner }: State, { at, dump }: ExplainFlags): string {
  if (runner !== undefined) return at === undefined ? 'After the whole script' : `After operation ${at} of the script`;
  return dump === undefined ? 'In the memory image' : 'In the dump';
}

/** Reads a log to its end, in chunks; what was printed meanwhile goes out. */
async function read(path: string, reader: LogReader, out: Output, prints: boolean): Promise<ReadLog | undefined> {
  const size = await inputSize(path);
  // While lines are printed to the same terminal, none that says how far it is.
  const progress = new Progress('MiB', !(prints && process.stdout.isTTY));
  let bytes = 0;
  for await (const chunk of openInput(path)) {
    reader.push(chunk);
    bytes += chunk.length;
    if (out.full) await out.drain();
    if (out.closed) return undefined;
    progress.update(Math.round(bytes / 2 ** 20), size === undefined ? undefined : bytes / size);
  }
  progress.end();
  return reader.end();
}

async function printJson(path: string, label: string | undefined, context: Context, out: Output): Promise<number> {
  let count = 0;
  const reader: LogReader = new LogReader(context.chip, (record, trace) => {
    count++;
    const report = context.mapping?.report(record);
    const explanation = explainFault(record, {
      mapping: [...(report?.text ?? []), ...trace],
      pageMap: reader.pageMap,
      ...(context.bigPage !== undefined && { bigPage: context.bigPage }),
    });
    out.line(
      JSON.stringify({
        ...(label !== undefined && { file: label }),
        ...record,
        explanation: explanationJson(explanation),
        ...(report !== undefined && { mapping: report.json }),
      }),
    );
  });
  await read(path, reader, out, true);
  return count;
}

/** What the explanation adds to a record, for JSON. */
function explanationJson({
  headline,
  meaning,
  causes,
  address,
  locations,
  mapping,
  verdict,
  after,
  advice,
  unknown,
}: Explanation): object {
  return {
    headline,
    meaning,
    causes,
    address,
    levels: locations.map(({ format, title, inRange, levels }) => ({ format, title, inRange, levels })),
    mapping,
    verdict,
    outcome: after.outcome,
    next: after.sentence,
    advice,
    unknown,
  };
}

async function printText(
  path: string,
  flags: ExplainFlags,
  context: Context,
  out: Output,
  paint: Paint,
): Promise<number> {
  const reader = new LogReader(context.chip);
  const log = await read(path, reader, out, false);
  if (log === undefined) return 0;
  const markdown = flags.markdown === true;
  const width = Math.min(process.stdout.isTTY ? process.stdout.columns : 80, 100);
  const { summary } = log;
  out.line((markdown ? renderSummaryMarkdown(summary) : renderSummaryText(summary, { width })).trimEnd());
  const explained = summary.groups.slice(0, flags.limit);
  for (const { record, count } of explained) {
    const explanation = explainAll(record, count, log.info, log, reader.traceOf(record), context);
    out.line();
    if (markdown) out.line(renderMarkdown(explanation).trimEnd());
    else printPainted(renderText(explanation, { width }), out, paint);
    if (out.full) await out.drain();
  }
  const more = summary.groups.length - explained.length;
  if (more > 0)
    out.line(`\n${plural(more, 'more kind')} of faults; --limit ${summary.groups.length} explains them, too.`);
  for (const record of log.partials) {
    const explanation = explainAll(record, 1, log.info, log, [], context);
    out.line();
    if (markdown) out.line(renderMarkdown(explanation).trimEnd());
    else printPainted(renderText(explanation, { width }), out, paint);
  }
  if (log.partialCount > log.partials.length) {
    out.line(`\n${plural(log.partialCount - log.partials.length, 'more damaged line')}.`);
  }
  const rest = [...log.notices.map(noticeText), ...extraLines(log)];
  if (rest.length > 0) out.line();
  for (const text of rest) for (const line of wrap(markdown ? `- ${text}` : text, width)) out.line(line);
  return summary.count;
}

function explainAll(
  record: FaultRecord,
  count: number,
  info: LogInfo,
  { pageMap }: ReadLog,
  trace: readonly string[],
  { mapping, bigPage }: Context,
): Explanation {
  return explainFault(record, {
    count,
    info,
    pageMap,
    mapping: [...(mapping?.report(record)?.text ?? []), ...trace],
    ...(bigPage !== undefined && { bigPage }),
  });
}

/** Prints an explanation with its headings in bold and its first line in red. */
function printPainted(text: string, out: Output, paint: Paint): void {
  for (const [i, line] of text.trimEnd().split('\n').entries()) {
    if (i === 0) out.line(paint('bold', paint('red', line)));
    else out.line(line !== '' && !line.startsWith(' ') ? paint('bold', line) : line);
  }
}

function noticeText({ first, count }: NoticeGroup): string {
  const place = first.line_end === undefined ? `line ${first.line}` : `lines ${first.line}-${first.line_end}`;
  return `Not an MMU fault: ${place}${count > 1 ? ` and ${count - 1} more` : ''}: ${first.meaning}.`;
}

/** What else the log holds that this program knows. */
function extraLines({ pages, entries, operations, summary }: ReadLog): string[] {
  return [
    ...(pages > 0
      ? [`The log has a printed page-table tree with ${plural(pages, 'page')}; faults are looked up in it.`]
      : []),
    ...(entries > 0
      ? [
          `The log has ${plural(entries, 'page-table entry', 'page-table entries')}: "nvmmu-trace pte" takes them apart.`,
        ]
      : []),
    ...(operations > 0 && summary.count === 0
      ? [`The log has ${plural(operations, 'operation')} in mmu trace lines.`]
      : []),
  ];
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '  ';
    }
    line += line === '' || line === '  ' ? word : ` ${word}`;
  }
  return [...lines, line];
}
