// The packages that are published, and how tools start pnpm.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What tools read of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly packageManager?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly exports?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** One package that is published. */
export interface Published {
  /** Name without the scope. */
  readonly short: string;
  /** Path from the root, with a slash at the end: `packages/rbtree/`. */
  readonly path: string;
  /** The same as an absolute path. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Whether it can be imported; the command line tool can not. */
  readonly isLibrary: boolean;
}

/** The root of the repository. */
export const ROOT: URL = new URL('../', import.meta.url);

/** Absolute path of something, given from the root. */
export function fromRoot(path: string): string {
  return fileURLToPath(new URL(path, ROOT));
}

/** Text of a file, given from the root. */
export function readText(path: string): string {
  return readFileSync(fromRoot(path), 'utf8');
}

/** The package.json in a folder, given from the root with a slash at the end. */
export function manifest(path: string): Manifest {
  return JSON.parse(readText(`${path}package.json`)) as Manifest;
}

/** The packages that are published, libraries first, by name. */
export function published(): readonly Published[] {
  return ['packages', 'apps']
    .flatMap((group) =>
      readdirSync(fromRoot(group))
        .filter((name) => name !== 'node_modules')
        .sort()
        .map((name) => {
          const path = `${group}/${name}/`;
          const own = manifest(path);
          const isLibrary = own.exports !== undefined && '.' in (own.exports as object);
          return { short: name, path, folder: fromRoot(path), manifest: own, isLibrary };
        }),
    )
    .filter((one) => one.manifest.private !== true);
}

/** Program and first arguments that start the pinned pnpm, whether this process was started by it or not. */
export function pnpmCommand(): readonly [program: string, ...args: string[]] {
  const started = process.env['npm_execpath'];
  return started?.includes('pnpm') ? [process.execPath, started] : ['npx', '-y', String(manifest('./').packageManager)];
}

/** Runs the pinned pnpm; returns what it prints. */
export function pnpm(args: readonly string[], cwd: string = fromRoot('./')): string {
  const [program, ...first] = pnpmCommand();
  return execFileSync(program, [...first, ...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
