// What the README of the root says, in a fresh clone.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { commands, findBlocks } from '../code-blocks.js';
import { fromRoot, readText } from '../packages.js';
import { runAsStranger } from './strangers.js';

const folder = mkdtempSync(join(tmpdir(), 'nvmmu-clone-'));
const clone = join(folder, 'nvmmu');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The command of a document that begins so. */
function command(path: string, start: RegExp): string {
  const lines = findBlocks(path, readText(path)).flatMap(commands);
  return lines.find((line) => start.test(line)) ?? `${path} has no such command`;
}

test('one command sets up, builds and shows the demo', () => {
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', fromRoot('./'), clone], { stdio: 'pipe' });
  const printed = runAsStranger('bash', ['-c', command('README.md', /^npx .* demo\b/)], clone);
  expect(printed).toContain('29 operations, 1 refused');
  expect(execFileSync('git', ['status', '--porcelain'], { cwd: clone, encoding: 'utf8' })).toBe('');
});

test('the command in the README of the viewer makes a folder of static files', () => {
  runAsStranger('bash', ['-c', command('apps/viewer/README.md', /^npx .* build\b/)], clone);
  expect(existsSync(join(clone, 'apps/viewer/dist/index.html'))).toBe(true);
});
