import { encodeEntry, fieldWidth, VmmError, type EntryLayout, type FieldSpec, type LevelFormat } from '@nvmmu/vmm-core';

/** An entry made of fields. */
export interface EncodedFields {
  readonly layout: EntryLayout;
  readonly value: bigint;
  /** Fields that were filled in to make it an entry of that layout: valid bits, apertures. */
  readonly added: Readonly<Record<string, bigint>>;
}

/** Fields that tell one layout from another have few bits. */
const MAX_CHOICE_BITS = 3;
/** … and at most so many of them matter at once. */
const MAX_CHOICES = 2;

type Values = Readonly<Record<string, bigint>>;

/** Ways to fill in what is not given, fewest first. */
function* fillIns(specs: readonly FieldSpec[], count: number): Generator<Values> {
  if (count === 0) {
    yield {};
    return;
  }
  for (const [i, spec] of specs.entries()) {
    for (let value = 1n; value < 1n << BigInt(fieldWidth(spec)); value++) {
      if (spec.values !== undefined && spec.values[Number(value)] === undefined) continue;
      for (const rest of fillIns(specs.slice(i + 1), count - 1)) yield { [spec.name]: value, ...rest };
    }
  }
}

/** What makes an entry with these fields one of the layout, or `undefined` when nothing does. */
function complete(level: LevelFormat, layout: EntryLayout, given: Values): EncodedFields | undefined {
  const open = layout.fields.filter(
    (spec) => !(spec.name in given) && spec.shift === undefined && fieldWidth(spec) <= MAX_CHOICE_BITS,
  );
  for (let count = 0; count <= MAX_CHOICES; count++) {
    for (const added of fillIns(open, count)) {
      const value = tryEncode(level, layout, { ...given, ...added });
      if (value !== undefined) return { layout, value, added };
    }
  }
  return undefined;
}

function tryEncode(level: LevelFormat, layout: EntryLayout, values: Values): bigint | undefined {
  try {
    return encodeEntry(level, layout.name, values);
  } catch (error) {
    if (error instanceof VmmError) return undefined;
    throw error;
  }
}

/**
 * Makes an entry from some of its fields, and fills in the bits that tell what kind of entry it is.
 *
 * @param layout - Name of the layout, or a part of it; by default the first that has all the fields and works.
 * @throws VmmError `EINVAL` that says what does not fit.
 */
export function encodeFields(level: LevelFormat, given: Values, layout?: string): EncodedFields {
  const exact = level.layouts.filter(({ name }) => name === layout);
  const similar = level.layouts.filter(({ name }) => layout === undefined || name.includes(layout));
  const named = exact.length > 0 ? exact : similar;
  if (named.length === 0) {
    const names = level.layouts.map(({ name }) => `"${name}"`).join(', ');
    throw new VmmError('EINVAL', `level ${level.name} has no layout "${layout ?? ''}", only ${names}`);
  }
  const known = new Set(named.flatMap(({ fields }) => fields.map(({ name }) => name)));
  for (const name of Object.keys(given)) {
    if (!known.has(name)) throw new VmmError('EINVAL', `there is no field "${name}", only ${[...known].join(', ')}`);
  }
  const fitting = named.filter(({ fields }) =>
    Object.keys(given).every((name) => fields.some((spec) => spec.name === name)),
  );
  const [first] = fitting;
  if (first === undefined) throw new VmmError('EINVAL', `no entry has all of ${Object.keys(given).join(', ')}`);
  for (const candidate of fitting) {
    const done = complete(level, candidate, given);
    if (done !== undefined) return done;
  }
  // Says which value is out of range, or which layout it would be.
  return { layout: first, value: encodeEntry(level, first.name, given), added: {} };
}
