import type { Explanation } from './explain.js';
import type { Location } from './layouts.js';
import { reasonInfo } from './reasons.js';
import type { Notice } from './record.js';
import type { FaultSummary } from './summary.js';

/** Options of the text renderer. */
export interface TextOptions {
  /** Columns to wrap at; default 80, never less than 40. */
  width?: number;
}

function wrapText(text: string, width: number, first: string, rest: string): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}

const unit = (shift: number): string => {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const at = Math.min(Math.floor(shift / 10), names.length - 1);
  return `${2 ** (shift - at * 10)} ${names[at] ?? ''}`;
};

function lineLabel({ line, line_end: end }: { line: number; line_end?: number }): string {
  return end === undefined ? `line ${line}` : `lines ${line}-${end}`;
}

function levelRows({ levels }: Location): string[][] {
  return levels.map(({ level, bits, index, shift, start }) => [
    level,
    bits,
    `${index}`,
    `0x${index.toString(16)}`,
    unit(shift),
    start,
  ]);
}

const HEAD = ['level', 'bits', 'index', 'hex', 'covers', 'from'];

function columns(rows: readonly string[][]): string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** Lays an explanation out as plain text, wrapped at `width`. Ends with a line end. */
export function renderText(explanation: Explanation, options: TextOptions = {}): string {
  const width = Math.max(40, options.width ?? 80);
  const out: string[] = [];
  const paragraph = (text: string, first = '  ', rest = '  '): void => {
    out.push(...wrapText(text, width, first, rest));
  };
  const section = (title: string, list: readonly string[], mark = false): void => {
    if (list.length === 0) return;
    out.push('', title);
    for (const text of list) paragraph(text, mark ? '  - ' : '  ', mark ? '    ' : '  ');
  };
  const times = explanation.count > 1 ? `, ${explanation.count} times` : '';
  out.push(`${explanation.partial ? 'Damaged fault line' : 'MMU fault'}, ${lineLabel(explanation)}${times}`);
  paragraph(explanation.headline);
  out.push('');
  const label = Math.max(0, ...explanation.facts.map((fact) => fact.label.length));
  for (const { label: name, value, note } of explanation.facts) {
    const head = `  ${name.padEnd(label)}  `;
    paragraph(note === undefined ? value : `${value} - ${note}`, head, ' '.repeat(head.length));
  }
  section('What it means', [...explanation.meaning, ...explanation.address]);
  section('Typical causes', explanation.causes, true);
  if (explanation.locations.length > 0) {
    out.push('', explanation.allThatFit ? 'Index at each level (all formats that fit)' : 'Index at each level');
    for (const location of explanation.locations) {
      out.push(`  ${location.title}${location.inRange ? '' : ' (address out of range)'}`);
      for (const row of columns([HEAD, ...levelRows(location)])) out.push(`    ${row}`);
    }
  }
  section('What was mapped there', explanation.mapping);
  section(
    'Before it',
    explanation.before.map(({ line, text }) => `line ${line}: ${text}`),
  );
  section('What happened next', [
    explanation.after.sentence,
    ...explanation.after.lines.map(({ line, text }) => `line ${line}: ${text}`),
  ]);
  out.push('', 'Whose fault');
  paragraph(explanation.verdict.sentence);
  for (const reason of explanation.verdict.reasons) paragraph(reason, '  - ', '    ');
  if (explanation.verdict.weak) paragraph('Other explanations are nearly as likely.');
  section('What to try', explanation.advice, true);
  section('What this log can’t tell', explanation.unknown, true);
  return `${out.join('\n')}\n`;
}

/** Makes text safe inside a Markdown code span and table cell. */
function code(text: string): string {
  const plain = text.replaceAll('`', "'").replaceAll('|', '\\|').replaceAll('\n', ' ');
  return plain === '' ? '(empty)' : `\`${plain}\``;
}

