// A copy of the repository in which a release can be tried: versions are written, commits made, packages published.

import { execFileSync, type ExecFileSyncOptions } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fromRoot, type Manifest, published } from '../packages.js';

/** A copy of the repository, with what was built. */
export interface Checkout {
  readonly folder: string;
  /** Adds a changeset and commits it. */
  addChange(packages: Readonly<Record<string, 'patch' | 'minor' | 'major'>>, line: string): void;
  /** Does what `pnpm release:version` does, and commits it. */
  version(): void;
  /** Does what `changeset publish` does; returns the versions that are new, as it prints them. */
  publish(env: Readonly<Record<string, string>>): string[];
  /** Versions of what is published, by name without the scope. */
  versions(): Record<string, string>;
  /** Text of a file in it. */
  read(path: string): string;
}

function run(command: string, args: readonly string[], options: ExecFileSyncOptions): string {
  return execFileSync(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'], ...options, encoding: 'utf8' });
}

/** Copies the files under version control, those that would be, and what was built. */
export function checkOut(folder: string): Checkout {
  const root = fromRoot('./');
  const listed = run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const path of listed.split('\0')) {
    if (path === '' || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path));
  }
  // Installed packages are only read, so the root's serve; the links between our own are relative and are copied.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const { path } of published()) {
    for (const built of ['dist', 'node_modules']) {
      const from = join(root, path, built);
      if (existsSync(from)) cpSync(from, join(folder, path, built), { recursive: true, verbatimSymlinks: true });
    }
  }
  const git = (...args: string[]): string =>
    run('git', ['-c', 'user.name=rehearsal', '-c', 'user.email=rehearsal@localhost', ...args], { cwd: folder });
  const commit = (subject: string): void => {
    git('add', '--all');
    git('commit', '--quiet', '--message', subject);
  };
  git('init', '--quiet', '--initial-branch=main');
  commit('Begin the rehearsal');

  const changeset = (args: readonly string[], env: Readonly<Record<string, string>> = {}): string =>
    run(process.execPath, [join(folder, 'node_modules/@changesets/cli/bin.js'), ...args], {
      cwd: folder,
      env: { ...process.env, ...env },
    });
  let changes = 0;
  return {
    folder,
    addChange(packages, line) {
      const head = Object.entries(packages).map(([name, bump]) => `'@nvmmu/${name}': ${bump}`);
      writeFileSync(
        join(folder, `.changeset/rehearsal-${++changes}.md`),
        ['---', ...head, '---', '', line, ''].join('\n'),
      );
      commit(line);
    },
    version() {
      changeset(['version']);
      commit('Release');
    },
    publish(env) {
      return [...changeset(['publish'], env).matchAll(/New tag:\s+(\S+)/g)].map((match) => match[1] ?? '');
    },
    versions() {
      return Object.fromEntries(
        published().map(({ short, path }) => {
          const { version } = JSON.parse(readFileSync(join(folder, path, 'package.json'), 'utf8')) as Manifest;
          return [short, version];
        }),
      );
    },
    read: (path) => readFileSync(join(folder, path), 'utf8'),
  };
}

/** What has to have a new version when some packages have one: they, and what depends on them. */
export function dependants(names: readonly string[]): string[] {
  const found = new Set(names);
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const { short, manifest } of published()) {
      const needs = Object.keys(manifest.dependencies ?? {});
      if (needs.some((name) => name.startsWith('@nvmmu/') && found.has(name.slice('@nvmmu/'.length)))) found.add(short);
    }
  }
  return [...found].sort();
}

/** Bytes of all files in a folder. */
export function weight(folder: string): number {
  let sum = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) sum += readFileSync(join(entry.parentPath, entry.name)).length;
  }
  return sum;
}
