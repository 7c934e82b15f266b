// Blocks for a shell and for Python are run here, document by document, in a copy of examples/ that also has the files
// which a reader would have. Of all other blocks it is seen to that some test runs them.

import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Block, commands, documents, findBlocks, isSetUp, readerOf, reads } from './code-blocks.js';
import { fromRoot, manifest, readText } from './packages.js';

const all = documents().flatMap((path) => findBlocks(path, readText(path)));

/** Documents whose commands measure for minutes to hours. Of these it is seen to that what they name is there. */
const LONG = /^(?:docs\/reliability\.md|tools\/.*)$/;

test('there are documents with blocks', () => {
  expect(all.length).toBeGreaterThan(60);
});

test('every block is run by a test', () => {
  const orphans = all.filter((block) => {
    const reader = readerOf(block);
    return reader === undefined || (reader !== 'tools/code-blocks.test.ts' && !reads(reader, block.path));
  });
  expect(orphans.map(({ path, line, language }) => `${path}:${line} ${language}`)).toEqual([]);
});

test('a block that nothing runs would be found', () => {
  const [block] = findBlocks('docs/new.md', '# New\n\n```ruby\nputs 1\n```\n');
  expect(block).toEqual({ path: 'docs/new.md', line: 4, language: 'ruby', code: 'puts 1\n' });
  expect(block && readerOf(block)).toBeUndefined();
  expect(findBlocks('x.md', '```ts fragment\nx\n```\n').map(readerOf)).toEqual([undefined]);
  expect(reads('packages/new/test/readme.test.ts', 'packages/new/README.md')).toBe(false);
});

/** Lines of a block that are run here. */
const linesOf = (block: Block): string[] =>
  block.language === 'python' ? ['python3 block.py'] : commands(block).filter((line) => !isSetUp(line));

const runnable = all.filter(
  (block) => /^(?:sh|python)$/.test(block.language) && !LONG.test(block.path) && linesOf(block).length > 0,
);
const long = all.filter(({ path, language }) => LONG.test(path) && language === 'sh');

test.each(long)('what the commands of $path, line $line, name is there', (block) => {
  let at = './';
  for (const line of commands(block)) {
    const into = /^cd (\S+)/.exec(line)?.[1];
    if (into !== undefined) at = `./${into}/`;
    for (const [word] of line.matchAll(/(?:\.\.\/|\b(?:tools|packages|apps|examples)\/)[\w./-]+/g)) {
      // What is installed first is not there yet.
      const [path = ''] = word.split('/node_modules/');
      expect([line, existsSync(join(fromRoot(at), path)) || existsSync(fromRoot(path))]).toEqual([line, true]);
    }
    const script = /pnpm(?:@[\d.]+)? (?:run )?([a-z][\w:-]*)/.exec(line)?.[1];
    if (script !== undefined) expect(Object.keys(manifest('./').scripts ?? {})).toContain(script);
  }
});

const byDocument = documents()
  .map((path) => [path, runnable.filter((block) => block.path === path)] as const)
  .filter(([, blocks]) => blocks.length > 0);

describe.each(byDocument)('%s', (path, blocks) => {
  const home = mkdtempSync(join(tmpdir(), 'nvmmu-blocks-'));
  // A document about the repository is followed at its root, one about a program in a folder of one's own.
  const cwd = blocks.some(({ code }) => code.includes('apps/trace/dist/')) ? fromRoot('./') : join(home, 'work');
  const env = {
    ...process.env,
    NO_COLOR: '1',
    FORCE_COLOR: '0',
    PATH: `${home}/bin${delimiter}${process.env['PATH']}`,
  };
  const shell = (line: string): ReturnType<typeof spawnSync> =>
    spawnSync('bash', ['-o', 'pipefail', '-c', line], { cwd, env, encoding: 'utf8' });

  beforeAll(() => {
    cpSync(fromRoot('examples'), join(home, 'work'), { recursive: true });
    mkdirSync(join(home, 'bin'));
    const program = (name: string, script: string): void => {
      writeFileSync(join(home, 'bin', name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(home, 'bin', name), 0o755);
    };
    program('nvmmu-trace', `exec "${process.execPath}" "${fromRoot('apps/trace/dist/cli.js')}" "$@"`);
    for (const name of ['dmesg', 'journalctl']) program(name, `exec cat "${join(home, 'work/kern.log')}"`);
    // What is not published yet is what is built here.
    const conformance = `exec "${process.execPath}" "${fromRoot('packages/conformance/bin/nvmmu-conformance.mjs')}" "$@"`;
    program('npx', `[ "$1" = @nvmmu/conformance ] || exit 1; shift; ${conformance}`);
    // The files that documents speak of as the reader's own.
    program(
      '../work/my-implementation',
      `exec "${process.execPath}" "${fromRoot('examples/foreign-adapter/adapter.mjs')}"`,
    );
    for (const [from, to] of [
      ['first-light.vmm.jsonl', 'case.vmm.jsonl'],
      ['use-after-unmap.log', 'kern.log'],
    ] as const)
      cpSync(join(home, 'work', from), join(home, 'work', to));
    // And those that they tell the reader to write.
    for (const [, name = '', content = ''] of readText(path).matchAll(
      /Write this as `([\w.]+)`.*?^```\w*\n(.*?)^```/gms,
    ))
      writeFileSync(join(home, 'work', name), content);
    const dumps = ['before.txt', 'after.txt'].map((name) => `nvmmu-trace run two-sizes.vmm.jsonl --dump ${name}`);
    const { status, stderr } = spawnSync('bash', ['-ec', dumps.join('\n')], { cwd: join(home, 'work'), env });
    expect({ status, said: String(stderr) }).toEqual({ status: 0, said: '' });
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test.for(blocks)('the block in line $line does what it should', { timeout: 60_000 }, (block, { skip }) => {
    if (block.language === 'python') writeFileSync(join(cwd, 'block.py'), block.code);
    for (const line of linesOf(block)) {
      for (const [, needed = ''] of line.matchAll(/(?:^|\| )(python3|jq)\b/g)) {
        if (shell(`command -v ${needed}`).status !== 0 && !process.env['CI']) skip(`there is no ${needed}`);
      }
      const { status, stdout, stderr } = shell(line);
      // One that compares may say that something differs, one that looks for faults that it found some.
      const fine = /nvmmu-trace (?:diff|explain)\b/.test(line) ? [0, 1] : [0];
      expect(fine, `${path}:${block.line}: ${line}\n${stdout}${stderr}`).toContain(status);
      expect(stderr).toBe('');
      const wrote = /> (\S+)$/.exec(line)?.[1];
      if (wrote === undefined && block.language === 'sh') expect(stdout).not.toBe('');
      if (wrote !== undefined) expect(shell(`test -s ${wrote}`).status).toBe(0);
    }
  });
});
