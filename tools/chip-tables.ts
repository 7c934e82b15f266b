// Reference pages and tables about chips, made from what the code itself reads: templates and format layouts.

import { gf100Chips } from '@nvmmu/backends-gf100';
import { gp100Chips } from '@nvmmu/backends-gp100';
import { nv50Chips } from '@nvmmu/backends-nv50';
import { fieldWidth, PAGE, type Chip, type EntryLayout, type LevelFormat, type SpaceTemplate } from '@nvmmu/vmm-core';

const KIB = 1024;
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** A power of two as people write it: `64 KiB`. */
export function bytes(shift: number): string {
  const unit = Math.floor(shift / 10);
  return `${2 ** (shift % 10)} ${UNITS[unit] ?? `* 1024^${unit} bytes`}`;
}

function size(count: number): string {
  return count % KIB === 0 ? bytes(Math.log2(count)) : `${count} bytes`;
}

/** A Markdown table with cells padded to equal width, as the formatter would have it. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const widths = head.map((cell, i) =>
    Math.max(3, ...[cell, ...rows.map((row) => row[i] ?? '')].map((text) => text.length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (right.includes(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (right.includes(i) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

interface Variant {
  readonly label: string;
  readonly template: SpaceTemplate;
}

/** The ways in which address spaces of a chip can be laid out: one, or one for each size of big pages. */
export function variants(chip: Chip): readonly Variant[] {
  const made = [17, 16].map((shift) => ({
    label: `big pages of ${bytes(shift)}`,
    template: chip.template({ fbPage: shift, stolen: 0 }, chip.arguments.includes('bigPage') ? { bigPage: shift } : {}),
  }));
  const shape = ({ template }: Variant): string => template.pages.map((page) => page.shift).join(' ');
  const [first, second] = made;
  if (first === undefined || second === undefined) return made;
  return shape(first) === shape(second) ? [{ label: '', template: first.template }] : made;
}

const yes = (claim: boolean): string => (claim ? 'yes' : '');

const PAGE_HEAD = ['page size', 'sparse', 'video memory', 'system memory', 'compressed', 'levels from the page up'];

/** What each page size of a template can do. */
function pageRows({ pages, format }: SpaceTemplate): string[][] {
  const depth = pages.at(-1)?.levels.length ?? 0;
  return pages.map(({ shift, flags, levels }) => {
    const names = levels.map((level, i) =>
      level.type === 'PGD' ? (format.levels[depth - 1 - (depth - levels.length + i)]?.name ?? 'PD') : level.type,
    );
    return [
      bytes(shift),
      yes((flags & PAGE.sparse) !== 0),
      yes((flags & PAGE.vram) !== 0),
      yes((flags & PAGE.host) !== 0),
      yes((flags & PAGE.comp) !== 0),
      names.join(', '),
    ];
  });
}

/** The page sizes of several chips as one table, for a README. */
export function pageSizeTable(chips: readonly Chip[]): string {
  const rows = chips.flatMap((chip) =>
    variants(chip).flatMap(({ label, template }) => {
      const sizesWith = (bit: number): string =>
        template.pages
          .filter((page) => (page.flags & bit) !== 0)
          .map((page) => bytes(page.shift))
          .join(', ') || 'none';
      const variant = label === '' ? chip.name : `${chip.name}, ${label}`;
      return [[variant, sizesWith(PAGE.vram), sizesWith(PAGE.host), sizesWith(PAGE.comp), sizesWith(PAGE.sparse)]];
    }),
  );
  return table(['chip', 'video memory', 'system memory', 'compressed', 'sparse'], rows);
}

function levelRows(levels: readonly LevelFormat[]): string[][] {
  return levels.map((level) => [
    level.name,
    level.bits === 0 ? '1' : `${2 ** level.bits}`,
    `${level.entryBytes}`,
    size(2 ** level.bits * level.entryBytes),
    bytes(level.shift),
    level.bits === 0 ? '' : `${level.shift + level.bits - 1}:${level.shift}`,
  ]);
}

function layoutTable({ fields }: EntryLayout): string {
  const rows = [...fields]
    .sort((a, b) => b.lo - a.lo)
    .map((spec) => [
      fieldWidth(spec) === 1 ? `${spec.lo}` : `${spec.hi}:${spec.lo}`,
      `\`${spec.name}\``,
      spec.meaning,
      Object.entries(spec.values ?? {})
        .map(([value, meaning]) => `${value} ${meaning}`)
        .join('; '),
    ]);
  return table(['bits', 'field', 'meaning', 'values'], rows, [0]);
}

function formatSections({ format }: SpaceTemplate): string[] {
  const sections = [
    table(
      ['level', 'entries', 'bytes each', 'table', 'an entry covers', 'address bits'],
      levelRows(format.levels),
      [1, 2],
    ),
  ];
  for (const level of format.levels) {
    sections.push(`### Entries of ${level.name}`);
    for (const layout of level.layouts) sections.push(`**${layout.name}**`, layoutTable(layout));
  }
  return sections;
}

