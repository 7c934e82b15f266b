import { createProgram } from '../dist/program.js';

/** What a run left on standard output. */
export interface InProcessRun {
  readonly code: number;
  readonly stdout: string;
}

/** Runs the built program without a process of its own: for tests that run it thousands of times. */
export async function traceInProcess(args: readonly string[]): Promise<InProcessRun> {
  const { stdout } = process;
  const { write } = stdout;
  const before = process.exitCode;
  let text = '';
  stdout.setMaxListeners(0);
  stdout.write = (chunk: string | Uint8Array): boolean => {
    text += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk);
    return true;
  };
  try {
    process.exitCode = 0;
    const program = createProgram();
    program.exitOverride();
    for (const command of program.commands) command.exitOverride();
    await program.parseAsync([...args], { from: 'user' });
    return { code: process.exitCode, stdout: text };
  } finally {
    stdout.write = write;
    process.exitCode = before;
  }
}
