import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { writeCliDocs } from '../dist/cli-docs.js';
import { trace } from './program.js';

describe('completion', () => {
  test.each(['bash', 'zsh', 'fish'])('for %s is a script that asks the program', async (shell) => {
    const { code, stdout } = await trace(['complete', shell]);
    expect(code).toBe(0);
    expect(stdout).toContain('nvmmu-trace complete --');
  });

  test('knows commands, options, and what options take', async () => {
    const ask = async (...words: string[]): Promise<string[]> =>
      (await trace(['complete', '--', ...words])).stdout.split('\n').map((line) => line.split('\t')[0] ?? '');
    expect(await ask('di')).toContain('diff');
    expect(await ask('gen', '--prof')).toContain('--profile');
    expect(await ask('gen', '--profile', 'sp')).toContain('sparse');
    expect(await ask('run', '--chip', 'tu')).toContain('tu102');
  });

  test('leaves files to the shell where a file goes', async () => {
    const last = async (...words: string[]): Promise<string | undefined> =>
      (await trace(['complete', '--', ...words])).stdout.trim().split('\n').at(-1);
    expect(await last('run', '')).toBe(':0');
    expect(await last('run', 'x.vmm', '--perfetto', '')).toBe(':0');
    expect(await last('gen', '--profile', '')).toBe(':4');
  });

  test('for another shell is wrong usage', async () => {
    const { code, stderr } = await trace(['complete', 'tcsh']);
    expect(stderr).toMatch(/zsh, bash, fish/);
    expect(code).toBe(2);
  });
});

test('docs/cli.md is what the commands say of themselves', () => {
  const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
  expect(page, 'build, then run: node apps/trace/scripts/cli-docs.mjs').toBe(writeCliDocs());
});
