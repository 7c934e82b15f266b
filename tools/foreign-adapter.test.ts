// The transcripts of examples/foreign-adapter, with a C compiler where there is one.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fromRoot, readText } from './packages.js';

const folder = mkdtempSync(join(tmpdir(), 'nvmmu-adapter-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const [own = '', c = ''] = [...readText('examples/foreign-adapter/README.md').matchAll(/```console\n(.*?)```/gs)].map(
  (match) => match[1] ?? '',
);

function check(...args: string[]): { readonly status: number | null; readonly lines: string[]; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [fromRoot('packages/conformance/bin/nvmmu-conformance.mjs'), ...args],
    {
      cwd: fromRoot('examples/foreign-adapter'),
      encoding: 'utf8',
    },
  );
  return { status, lines: stdout.trimEnd().split('\n'), said: stderr };
}

describe('examples/foreign-adapter', { timeout: 120_000 }, () => {
  test('passes what passes, as its README shows', () => {
    const { status, lines } = check('--chip', 'gk20a', '--family', 'handed', process.execPath, 'adapter.mjs');
    expect(`$ npx nvmmu-conformance --chip gk20a --family handed node adapter.mjs\n${lines.join('\n')}\n`).toBe(own);
    expect(status).toBe(0);
  });

  test('shows where the start of one in C fails, as its README shows', ({ skip }) => {
    if (spawnSync('cc', ['--version']).status !== 0) skip('there is no C compiler');
    const program = join(folder, 'adapter');
    const source = fromRoot('examples/foreign-adapter/adapter.c');
    execFileSync('cc', ['-std=c11', '-Wall', '-Wextra', '-Werror', '-o', program, source]);
    const { status, lines } = check('--chip', 'gp100', '--family', 'handed', program);
    expect(lines.slice(-2)).toEqual(c.trimEnd().split('\n').slice(-2));
    expect(status).toBe(1);
  });

  test.each([
    [['/nonexistent'], /ENOENT/],
    [[process.execPath, '-e', ''], /went away/],
    [[process.execPath, '-e', 'console.log("hi")'], /not JSON: hi/],
    [[], /usage/],
    [['--chip', 'gp999', 'x'], /no vectors for the chip "gp999"/],
    [['--colour', 'x'], /Unknown option '--colour'/],
    [['--patience', '0', 'x'], /0 is no number of seconds/],
    [['--patience', '0.2', process.execPath, '-e', 'setTimeout(() => {}, 60000)'], /no answer in 0.2 s/],
    [['--chip', 'gk20a', '--only', 'nothing', process.execPath, 'adapter.mjs'], /no vector was run/],
  ])('says what is wrong with a program: %j', (args, message) => {
    const { status, said } = check(...args);
    expect(said).toMatch(message);
    expect(status).toBe(2);
  });
});
