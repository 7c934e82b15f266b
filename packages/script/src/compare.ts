/** Where two results of one operation differ. Values are compact JSON; `undefined` stands for a key that is missing. */
export interface Difference {
  /** The key, with an index where it is one item of a list: `log[3]`. */
  readonly field: string;
  readonly expected: string | undefined;
  readonly got: string | undefined;
}

/** The order in which differences matter: what came out, before how. */
const ORDER = ['i', 'op', 'ret', 'addr', 'pfns', 'vmas', 'log', 'logN', 'logSha', 'ev', 'evN', 'evSha', 'mem'];

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const json = (value: unknown): string | undefined => (value === undefined ? undefined : JSON.stringify(value));

function firstItem(field: string, expected: readonly unknown[], got: readonly unknown[]): Difference | undefined {
  const count = Math.max(expected.length, got.length);
  for (let i = 0; i < count; i++) {
    const a = json(expected[i]);
    const b = json(got[i]);
    if (a !== b) return { field: `${field}[${i}]`, expected: a, got: b };
  }
  return undefined;
}

/**
 * Compares a recorded result with one that was got, key by key; their order and spaces don't count.
 *
 * @returns Every key that differs, the most telling first; for lists the first item that does.
 */
export function compareResults(expected: unknown, got: unknown): Difference[] {
  if (!isRecord(expected) || !isRecord(got)) {
    const a = json(expected);
    const b = json(got);
    return a === b ? [] : [{ field: 'result', expected: a, got: b }];
  }
  const keys = [...new Set([...ORDER, ...Object.keys(expected), ...Object.keys(got)])];
  const differences: Difference[] = [];
  for (const key of keys) {
    const a = expected[key];
    const b = got[key];
    if (Array.isArray(a) && Array.isArray(b)) {
      const difference = firstItem(key, a, b);
      if (difference !== undefined) differences.push(difference);
    } else if (json(a) !== json(b)) {
      differences.push({ field: key, expected: json(a), got: json(b) });
    }
  }
  return differences;
}

/** As {@link compareResults}, for result lines; equal text is equal without being parsed. */
export function compareLines(expected: string, got: string): Difference[] {
  if (expected === got) return [];
  return compareResults(JSON.parse(expected), JSON.parse(got));
}
