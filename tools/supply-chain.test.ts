// What keeps strangers' code out of an installation: lockfiles, scripts of dependencies, pinned actions.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fromRoot, manifest, pnpm, readText } from './packages.js';

/** Folders with a pnpm workspace of their own, the root among them. */
const workspaces = ['./', ...readdirSync(fromRoot('tools')).map((name) => `tools/${name}/`)].filter((folder) =>
  existsSync(fromRoot(`${folder}pnpm-workspace.yaml`)),
);

test('there is more than one workspace', () => {
  expect(workspaces.length).toBeGreaterThan(2);
});

test.each(workspaces)('the lockfile of %s holds hashes, and no address of a registry', (folder) => {
  const lock = readText(`${folder}pnpm-lock.yaml`);
  expect(lock).not.toMatch(/https?:/);
  const packages = /^packages:\n(.*?)^snapshots:/ms.exec(lock)?.[1] ?? '';
  const names = packages.match(/^ {2}\S.*:$/gm) ?? [];
  expect(names.length).toBeGreaterThan(50);
  expect(packages.match(/^ {4}resolution: \{integrity: sha512-/gm)?.length).toBe(names.length);
});

/** Tools that are installed with npm, for those who want them. */
const apart = readdirSync(fromRoot('tools')).filter((name) => existsSync(fromRoot(`tools/${name}/package-lock.json`)));

test.each(apart)('the lockfile of tools/%s holds hashes, and no address of a registry', (name) => {
  const { packages } = JSON.parse(readText(`tools/${name}/package-lock.json`)) as {
    readonly packages: Readonly<Record<string, { readonly integrity?: string; readonly resolved?: string }>>;
  };
  for (const [path, { integrity, resolved }] of Object.entries(packages)) {
    if (path !== '') expect([path, integrity?.startsWith('sha512-')]).toEqual([path, true]);
    expect([path, resolved]).toEqual([path, undefined]);
  }
});

test.each(workspaces)('no dependency of %s may run a script when it is installed', (folder) => {
  expect(readText(`${folder}pnpm-workspace.yaml`)).toMatch(/^onlyBuiltDependencies: \[\]$/m);
  // These would let them, or some.
  const settings = `${readText(`${folder}pnpm-workspace.yaml`)}${JSON.stringify(manifest(folder))}`;
  expect(settings).not.toMatch(/dangerouslyAllowAllBuilds|neverBuiltDependencies|allowBuilds/);
});

test('a script of a dependency does not run', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'nvmmu-scripts-'));
  try {
    const canary = join(folder, 'canary');
    mkdirSync(canary);
    const script = `node -e "require('fs').writeFileSync('${join(folder, 'sang')}', '')"`;
    writeFileSync(
      join(canary, 'package.json'),
      JSON.stringify({ name: 'canary', version: '1.0.0', scripts: { install: script, postinstall: script } }),
    );
    pnpm(['pack', '--pack-destination', folder], canary);
    const home = join(folder, 'home');
    mkdirSync(home);
    writeFileSync(join(home, 'package.json'), JSON.stringify({ private: true }));
    const install = (settings: string): boolean => {
      for (const old of ['node_modules', 'pnpm-lock.yaml']) rmSync(join(home, old), { recursive: true, force: true });
      writeFileSync(join(home, 'pnpm-workspace.yaml'), settings);
      pnpm(['add', '--offline', join(folder, 'canary-1.0.0.tgz')], home);
      return existsSync(join(folder, 'sang'));
    };
    // With the settings of the root, but for its packages.
    expect(install(readText('pnpm-workspace.yaml').replace(/^packages:\n(?: {2}-.*\n)+/m, 'packages: []\n'))).toBe(
      false,
    );
    // And the canary can sing.
    expect(install('packages: []\ndangerouslyAllowAllBuilds: true\n')).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const workflows = readdirSync(fromRoot('.github/workflows'));

test.each(workflows)('actions in %s are pinned by the hash of a commit, with the version beside it', (name) => {
  const text = readFileSync(fromRoot(`.github/workflows/${name}`), 'utf8');
  const used = [...text.matchAll(/^ *-? *uses: *(.*)$/gm)].map((match) => match[1] ?? '');
  expect(used.length).toBeGreaterThan(0);
  for (const action of used) expect(action).toMatch(/^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test.each(workflows)('%s begins without the right to write', (name) => {
  const text = readFileSync(fromRoot(`.github/workflows/${name}`), 'utf8');
  expect(text).toMatch(/^permissions:\n {2}contents: read\n\n/m);
});

test.each(workflows)('%s starts the pinned pnpm', (name) => {
  const text = readFileSync(fromRoot(`.github/workflows/${name}`), 'utf8');
  for (const [used] of text.matchAll(/pnpm@[\w.]+/g)) expect(used).toBe(manifest('./').packageManager);
  expect(text).not.toMatch(/npx (-y )?pnpm(?!@)/);
});
