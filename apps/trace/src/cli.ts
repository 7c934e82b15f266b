#!/usr/bin/env node
import { CommanderError } from 'commander';
import { ScriptError } from '@nvmmu/script';
import { EXIT, Failure } from './failure.js';
import { createProgram } from './program.js';
import { paintFor } from './style.js';

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
  const paint = paintFor(process.stderr);
  if (error instanceof Failure || error instanceof ScriptError) {
    process.stderr.write(`${paint('red', 'nvmmu-trace')}: ${error.message}\n`);
    return error instanceof Failure ? error.code : EXIT.usage;
  }
  // What nobody expected is a fault of ours: the stack helps whoever reports it.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${paint('red', 'nvmmu-trace')}: internal error, please report it\n${text}\n`);
  return EXIT.usage;
}

/** Makes every command throw instead of ending the process, so that output is written first. */
function quiet(program: ReturnType<typeof createProgram>): void {
  program.exitOverride();
  for (const command of program.commands) command.exitOverride();
}

// A reader that goes away, as `head` does, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.fine);
  throw error;
});

try {
  const program = createProgram();
  quiet(program);
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCode(error);
}
