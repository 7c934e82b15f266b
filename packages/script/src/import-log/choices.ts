import type { Evidence } from './evidence.js';

// Where a log leaves something open, the importer decides by what is likely, and notes what else it could have been. If
// lines do not come out right, other decisions are tried.

/** How something was decided that the log leaves open. */
export type Choice = Evidence | boolean;

/** A decision by its name, to be made otherwise. */
export interface Remedy {
  readonly key: string;
  readonly choice: Choice;
}

/** Something that went wrong, and what may help. */
export interface Trouble {
  readonly line: number;
  readonly remedies: readonly Remedy[];
}

/** Decisions that are given, and the troubles they lead to. */
export class Choices {
  readonly given: ReadonlyMap<string, Choice>;
  readonly troubles: Trouble[] = [];

  constructor(given: ReadonlyMap<string, Choice> = new Map()) {
    this.given = given;
  }

  /** Where the allocation of a line of the log lies, if that is given. */
  evidence(line: number): Evidence | undefined {
    const choice = this.given.get(`get ${line}`);
    return typeof choice === 'object' ? choice : undefined;
  }

  /** A decision between two. */
  is(key: string, likely: boolean): boolean {
    const choice = this.given.get(key);
    return typeof choice === 'boolean' ? choice : likely;
  }

  /** Notes that something went wrong, if there is anything to try. */
  trouble(line: number, remedies: readonly Remedy[]): void {
    if (remedies.length > 0) this.troubles.push({ line, remedies });
  }
}

/** The decision that an allocation lies somewhere else. */
export function lies(line: number, evidence: Evidence): Remedy {
  return { key: `get ${line}`, choice: evidence };
}
