/** Exit codes of the program. */
export const EXIT = { fine: 0, no: 1, usage: 2 } as const;

/** Ends the program with one line on standard error and an exit code. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: number;

  constructor(message: string, code: number = EXIT.usage, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What to say about something that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : JSON.stringify(error);
}
