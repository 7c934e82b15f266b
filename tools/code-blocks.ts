// Every block of code in every document, and what runs it. A block that nothing runs fails tools/code-blocks.test.ts.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fromRoot, readText } from './packages.js';

/** A block between fences. */
export interface Block {
  /** The document, as a path from the root. */
  readonly path: string;
  /** Line of its first line of code, from 1. */
  readonly line: number;
  /** What stands behind the opening fence: `ts`, `sh`, … */
  readonly language: string;
  readonly code: string;
}

/** The blocks of a Markdown text. */
export function findBlocks(path: string, markdown: string): Block[] {
  const fence = /^( *)(`{3,}|~{3,})([^`\n]*)\n(.*?)^\1\2 *$/gms;
  return [...markdown.matchAll(fence)].map(({ index, 3: language = '', 4: code = '' }) => ({
    path,
    line: markdown.slice(0, index).split('\n').length + 1,
    language: language.trim(),
    code,
  }));
}

// Reports of interfaces are made from code, changelogs are put together from changesets.
const MADE = /^(?:etc\/api|\.changeset)\/|CHANGELOG\.md$/;

/** Every document under version control. */
export function documents(): string[] {
  return execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    cwd: fromRoot('./'),
    encoding: 'utf8',
  })
    .split('\n')
    .filter((path) => path !== '' && !MADE.test(path) && existsSync(fromRoot(path)));
}

/** Commands that set something up. They take minutes or change the machine, so whole steps of `.ci/run` are made of them. */
const SET_UP: readonly (readonly [line: RegExp, what: string])[] = [
  [/^npm init -y && npm install(?: @nvmmu\/[\w-]+)+$/, 'tools/rehearsal'],
  [/^npm install(?: -g)?(?: @nvmmu\/[\w-]+)+$/, 'tools/rehearsal'],
  [/^npx -y pnpm@[\d.]+ (?:demo|build)\b/, 'tools/rehearsal'],
  [/^npx -y pnpm@[\d.]+ test\b/, '.ci/run'],
];

/** Whether a line of a shell block sets something up, which happens elsewhere. */
export function isSetUp(line: string): boolean {
  return SET_UP.some(([pattern]) => pattern.test(line));
}

/** Commands of a block for a shell, comments left out. */
export function commands({ code }: Block): string[] {
  return code
    .replaceAll('\\\n', '')
    .split('\n')
    .map((line) => line.replace(/ +# .*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** Tests that read a document and run blocks of it in a language. */
const READERS: readonly (readonly [path: RegExp, language: RegExp, test: string])[] = [
  [/^(?:README\.md|docs\/.*)$/, /^ts$/, 'tools/docs.test.ts'],
  [/^packages\/vmm-core\/README\.md$/, /^ts$/, 'apps/bench/test/core-readme.test.ts'],
  [/^packages\/faults\/README\.md$/, /^(?:ts|text)$/, 'packages/faults/test/readme.test.ts'],
  [/^(packages\/[\w-]+)\/README\.md$/, /^ts$/, '$1/test/readme.test.ts'],
  [/^README\.md$/, /^text$/, 'tools/docs.test.ts'],
  [/^docs\/script-format\.md$/, /^jsonl$/, 'tools/script-format.test.ts'],
  [/^docs\/tutorials\/first-script\.md$/, /^(?:jsonl|console|text)$/, 'tools/docs.test.ts'],
  [/^docs\/cli\.md$/, /^text$/, 'apps/trace/test/completion.test.ts'],
  [/^docs\/howto\/[\w-]+\.md$/, /^console$/, 'apps/trace/test/howto.test.ts'],
  [/^apps\/trace\/README\.md$/, /^jsonl$/, 'tools/docs.test.ts'],
  [/^apps\/trace\/README\.md$/, /^console$/, 'apps/trace/test/readme.test.ts'],
  [/^examples\/foreign-adapter\/README\.md$/, /^console$/, 'tools/foreign-adapter.test.ts'],
  [/./, /^(?:sh|python)$/, 'tools/code-blocks.test.ts'],
];

/** The test that runs a block, as a path from the root; `undefined` when there is none. */
export function readerOf({ path, language }: Block): string | undefined {
  for (const [paths, languages, test] of READERS) {
    const found = paths.exec(path);
    if (found === null || !languages.test(language)) continue;
    return test.replace('$1', found[1] ?? '');
  }
  return undefined;
}

/** Whether a test of that name is there and names the document, or the folder that it is in, or README.md. */
export function reads(test: string, path: string): boolean {
  if (!existsSync(fromRoot(test))) return false;
  const text = readText(test);
  const [file = '', folder = ''] = path.split('/').toReversed();
  return text.includes(file) || (folder !== '' && text.includes(folder));
}