/** Makes text safe as Markdown prose: names from a log must not turn into mark-up. */
function prose(text: string): string {
  return text.replace(/[\\`*_[\]<>|#~&]/g, (character) => `\\${character}`);
}

/** Lays an explanation out as Markdown that can be pasted into an issue. Ends with a line end. */
export function renderMarkdown(explanation: Explanation): string {
  const out: string[] = [];
  const times = explanation.count > 1 ? `, ${explanation.count} times` : '';
  out.push(`### ${explanation.partial ? 'Damaged fault line' : 'MMU fault'}, ${lineLabel(explanation)}${times}`, '');
  out.push(prose(explanation.headline), '');
  out.push('| field | value | meaning |', '| --- | --- | --- |');
  for (const { label, value, note } of explanation.facts)
    out.push(`| ${label} | ${code(value)} | ${prose(note ?? '')} |`);
  const section = (title: string, list: readonly string[]): void => {
    if (list.length === 0) return;
    out.push('', `**${title}**`, '');
    for (const text of list) out.push(`- ${prose(text)}`);
  };
  section('What it means', [...explanation.meaning, ...explanation.address]);
  section('Typical causes', explanation.causes);
  for (const location of explanation.locations) {
    out.push(
      '',
      `**Index at each level: ${prose(location.title)}**${location.inRange ? '' : ' (address out of range)'}`,
      '',
    );
    out.push(`| ${HEAD.join(' | ')} |`, `|${' --- |'.repeat(HEAD.length)}`);
    for (const row of levelRows(location)) out.push(`| ${row.map((cell) => prose(cell)).join(' | ')} |`);
  }
  section('What was mapped there', explanation.mapping);
  section(
    'Before it',
    explanation.before.map(({ line, text }) => `line ${line}: ${text}`),
  );
  section('What happened next', [
    explanation.after.sentence,
    ...explanation.after.lines.map(({ line, text }) => `line ${line}: ${text}`),
  ]);
  section('Whose fault', [explanation.verdict.sentence, ...explanation.verdict.reasons]);
  section('What to try', explanation.advice);
  section('What this log can’t tell', explanation.unknown);
  return `${out.join('\n')}\n`;
}

function summaryLines(summary: FaultSummary): string[] {
  const { count, first, last } = summary;
  if (count === 0) return ['No MMU faults found.'];
  const at = (place: { line: number; stamp?: string } | undefined): string =>
    place === undefined ? '' : `line ${place.line}${place.stamp === undefined ? '' : ` (${place.stamp})`}`;
  const lines = [
    count === 1 ? `1 MMU fault, at ${at(first)}.` : `${count} MMU faults, from ${at(first)} to ${at(last)}.`,
    `By process: ${summary.byProcess.map(({ process, count: n }) => `${process} ${n}`).join(', ')}.`,
    `By reason: ${summary.byReason.map(({ reason, count: n }) => `${reason === 'unknown' ? 'reason not known' : reasonInfo(reason).title} ${n}`).join(', ')}.`,
  ];
  if (summary.byGpu.length > 1) {
    lines.push(`By GPU: ${summary.byGpu.map(({ gpu, count: n }) => `${gpu} ${n}`).join(', ')}.`);
  }
  lines.push(...summary.patterns);
  if (summary.ungrouped > 0)
    lines.push(`${summary.ungrouped} more faults, of other kinds, are counted but not listed.`);
  return lines;
}

/** Lays a summary out as plain text. Ends with a line end. */
export function renderSummaryText(summary: FaultSummary, options: TextOptions = {}): string {
  const width = Math.max(40, options.width ?? 80);
  return `${summaryLines(summary)
    .flatMap((line) => wrapText(line, width, '', '  '))
    .join('\n')}\n`;
}

/** Lays a summary out as Markdown. Ends with a line end. */
export function renderSummaryMarkdown(summary: FaultSummary): string {
  return `${summaryLines(summary)
    .map((line) => `- ${prose(line)}`)
    .join('\n')}\n`;
}

/** One line of text for each kind of line that is no fault, with how often it came and what it is. */
export function renderNotices(notices: readonly Notice[], options: TextOptions = {}): string {
  const width = Math.max(40, options.width ?? 80);
  const kinds = new Map<string, { first: Notice; count: number }>();
  for (const notice of notices) {
    const key = `${notice.kind} ${notice.xid ?? ''} ${notice.meaning}`;
    const known = kinds.get(key);
    if (known === undefined) kinds.set(key, { first: notice, count: 1 });
    else known.count++;
  }
  return [...kinds.values()]
    .flatMap(({ first, count }) =>
      wrapText(
        `Not an MMU fault: ${lineLabel(first)}${count > 1 ? ` and ${count - 1} more` : ''}: ${first.meaning}.`,
        width,
        '',
        '  ',
      ),
    )
    .map((line) => `${line}\n`)
    .join('');
}
