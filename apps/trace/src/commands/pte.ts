import { annotate, VmmError, type Annotation, type Chip, type LevelFormat, type MmuFormat } from '@nvmmu/vmm-core';
import { Command, Option } from 'commander';
import { parseNumber } from '../addresses.js';
import { decodedJson, levelNamed } from '../decoded-entry.js';
import { encodeFields } from '../encode-fields.js';
import { Failure } from '../failure.js';
import { bigPageOption, formatOf, type BigPage } from '../formats.js';
import { chipOption } from '../options.js';
import { Output } from '../output.js';
import { paintFor, type Paint } from '../style.js';
import { formatHex } from '../values.js';

interface PteFlags {
  readonly chip: Chip;
  readonly bigPage?: BigPage;
  readonly level: string;
  readonly encode?: string;
  readonly layout?: string;
  readonly json?: true;
}

/** `pte --chip C --level L VALUE…`. */
export function pteCommand(): Command {
  return new Command('pte')
    .description('take page-table and directory entries apart, field by field, or put one together')
    .argument('[value...]', 'entries; those of 16 bytes as one number, or LO,HI')
    .addOption(chipOption('chip whose entries they are').makeOptionMandatory())
    .addOption(bigPageOption())
    .addOption(new Option('--level <level>', 'level of the table: spt, lpt, pd0, …').makeOptionMandatory())
    .option('--encode <fields>', 'make an entry: NAME=VALUE,…; addresses in bytes; a name alone sets a bit')
    .option('--layout <name>', 'which kind of entry to make, where the fields leave it open')
    .option('--json', 'print a line of JSON for each entry')
    .addHelpText(
      'after',
      `
Apertures may be given as vram, peer, host (coherent) and ncoh. Bits that say what kind of entry it is, such as the valid
bit, are filled in when making one.

Examples:
  nvmmu-trace pte --chip gp100 --level spt 0x6000001bad000e9
  nvmmu-trace pte --chip tu102 --level pd0 0x10432,0x10502
  nvmmu-trace pte --chip gm200 --level lpt --big-page 16 0x100000000
  nvmmu-trace pte --chip gp100 --level spt --encode addr=0xbeef000,kind=0xdb,ro,aperture=host`,
    )
    .action(run);
}

async function run(values: readonly string[], flags: PteFlags): Promise<void> {
  if (values.length === 0 && flags.encode === undefined)
    throw new Failure('give entries to take apart, or --encode NAME=VALUE,…');
  if (flags.layout !== undefined && flags.encode === undefined) throw new Failure('--layout goes with --encode');
  const format = formatOf(flags.chip, flags.bigPage);
  const level = levelNamed(format, flags.level);
  const out = new Output();
  const paint = paintFor(process.stdout);
  const print = (value: bigint): void => {
    const annotation = take(level, value);
    if (flags.json === true) out.line(JSON.stringify(annotationJson(format, level, annotation)));
    else for (const line of describe(level, annotation, paint)) out.line(line);
  };
  for (const text of values) {
    print(parseEntry(text, level));
    if (out.full) await out.drain();
    if (out.closed) return;
  }
  if (flags.encode !== undefined) print(encode(level, flags.encode, flags.layout));
  await out.drain();
}

function take(level: LevelFormat, value: bigint): Annotation {
  return refused(() => annotate(level, value));
}

function refused<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof VmmError) throw new Failure(error.message, undefined, { cause: error });
    throw error;
  }
}

function parseEntry(text: string, level: LevelFormat): bigint {
  const [lo = '', hi, ...more] = text.split(',');
  const bits = 8 * level.entryBytes;
  const low = parseNumber(lo, hi === undefined ? 128 : 64);
  const high = hi === undefined ? 0n : parseNumber(hi, 64);
  if (low === undefined || high === undefined || more.length > 0 || (hi !== undefined && bits < 128)) {
    const how = bits === 128 ? ', such as 0x10432 or LO,HI' : ', such as 0xbeef41';
    throw new Failure(`"${text}" is not an entry of ${bits} bits${how}`);
  }
  return low | (high << 64n);
}

/** Short words for values that have long names. */
const WORDS: Readonly<Record<string, string>> = {
  vram: 'video memory',
  host: 'coherent system memory',
  ncoh: 'non-coherent system memory',
  none: 'no table',
  yes: '1',
  no: '0',
};

function encode(level: LevelFormat, text: string, layout: string | undefined): bigint {
  const given: Record<string, bigint> = {};
  for (const part of text.split(',')) {
    const [name = '', value] = part.split('=', 2).map((word) => word.trim());
    given[name] = value === undefined ? 1n : fieldNumber(level, name, value);
  }
  return refused(() => encodeFields(level, given, layout)).value;
}

function fieldNumber(level: LevelFormat, name: string, text: string): bigint {
  const number = parseNumber(WORDS[text] ?? text, 128);
  if (number !== undefined) return number;
  const wanted = WORDS[text] ?? text;
  for (const { fields } of level.layouts) {
    const values = fields.find((spec) => spec.name === name)?.values ?? {};
    for (const [value, meaning] of Object.entries(values)) if (meaning === wanted) return BigInt(value);
  }
  throw new Failure(`${name}: "${text}" is neither a number nor the name of a value`);
}

function annotationJson(
  format: MmuFormat,
  level: LevelFormat,
  { value, layout, fields, undefinedBits, warnings }: Annotation,
): object {
  return {
    chip: format.chip,
    level: level.name,
    value: formatHex(value),
    layout,
    fields: Object.fromEntries(fields.map((field) => [field.name, formatHex(field.value)])),
    bits: fields.map(({ name, hi, lo, raw, text, meaning }) => ({ name, hi, lo, raw: formatHex(raw), text, meaning })),
    undefinedBits: formatHex(undefinedBits),
    warnings,
    decoded: decodedJson(format, level, value),
  };
}

function describe(level: LevelFormat, { value, layout, fields, warnings }: Annotation, paint: Paint): string[] {
  const rows = fields.map(({ name, hi, lo, raw, text, meaning }) => [
    hi === lo ? String(hi) : `${hi}:${lo}`,
    name,
    formatHex(raw),
    text === formatHex(raw) ? '' : text,
    meaning,
  ]);
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = [0, 1, 2, 3].map(width);
  return [
    paint('bold', `${level.name} ${formatHex(value)}: ${layout}`),
    ...rows.map((row, i) => {
      const [bits = '', name = '', raw = '', text = '', meaning = ''] = row;
      const [a = 0, b = 0, c = 0, d = 0] = widths;
      const line =
        `  ${bits.padStart(a)}  ${name.padEnd(b)}  ${raw.padStart(c)}  ${text.padEnd(d)}  ${meaning}`.trimEnd();
      return fields[i]?.raw === 0n ? paint('dim', line) : line;
    }),
    ...warnings.map((warning) => paint('yellow', `  warning: ${warning}`)),
    '',
  ];
}
