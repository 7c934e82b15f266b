import { VmmError } from '../errors.js';
import { hex } from '../numbers.js';
import { bigIntToWords, fieldValue, fieldWidth, type EntryLayout, type FieldSpec } from './fields.js';
import type { LevelFormat } from './format.js';

/** One field of an entry. */
export interface FieldReading {
  readonly name: string;
  /** Highest and lowest bit. */
  readonly hi: number;
  readonly lo: number;
  /** The bits as they are. */
  readonly raw: bigint;
  /** For addresses the address in bytes; else the same as `raw`. */
  readonly value: bigint;
  /** What the field is. */
  readonly meaning: string;
  /** What this value means, where it has a name; addresses in hexadecimal. */
  readonly text: string;
}

/** An entry taken apart. */
export interface Annotation {
  /** Name of the layout: which kind of entry it is. */
  readonly layout: string;
  readonly value: bigint;
  readonly fields: readonly FieldReading[];
  /** Bits that are set and belong to no field. */
  readonly undefinedBits: bigint;
  /** What is odd about the entry, as phrases. */
  readonly warnings: readonly string[];
}

/**
 * Takes an entry apart into its fields, with warnings for what the hardware does not define.
 * `value` is the entry as one number.
 *
 * @throws VmmError `EINVAL` when it has more bits than an entry of the level, or is negative.
 */
export function annotate(level: LevelFormat, value: bigint): Annotation {
  const words = entryWords(level, value);
  const layout = level.layoutOf(words);
  const undefinedBits = value & ~definedBits(layout);
  const warnings = level.warnings?.(words) ?? [];
  return {
    layout: layout.name,
    value,
    fields: layout.fields.map((spec) => readField(spec, value)),
    undefinedBits,
    warnings: undefinedBits === 0n ? warnings : [...warnings, `undefined bits ${hex(undefinedBits)} are set`],
  };
}

/**
 * Makes an entry from its fields; the way back from {@link annotate}.
 * `layout` names a layout of the level; `values`
 * are by field name, addresses in bytes, and fields that are not named are 0.
 *
 * @throws VmmError `EINVAL` for an unknown layout or field, a value that does not fit, or fields that together make an
 * entry of another layout (for example a page without its valid bit).
 */
export function encodeEntry(level: LevelFormat, layout: string, values: Readonly<Record<string, bigint>>): bigint {
  const found = level.layouts.find((candidate) => candidate.name === layout);
  if (found === undefined) {
    const names = level.layouts.map((candidate) => `"${candidate.name}"`).join(', ');
    throw new VmmError('EINVAL', `level ${level.name} has no layout "${layout}", only ${names}`);
  }
  let value = 0n;
  for (const [name, given] of Object.entries(values)) {
    const spec = found.fields.find((candidate) => candidate.name === name);
    if (spec === undefined) {
      const names = found.fields.map((candidate) => candidate.name).join(', ');
      throw new VmmError('EINVAL', `"${layout}" has no field "${name}", only ${names}`);
    }
    value |= fieldBits(spec, given);
  }
  const actual = level.layoutOf(bigIntToWords(value, level.entryBytes / 4));
  if (actual !== found) throw new VmmError('EINVAL', `the fields make "${actual.name}" ${hex(value)}, not "${layout}"`);
  return value;
}

/** The fields of an {@link Annotation} as {@link encodeEntry} takes them. */
export function fieldValues(annotation: Annotation): Record<string, bigint> {
  return Object.fromEntries(annotation.fields.map(({ name, value }) => [name, value]));
}

/** The words of an entry, checked. Throws VmmError `EINVAL` when `value` does not fit. */
function entryWords(level: LevelFormat, value: bigint): number[] {
  const bits = 8 * level.entryBytes;
  if (value < 0n || value >> BigInt(bits) !== 0n) {
    throw new VmmError('EINVAL', `entry ${hex(value)} of level ${level.name} is not ${bits} bits`);
  }
  return bigIntToWords(value, level.entryBytes / 4);
}

/** All bits that a field of the layout covers. */
export function definedBits(layout: EntryLayout): bigint {
  return layout.fields.reduce((bits, spec) => bits | (((1n << BigInt(fieldWidth(spec))) - 1n) << BigInt(spec.lo)), 0n);
}

function readField(spec: FieldSpec, entry: bigint): FieldReading {
  const raw = fieldValue(spec, entry);
  const isAddress = spec.shift !== undefined;
  const value = isAddress ? raw << BigInt(spec.shift) : raw;
  const named = isAddress ? hex(value) : spec.values?.[Number(raw)];
  return {
    name: spec.name,
    hi: spec.hi,
    lo: spec.lo,
    raw,
    value,
    meaning: spec.meaning,
    text: named ?? plain(spec, raw),
  };
}

function plain(spec: FieldSpec, raw: bigint): string {
  if (spec.values !== undefined) return 'undefined';
  if (fieldWidth(spec) === 1) return raw === 1n ? 'yes' : 'no';
  return hex(raw);
}

function fieldBits(spec: FieldSpec, given: bigint): bigint {
  const shift = BigInt(spec.shift ?? 0);
  const limit = 1n << (BigInt(fieldWidth(spec)) + shift);
  if (given < 0n || given >= limit) {
    throw new VmmError(
      'EINVAL',
      `${spec.name} ${hex(given < 0n ? -given : given)} is not from 0x0 to ${hex(limit - 1n)}`,
    );
  }
  if (given & ((1n << shift) - 1n)) {
    throw new VmmError('EINVAL', `${spec.name} ${hex(given)} is not a multiple of ${hex(1n << shift)}`);
  }
  return (given >> shift) << BigInt(spec.lo);
}
