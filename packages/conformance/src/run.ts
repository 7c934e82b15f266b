import type { Vector } from './bundle.js';
import { checkResults, isPassed, type Implementation, type Outcome } from './check.js';

/** Counts of a run. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  /** Vectors that an exemption covers, and that were not run. */
  readonly exempt: number;
}

/** Why an implementation is not held to some vectors. */
export interface Exemption {
  /** Names of the vectors: `raw/delayed-put.gp100`. */
  readonly vectors: readonly string[];
  readonly reason: string;
}

/** Options of {@link runVectors}. */
export interface RunOptions {
  /** Which vectors to run; all by default. */
  readonly only?: (vector: Vector) => boolean;
  /** Vectors that are left out, with reasons. */
  readonly exemptions?: readonly Exemption[];
  /** Called with each vector and what came of it. */
  readonly onResult?: (vector: Vector, outcome: Outcome) => void;
}

/** Runs one vector on an implementation. */
export function runVector(vector: Vector, implementation: Implementation): Promise<Outcome> {
  return checkResults(implementation([`${vector.script.join('\n')}\n`]), vector.results);
}

/** Runs vectors on an implementation, one after the other, and counts. */
export async function runVectors(
  vectors: AsyncIterable<Vector> | Iterable<Vector>,
  implementation: Implementation,
  options: RunOptions = {},
): Promise<Summary> {
  const exempted = new Set(options.exemptions?.flatMap((exemption) => exemption.vectors));
  let passed = 0;
  let failed = 0;
  let exempt = 0;
  for await (const vector of vectors) {
    if (options.only !== undefined && !options.only(vector)) continue;
    if (exempted.has(vector.name)) {
      exempt++;
      continue;
    }
    const outcome = await runVector(vector, implementation);
    if (isPassed(outcome)) passed++;
    else failed++;
    options.onResult?.(vector, outcome);
  }
  return { passed, failed, exempt };
}
