import {
  compareLines,
  formatResult,
  readScript,
  ScriptRunner,
  type ByteSource,
  type Difference,
  type RunnerOptions,
} from '@nvmmu/script';

/**
 * Something that runs scripts: it takes the text of one and yields its result lines in order. What it throws ends the
 * check of that script.
 */
export type Implementation = (script: ByteSource) => AsyncIterable<string> | Iterable<string>;

/** The simulator of this project as an implementation, for any set of chips. */
export function simulator(options: RunnerOptions = {}): Implementation {
  return async function* (script) {
    const runner = new ScriptRunner(options);
    for await (const operation of readScript(script)) yield formatResult(runner.step(operation));
  };
}

/** The first operation whose result is not the recorded one. */
export interface Mismatch {
  /** Number of the operation, from 0. */
  readonly index: number;
  /** Its name, where it is known. */
  readonly op: string | undefined;
  /** Where the results differ, the most telling first. */
  readonly differences: readonly Difference[];
}

/** What came of checking one script. */
export interface Outcome {
  /** Results that were compared. */
  readonly operations: number;
  /** The first that differs. */
  readonly mismatch: Mismatch | undefined;
  /** What the implementation, or reading the recorded results, threw. */
  readonly error: unknown;
}

/** Whether everything was as recorded. */
export function isPassed(outcome: Outcome): boolean {
  return outcome.mismatch === undefined && outcome.error === undefined;
}

function nameOf(...lines: (string | undefined)[]): string | undefined {
  for (const line of lines) {
    if (line === undefined) continue;
    try {
      const { op } = JSON.parse(line) as { op?: unknown };
      if (typeof op === 'string') return op;
    } catch {
      // Not JSON: the difference says so.
    }
  }
  return undefined;
}

function compare(expected: string | undefined, got: string | undefined): readonly Difference[] {
  if (expected === undefined || got === undefined) return [{ field: 'result', expected, got }];
  try {
    return compareLines(expected, got);
  } catch {
    return [{ field: 'result', expected, got }];
  }
}

async function* each(source: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string, void, undefined> {
  yield* source;
}

/**
 * Compares result lines with the recorded ones up to the first that differs. `onOperation` is called after each result
 * that is as recorded.
 */
export async function checkResults(
  results: AsyncIterable<string> | Iterable<string>,
  recorded: AsyncIterable<string> | Iterable<string>,
  onOperation?: (index: number) => void,
): Promise<Outcome> {
  const got = each(results);
  const expected = each(recorded);
  let index = 0;
  try {
    for (;;) {
      const [a, b] = [await expected.next(), await got.next()];
      if (a.done === true && b.done === true) return { operations: index, mismatch: undefined, error: undefined };
      const [wanted, given] = [a.done === true ? undefined : a.value, b.done === true ? undefined : b.value];
      const differences = compare(wanted, given);
      if (differences.length > 0) {
        const mismatch = { index, op: nameOf(wanted, given), differences };
        return { operations: index + 1, mismatch, error: undefined };
      }
      onOperation?.(index);
      index++;
    }
  } catch (error) {
    return { operations: index, mismatch: undefined, error };
  } finally {
    await got.return();
    await expected.return();
  }
}
