import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

/** What a run of the program left. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run the program. */
export interface RunSetup {
  /** Standard input; empty by default. */
  readonly input?: string | Iterable<Uint8Array>;
  /** Bytes of standard output after which nobody reads any more. */
  readonly closeAfter?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Folder to run in. */
  readonly cwd?: string;
}

/** Runs the built program. */
export function trace(args: readonly string[], setup: RunSetup = {}): Promise<Run> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, FORCE_COLOR: undefined, NO_COLOR: '1', ...setup.env };
    const child = spawn(process.execPath, [CLI, ...args], { env, cwd: setup.cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (setup.closeAfter !== undefined && stdout.length >= setup.closeAfter) child.stdout.destroy();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
    // The program may stop reading before the end.
    child.stdin.on('error', () => undefined);
    const { input = '' } = setup;
    Readable.from(typeof input === 'string' ? [input] : input).pipe(child.stdin);
  });
}

/** A folder that is gone after the test, with these files. */
export function folder(files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'nvmmu-trace-'));
  onTestFinished(() => {
    rmSync(path, { recursive: true, force: true });
  });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

export const HEADER = '{"format":"vmm-script","version":1}';

/** The text of a script from its operations, on a gp100. */
export function script(...lines: string[]): string {
  return [HEADER, '{"op":"device","chip":"gp100"}', ...lines, ''].join('\n');
}

/** A small script that maps something. */
export const SMALL: string = script(
  '{"op":"vmm","id":"v"}',
  '{"op":"mem","id":"m","target":"vram","page":16,"extents":[["0x40000000","0x20000"]]}',
  '{"op":"get","id":"a","size":"0x20000","page":16}',
  '{"op":"map","vma":"a","mem":"m","ro":true}',
);
