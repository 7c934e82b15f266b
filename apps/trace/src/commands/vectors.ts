import {
  annotate,
  fieldValues,
  fieldWidth,
  VmmError,
  encodeEntry,
  type Chip,
  type EntryLayout,
  type LevelFormat,
  type MmuFormat,
} from '@nvmmu/vmm-core';
import { Command } from 'commander';
import { decodedJson } from '../decoded-entry.js';
import { encodeFields } from '../encode-fields.js';
import { bigPageOption, formatOf, type BigPage } from '../formats.js';
import { chipOption } from '../options.js';
import { Output } from '../output.js';
import { formatHex } from '../values.js';

interface VectorFlags {
  readonly chip: Chip;
  readonly bigPage?: BigPage;
}

/** `vectors --chip C`. */
export function vectorsCommand(): Command {
  return new Command('vectors')
    .description('print examples of entries and their fields as JSON, for tests in other languages')
    .addOption(chipOption('chip whose entries they are').makeOptionMandatory())
    .addOption(bigPageOption())
    .addHelpText(
      'after',
      `
One JSON document: "levels" with their layouts (which bits are which field; "shift" says that a field counts units of
2^shift bytes), and "examples", each an entry ("value"), its layout, its fields (addresses in bytes) and what the
hardware makes of it by itself ("decoded"). All numbers over 53 bits are "0x…" strings. The same for every run.

Example:
  nvmmu-trace vectors --chip tu102 > tu102-entries.json`,
    )
    .action(run);
}

async function run(flags: VectorFlags): Promise<void> {
  const format = formatOf(flags.chip, flags.bigPage);
  const out = new Output();
  out.line('{');
  out.line('"format":"nvmmu-entry-vectors","version":1,');
  out.line(`"chip":${JSON.stringify(format.chip)},"mmu":${JSON.stringify(format.version)},"vaBits":${format.vaBits},`);
  if (format.bigPageShift !== undefined) out.line(`"bigPageShift":${format.bigPageShift},`);
  out.line('"levels":[');
  for (const [i, level] of format.levels.entries()) {
    out.line(`${JSON.stringify(levelJson(level))}${i + 1 < format.levels.length ? ',' : ''}`);
  }
  out.line('],');
  out.line('"examples":[');
  let last: string | undefined;
  for (const example of examples(format)) {
    if (last !== undefined) out.line(`${last},`);
    last = JSON.stringify(example);
    if (out.full) await out.drain();
    if (out.closed) return;
  }
  if (last !== undefined) out.line(last);
  out.line(']');
  out.line('}');
  await out.drain();
}

function levelJson({ name, directory, shift, bits, entryBytes, layouts }: LevelFormat): object {
  return {
    name,
    directory,
    shift,
    bits,
    entryBytes,
    layouts: layouts.map((layout) => ({
      name: layout.name,
      fields: layout.fields.map((spec) => ({
        name: spec.name,
        hi: spec.hi,
        lo: spec.lo,
        ...(spec.shift !== undefined && { shift: spec.shift }),
        ...(spec.values !== undefined && { values: spec.values }),
      })),
    })),
  };
}

function* examples(format: MmuFormat): Generator<object> {
  for (const level of format.levels) {
    for (const layout of level.layouts) {
      const seen = new Set<bigint>();
      for (const value of valuesOf(level, layout)) {
        if (seen.has(value)) continue;
        seen.add(value);
        const annotation = annotate(level, value);
        yield {
          level: level.name,
          value: formatHex(value),
          layout: annotation.layout,
          fields: Object.fromEntries(
            Object.entries(fieldValues(annotation)).map(([name, field]) => [name, formatHex(field)]),
          ),
          ...(annotation.warnings.length > 0 && { warnings: annotation.warnings }),
          decoded: decodedJson(format, level, value),
        };
      }
    }
  }
}

/** Numbers that look random and are the same everywhere (xorshift). */
function* noise(seed: bigint): Generator<bigint> {
  for (let x = seed; ;) {
    x ^= BigInt.asUintN(64, x << 13n);
    x ^= x >> 7n;
    x ^= BigInt.asUintN(64, x << 17n);
    yield x;
  }
}

const MIXES = 4;
const SEED = 0x9e3779b97f4a7c15n;

/** Entries of a layout: the plainest, each field by itself at its edges, all at once, and mixes. */
function* valuesOf(level: LevelFormat, layout: EntryLayout): Generator<bigint> {
  const base = encodeFields(level, {}, layout.name);
  if (base.layout !== layout) return;
  yield base.value;
  const random = noise(SEED);
  const unit = (shift: number | undefined): bigint => 1n << BigInt(shift ?? 0);
  const free = layout.fields.filter(({ name }) => !(name in base.added));
  const all: Record<string, bigint> = { ...base.added };
  for (const spec of free) {
    const width = BigInt(fieldWidth(spec));
    const most = (1n << width) - 1n;
    for (const raw of [1n, 1n << (width - 1n), BigInt.asUintN(Number(width), 0x5555_5555_5555_5555n), most]) {
      const value = tryValue(level, layout, { ...base.added, [spec.name]: raw * unit(spec.shift) });
      if (value !== undefined) yield value;
    }
    if (tryValue(level, layout, { ...all, [spec.name]: most * unit(spec.shift) }) !== undefined)
      all[spec.name] = most * unit(spec.shift);
  }
  const everything = tryValue(level, layout, all);
  if (everything !== undefined) yield everything;
  for (let i = 0; i < MIXES; i++) {
    const mix: Record<string, bigint> = { ...base.added };
    for (const spec of free) {
      const raw = BigInt.asUintN(fieldWidth(spec), random.next().value as bigint);
      const next = { ...mix, [spec.name]: raw * unit(spec.shift) };
      if (tryValue(level, layout, next) !== undefined) mix[spec.name] = raw * unit(spec.shift);
    }
    const value = tryValue(level, layout, mix);
    if (value !== undefined) yield value;
  }
}

function tryValue(
  level: LevelFormat,
  layout: EntryLayout,
  values: Readonly<Record<string, bigint>>,
): bigint | undefined {
  try {
    return encodeEntry(level, layout.name, values);
  } catch (error) {
    // A field that makes it an entry of another layout.
    if (error instanceof VmmError) return undefined;
    throw error;
  }
}
