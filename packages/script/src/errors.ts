/** Where in a script a mistake is. */
export interface ScriptLocation {
  /** Line number, from 1. */
  readonly line: number;
  /** Name of the operation, where the line has one. */
  readonly op?: string | undefined;
  /** The id that the mistake is about, where there is one. */
  readonly id?: string | undefined;
}

/**
 * A mistake in a script: it can't be read, or it refers to something that does not exist. Never the outcome of a
 * well-formed operation, which is a result with a negative `ret`. The message starts with the line.
 */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  /** Line number, from 1. */
  readonly line: number;
  /** Name of the operation, where the line has one. */
  readonly op: string | undefined;
  /** The id that the mistake is about, where there is one. */
  readonly id: string | undefined;
  /** What is wrong, without the location in front of it. */
  readonly reason: string;

  constructor(where: ScriptLocation, reason: string, options?: ErrorOptions) {
    const op = where.op === undefined ? '' : `op "${where.op}": `;
    super(`line ${where.line}: ${op}${reason}`, options);
    this.line = where.line;
    this.op = where.op;
    this.id = where.id;
    this.reason = reason;
  }
}
