// A whole release: versions, publishing to a registry on this machine, and then what a stranger does with each package.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build as esbuild } from 'esbuild';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fromRoot, type Manifest, pnpm, published, readText } from '../packages.js';
import { commands, findBlocks } from '../code-blocks.js';
import { checkTypes, findExamples, run } from '../readme-examples.js';
import { hasBrowser, titleOf } from './browser.js';
import { type Checkout, checkOut, dependants, weight } from './checkout.js';
import { type Registry, startRegistry } from './registry.js';
import { runAsStranger, strangersFolder } from './strangers.js';

const folder = mkdtempSync(join(tmpdir(), 'nvmmu-rehearsal-'));
let registry: Registry;
let checkout: Checkout;

beforeAll(async () => {
  registry = await startRegistry(join(folder, 'registry'));
  checkout = checkOut(join(folder, 'checkout'));
});
afterAll(async () => {
  await registry.stop();
  rmSync(folder, { recursive: true, force: true });
});

const packages = published();
const libraries = packages.filter((one) => one.isLibrary);

interface Versions {
  readonly 'dist-tags': { readonly latest: string };
  readonly versions: Readonly<Record<string, Manifest>>;
}

/** What the registry knows about a package. */
async function known(short: string): Promise<Versions> {
  const ask = (): Promise<Response> => fetch(`${registry.url}@nvmmu%2f${short}`);
  // A connection from before a long command is gone, which the first question finds out.
  return (await (await ask().catch(ask)).json()) as Versions;
}

const stranger = (name: string, manifest = true): string =>
  strangersFolder(join(folder, 'strangers', name), registry.npmrc, manifest);

/** What the README of a package says to install. */
function wanted(path: string): string[] {
  const line = /^npm install (?:-g )?(.+)$/m.exec(readText(`${path}README.md`));
  return line?.[1]?.split(' ') ?? [];
}

const npm = (args: readonly string[], cwd: string): string => runAsStranger('npm', args, cwd);

/** The first block of a document in a language. */
function block(path: string, language: string): string {
  return findBlocks(path, readText(path)).find((one) => one.language === language)?.code ?? '';
}

describe('a release', () => {
  test('gives each package with a change a version and a changelog', () => {
    const before = checkout.versions();
    for (const { short } of packages) checkout.addChange({ [short]: 'minor' }, `Says hello from ${short}.`);
    checkout.version();
    const after = checkout.versions();
    for (const { short, path } of packages) {
      expect([short, after[short]]).not.toEqual([short, before[short]]);
      const changelog = checkout.read(`${path}CHANGELOG.md`);
      expect(changelog).toContain(`## ${after[short]}`);
      // The line as it was written, for people: no hash of a commit in front of it.
      expect(changelog).toContain(`\n- Says hello from ${short}.\n`);
    }
  });

  test('publishes them', async () => {
    const tags = checkout.publish(registry.publisher);
    const versions = checkout.versions();
    expect(tags.sort()).toEqual(packages.map(({ short }) => `@nvmmu/${short}@${versions[short]}`).sort());
    for (const { short } of packages) {
      const { 'dist-tags': latest, versions: all } = await known(short);
      expect([short, latest.latest]).toEqual([short, versions[short]]);
      const needs = Object.entries(all[latest.latest]?.dependencies ?? {}).filter(([name]) =>
        name.startsWith('@nvmmu/'),
      );
      for (const [name, range] of needs) expect([name, range]).toEqual([name, `^${versions[name.slice(7)]}`]);
    }
  });

  test('does nothing where there is no change', () => {
    expect(checkout.publish(registry.publisher)).toEqual([]);
  });

  test.each([
    ['backends-gf100', 'patch'],
    ['faults', 'minor'],
  ] as const)('after a change of %s bumps it and what depends on it, nothing else', async (short, bump) => {
    const before = checkout.versions();
    checkout.addChange({ [short]: bump }, `Changes ${short} alone.`);
    checkout.version();
    const after = checkout.versions();
    const bumped = Object.keys(after).filter((name) => after[name] !== before[name]);
    expect(bumped.sort()).toEqual(dependants([short]));
    expect(bumped.length).toBeLessThan(packages.length);
    const tags = checkout.publish(registry.publisher);
    expect(tags.sort()).toEqual(bumped.map((name) => `@nvmmu/${name}@${after[name]}`).sort());
    for (const name of bumped) expect((await known(name))['dist-tags'].latest).toBe(after[name]);
    const [dependant] = bumped.filter((name) => name !== short);
    const path = packages.find((one) => one.short === dependant)?.path ?? '';
    expect(checkout.read(`${path}CHANGELOG.md`)).toContain(`- Needs \`@nvmmu/${short}\` ${after[short]}.\n`);
  });
});

