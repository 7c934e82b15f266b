import type { Operation } from '../operations.js';
import type { Choices } from './choices.js';
import type { ImportNote } from './session.js';

/** A script made from a log. */
export interface ImportedScript {
  readonly operations: readonly Operation[];
  readonly notes: readonly ImportNote[];
  /** Lines of the log that tell of address spaces, and those of them that the script gives again. */
  readonly lines: number;
  readonly reproduced: number;
  /** Lines that the script gives besides, which the log does not have. */
  readonly others: number;
}

/** What came of one set of decisions. */
export interface Attempt {
  readonly script: ImportedScript;
  readonly choices: Choices;
  /** Lines that come out right, less those that should not come out at all. */
  readonly score: number;
}
