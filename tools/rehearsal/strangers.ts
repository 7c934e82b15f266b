// People who know the registry, or an address to clone from, and nothing of the repository.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The environment of somebody else: what started this is none of their business. */
export function strangersEnvironment(): NodeJS.ProcessEnv {
  const foreign =
    /^(?:npm_(?:config_(?!cache)|package|lifecycle|exec|node_execpath|command)|INIT_CWD$|VITEST|NODE_ENV$|PNPM_)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !foreign.test(key)));
}

/** Runs a program as a stranger; returns what it prints. */
export function runAsStranger(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, [...args], {
    cwd,
    env: { ...strangersEnvironment(), NO_COLOR: '1', FORCE_COLOR: '0' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 2 ** 26,
  });
}

/** An empty folder whose owner knows the registry. With a package.json of a module, unless the stranger is to make one. */
export function strangersFolder(home: string, npmrc: string, manifest = true): string {
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, '.npmrc'), npmrc);
  if (manifest)
    writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'stranger', private: true, type: 'module' }));
  return home;
}