/** Words of an instance block; those that look alike are described once. */
function instanceSections(words: SpaceTemplate['format']['instance']['words']): string[] {
  const alike = new Map<string, number[]>();
  for (const { offset, fields } of words) {
    const content = layoutTable({ name: '', fields });
    alike.set(content, [...(alike.get(content) ?? []), offset]);
  }
  return [...alike].flatMap(([content, offsets]) => {
    const [first = 0, second] = offsets;
    const at = `0x${first.toString(16)}`;
    const title =
      second === undefined
        ? `Word at ${at}`
        : `${offsets.length} words at ${at}, 0x${second.toString(16)}, … 0x${(offsets.at(-1) ?? 0).toString(16)}`;
    return [`**${title}**`, content];
  });
}

const NAMES: Readonly<Record<string, string>> = {
  T: 'T (Tesla)',
  1: '1 (Fermi to Maxwell)',
  2: '2 (Pascal to Turing)',
  3: '3 (Hopper)',
};

/** The reference page of a chip. */
export function chipPage(chip: Chip, home: string): string {
  const all = variants(chip);
  const [main] = all;
  if (main === undefined) throw new Error(`${chip.name} has no layout`);
  const { format, instanceBytes, pageBlockShift, directoryOffset } = main.template;
  const facts = [
    ['address bits', `${format.vaBits}`],
    ['format', NAMES[format.version] ?? format.version],
    ['page tables by default in', chip.tableTarget === 'vram' ? 'video memory' : 'system memory'],
    ['system addresses', `${chip.dmaBits} bits`],
    ['instance block', `at least ${size(instanceBytes)}`],
    ...(directoryOffset === undefined
      ? []
      : [['directory in the instance block at', `0x${directoryOffset.toString(16)}`]]),
    ...(pageBlockShift === 0 ? [] : [['one page size for each', bytes(pageBlockShift)]]),
    ['map arguments', chip.mapArguments.map((name) => `\`${name}\``).join(', ')],
    ['arguments of an address space', chip.arguments.map((name) => `\`${name}\``).join(', ') || 'none'],
    ['methods of the client interface', main.template.faultReplay === undefined ? 'none' : 'replay and cancel faults'],
  ];
  const reasons = Object.entries(format.reasons).map(([cause, reason]) => [`${reason.number}`, reason.name, cause]);
  return `${[
    `# ${chip.name}`,
    `<!-- Made from code: pnpm tables:update. -->`,
    `\`import { ${chip.name} } from '${home}'\``,
    table(['property', 'value'], facts),
    '## Page sizes',
    ...all.flatMap(({ label, template }) => [
      ...(label === '' ? [] : [`With ${label}:`]),
      table(PAGE_HEAD, pageRows(template)),
    ]),
    '## Levels',
    ...(all.length > 1 ? [`With ${main.label}.`] : []),
    ...formatSections(main.template),
    '## Instance block',
    ...instanceSections(format.instance.words),
    ...(reasons.length === 0 ? [] : ['## Fault reasons', table(['number', 'name', 'cause'], reasons, [0])]),
  ].join('\n\n')}\n`;
}

/** The chips with the package that each comes from, oldest first. */
export const CHIPS: readonly { readonly chip: Chip; readonly home: string }[] = [
  ...nv50Chips.map((chip) => ({ chip, home: '@nvmmu/backends-nv50' })),
  ...gf100Chips.map((chip) => ({ chip, home: '@nvmmu/backends-gf100' })),
  ...gp100Chips.map((chip) => ({ chip, home: '@nvmmu/backends-gp100' })),
];

/** The page that lists the others. */
export function chipIndex(): string {
  const rows = CHIPS.map(({ chip, home }) => {
    const [first] = variants(chip);
    const format = first?.template.format;
    return [
      `[${chip.name}](${chip.name}.md)`,
      `\`${home}\``,
      NAMES[format?.version ?? ''] ?? '',
      `${format?.vaBits ?? ''}`,
      [...new Set(variants(chip).flatMap(({ template }) => template.pages.map((page) => page.shift)))]
        .sort((a, b) => a - b)
        .map(bytes)
        .join(', '),
    ];
  });
  return `${[
    '# Chips',
    `<!-- Made from code: pnpm tables:update. -->`,
    'Levels, page sizes and every bit of every entry, made from the data that encoder, decoder and hardware walk read.',
    table(['chip', 'package', 'format', 'address bits', 'page sizes, sparse ones too'], rows, [3]),
  ].join('\n\n')}\n`;
}

/** Replaces what stands between the marks `<!-- table: name -->` and `<!-- end -->`. */
export function fillTable(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- table: ${name} -->`, '<!-- end -->'];
  const from = text.indexOf(start);
  const to = text.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`no marks for the table ${name}`);
  return `${text.slice(0, from + start.length)}\n\n${content}\n\n${text.slice(to)}`;
}