describe.each(libraries)('a stranger installs $manifest.name', ({ short, path, manifest }) => {
  const examples = findExamples(readText(`${path}README.md`));
  const typeRoots = [fromRoot('node_modules/@types')];
  const runAll = (home: string): void => {
    for (const example of examples) {
      const printed = run(example, home);
      // A long text is shown in a block of its own, which the tests of the package check.
      if (example.expected.length > 0) expect(printed).toEqual(example.expected);
      else expect(printed.length).toBeGreaterThan(0);
    }
  };

  test.skipIf(wanted(path).length === 1)('alone, with npm, and imports it', () => {
    const home = stranger(`npm-alone-${short}`);
    npm(['install', manifest.name], home);
    const code = `import * as all from '${manifest.name}'; console.log(Object.keys(all).length > 0);`;
    expect(run({ code, line: 1, expected: [] }, home)).toEqual(['true']);
  });

  test('as its README says, with npm, and the examples have types and print what they say', () => {
    const home = stranger(`npm-${short}`);
    expect(wanted(path)).toContain(manifest.name);
    npm(['install', ...wanted(path)], home);
    const strict = { strict: true, skipLibCheck: false, typeRoots };
    expect(checkTypes(examples, `${home}/`, strict)).toEqual([]);
    const bundler = { ...strict, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
    expect(checkTypes(examples, `${home}/`, bundler)).toEqual([]);
    runAll(home);
  });

  test('has types that stand on their own, with the libraries of 2022 and no types of Node', () => {
    const home = join(folder, 'strangers', `npm-${short}`);
    const code = `import * as all from '${manifest.name}';\nconsole.log(Object.keys(all));\n`;
    const lib = ['lib.es2022.d.ts', 'lib.dom.d.ts'];
    const options = { strict: true, skipLibCheck: false, target: ts.ScriptTarget.ES2022, lib, types: [] };
    for (const [module, moduleResolution] of [
      [ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
      [ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
    ] as const)
      expect(
        checkTypes([{ code, line: 1, expected: [] }], `${home}/`, { ...options, module, moduleResolution }),
      ).toEqual([]);
  });

  test('as its README says, with pnpm, and the examples print what they say', () => {
    const home = stranger(`pnpm-${short}`);
    writeFileSync(join(home, 'pnpm-workspace.yaml'), 'packages: []\n');
    pnpm(['add', ...wanted(path)], home);
    runAll(home);
  });
});

describe('a stranger builds a page', () => {
  const program = `
    import { gp100 } from '@nvmmu/backends-gp100';
    import { packages } from './more.js';
    import { MemoryObject, Mmu } from '@nvmmu/vmm-core';
    const space = new Mmu(gp100).createSpace();
    const addr = space.get(0x10000n, { page: 16 });
    space.map(addr, MemoryObject.video([[0x12340000n, 0x10000n]], { page: 16 }));
    document.title = ['0x' + addr.toString(16), typeof Buffer, packages].join(' ');
  `;
  const more = libraries.map(
    ({ short, manifest }) => `import * as ${short.replaceAll('-', '_')} from '${manifest.name}';`,
  );
  const count = `export const packages = [${libraries.map(({ short }) => short.replaceAll('-', '_')).join(', ')}].length;`;
  const expected = `0x0 undefined ${libraries.length}`;
  let home: string;

  beforeAll(() => {
    home = stranger('page');
    npm(['install', ...libraries.map(({ manifest }) => manifest.name)], home);
    writeFileSync(join(home, 'main.js'), program);
    writeFileSync(join(home, 'more.js'), [...more, count].join('\n'));
    writeFileSync(
      join(home, 'index.html'),
      '<!doctype html><title>…</title><script type="module" src="./main.js"></script>',
    );
  });

  test.runIf(process.env['REQUIRE_CHROMIUM'])('there is a browser', () => {
    expect(hasBrowser()).toBe(true);
  });

  test('with esbuild, and it works in Chromium', async ({ skip }) => {
    const site = join(home, 'with-esbuild');
    await esbuild({
      absWorkingDir: home,
      entryPoints: ['main.js'],
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      outdir: site,
      logLevel: 'silent',
    });
    writeFileSync(join(site, 'index.html'), readFileSync(join(home, 'index.html')));
    if (!hasBrowser()) skip('there is no Chromium');
    expect(await titleOf(site)).toBe(expected);
  });

  test('with Vite, and it works in Chromium', async ({ skip }) => {
    const vite = fromRoot('apps/viewer/node_modules/vite/bin/vite.js');
    execFileSync(process.execPath, [vite, 'build', '--outDir', 'with-vite', '--logLevel', 'warn'], {
      cwd: home,
      stdio: 'pipe',
    });
    if (!hasBrowser()) skip('there is no Chromium');
    expect(await titleOf(join(home, 'with-vite'))).toBe(expected);
  });
});

describe('a stranger takes the command line tool', () => {
  test('with npx, without installing it', () => {
    const home = stranger('npx');
    expect(npm(['exec', '--yes', '--', '@nvmmu/trace', '--version'], home).trim()).toBe(checkout.versions()['trace']);
  });

  test('with npm, and it weighs no more than its limit', () => {
    const home = stranger('tool');
    npm(['install', '@nvmmu/trace'], home);
    expect(npm(['exec', '--', 'nvmmu-trace', '--version'], home).trim()).toBe(checkout.versions()['trace']);
    // What its README has the reader save, and what it shows then.
    writeFileSync(join(home, 'two-sizes.vmm.jsonl'), block('apps/trace/README.md', 'jsonl'));
    const [command = '', ...shown] = block('apps/trace/README.md', 'console').split('\n');
    const out = npm(['exec', '--', ...command.slice('$ '.length).split(' ')], home);
    expect(out.replaceAll(/ +$/gm, '')).toBe(shown.join('\n'));
    const bytes = weight(join(home, 'node_modules'));
    console.log(`@nvmmu/trace: ${(bytes / 1e6).toFixed(1)} MB installed, with all it needs`);
    const limits = JSON.parse(readText('tools/size-limits.json')) as { trace: { installed: number } };
    expect(bytes).toBeLessThanOrEqual(limits.trace.installed);
  });
});

test('a stranger checks an implementation in another language, without installing what checks it', () => {
  const home = stranger('implementation');
  npm(['install', '@nvmmu/conformance', '@nvmmu/script'], home);
  cpSync(fromRoot('examples/foreign-adapter/adapter.mjs'), join(home, 'adapter.mjs'));
  const elsewhere = stranger('checker');
  const run = ['exec', '--yes', '--', '@nvmmu/conformance', '--chip', 'gk20a', '--family', 'handed'];
  const printed = npm([...run, process.execPath, join(home, 'adapter.mjs')], elsewhere);
  expect(printed).toBe('@nvmmu/script: 13 passed, 0 failed, 0 declined\n');
});

describe('a stranger follows a tutorial', () => {
  test('a first address space', () => {
    const path = 'docs/tutorials/first-address-space.md';
    const home = stranger('first-address-space', false);
    for (const line of commands({ path, line: 0, language: 'sh', code: block(path, 'sh') }))
      runAsStranger('bash', ['-c', line], home);
    const examples = findExamples(readText(path));
    expect(examples.length).toBeGreaterThan(1);
    for (const example of examples) expect(run(example, home)).toEqual(example.expected);
  });

  test('a first script, with the tool installed for all', () => {
    const path = 'docs/tutorials/first-script.md';
    const home = stranger('first-script', false);
    expect(block(path, 'sh').trim()).toBe(`npm install -g ${wanted('apps/trace/').join(' ')}`);
    const prefix = join(home, 'global');
    npm(['install', '--prefix', prefix, `--@nvmmu:registry=${registry.url}`, '-g', '@nvmmu/trace'], home);
    writeFileSync(join(home, 'first.vmm.jsonl'), block(path, 'jsonl'));
    const [, ...shown] = block(path, 'console').split('\n');
    const printed = runAsStranger(join(prefix, 'bin/nvmmu-trace'), ['run', 'first.vmm.jsonl'], home);
    expect(printed.replaceAll(/ +$/gm, '')).toBe(shown.join('\n'));
  });
});
