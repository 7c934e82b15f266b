import * as v from 'valibot';
import { parseHex } from './numbers.js';

// The types of values that occur in scripts. Each check words its own refusal: `key "size": expected …`.

interface Received {
  readonly received: string;
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

const expected =
  (what: string) =>
  (issue: Received): string =>
    `expected ${what}, got ${shorten(issue.received)}`;

type Schema<T> = v.GenericSchema<unknown, T>;

/** A 64-bit quantity: canonical hexadecimal text, read to a bigint. */
export const u64: Schema<bigint> = v.pipe(
  v.string(expected('a hexadecimal string such as "0x1000"')),
  v.rawTransform<string, bigint>(({ dataset, addIssue, NEVER }) => {
    const value = parseHex(dataset.value);
    if (typeof value === 'bigint') return value;
    addIssue({ message: `"${shorten(dataset.value)}" ${value}` });
    return NEVER;
  }),
);

/** A plain whole number from `low` to `high`. */
export function whole(low: number, high: number): Schema<number> {
  const message = expected(`a whole number from ${low} to ${high}`);
  return v.pipe(v.number(message), v.integer(message), v.minValue(low, message), v.maxValue(high, message));
}

/** A byte: shifts, types, compression modes. */
export const byte: Schema<number> = whole(0, 255);

/** A whole number that may be written plainly or as hexadecimal text: `kind` and the `size` of `join`. */
export function either(low: number, high: number): Schema<number> {
  return v.pipe(
    v.unknown(),
    v.rawTransform<unknown, number>(({ dataset, addIssue, NEVER }) => {
      const text: unknown = dataset.value;
      const value = typeof text === 'string' ? Number(parseHex(text)) : text;
      if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
      const received = shorten(JSON.stringify(text));
      addIssue({ message: `expected a whole number from ${low} to ${high}, or that in hexadecimal, got ${received}` });
      return NEVER;
    }),
  );
}

/** A flag: `true` or `false`, or 1 or 0. */
export const flag: Schema<boolean> = v.pipe(
  v.picklist([true, false, 1, 0] as unknown as string[], expected('true or false')),
  v.transform((value) => Boolean(value)),
);

/** An id or another name. */
export const name: Schema<string> = v.string(expected('a string'));

/** One word out of a list. */
export function word<const T extends string>(...words: readonly T[]): Schema<T> {
  return v.picklist(words, expected(words.map((w) => `"${w}"`).join(' or ')));
}

/** A pair of 64-bit quantities. */
export const pair: Schema<[bigint, bigint]> = v.strictTuple([u64, u64], expected('a pair ["0x…","0x…"]'));

/** A list. */
export function list<T>(item: Schema<T>): Schema<T[]> {
  return v.array(item, expected('a list'));
}

/** An array of fixed length, described by `what`. */
export function tuple<const T extends [Schema<unknown>, ...Schema<unknown>[]]>(
  what: string,
  ...items: T
): Schema<{ -readonly [K in keyof T]: v.InferOutput<T[K]> }> {
  const schema: v.GenericSchema = v.strictTuple(items, expected(what));
  return schema as Schema<{ -readonly [K in keyof T]: v.InferOutput<T[K]> }>;
}
