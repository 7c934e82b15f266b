// The documents: programs in them run, transcripts are what the command prints, links lead somewhere.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fromRoot, readText } from './packages.js';
import { checkTypes, findExamples, run } from './readme-examples.js';

const root = fromRoot('./');

/** Markdown files in a folder, given from the root. */
function documents(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join(folder, path))
    .sort();
}

const OURS = /^(?!CHANGELOG)[A-Z][A-Z_]+\.md$/;
const papers = readdirSync(root).filter((name) => OURS.test(name));
const readmes = ['packages', 'apps', 'examples'].flatMap((group) =>
  readdirSync(join(root, group))
    .flatMap((name) => ['README.md', 'FORMAT.md'].map((file) => `${group}/${name}/${file}`))
    .filter((path) => existsSync(join(root, path))),
);
const all = [...papers, ...documents('docs'), ...readmes];

/** Documents whose blocks marked `ts` run, as in a README: that of the root, guides and tutorials, how-tos. */
const runnable = ['README.md', ...documents('docs')].filter((path) => findExamples(readText(path)).length > 0);

describe.each(runnable)('%s', (path) => {
  const examples = findExamples(readText(path));
  test('has programs with the right types', { timeout: 120_000 }, () => {
    expect(checkTypes(examples, root)).toEqual([]);
  });
  test.each(examples)('the program in line $line prints what it says', { timeout: 60_000 }, (example) => {
    expect(run(example, root)).toEqual(example.expected);
  });
});

/** What `nvmmu-trace` prints, lines trimmed at their ends. */
function trace(args: readonly string[], cwd: string): string {
  const output = execFileSync(process.execPath, [fromRoot('apps/trace/dist/cli.js'), ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  return output.replaceAll(/ +$/gm, '');
}

test('the transcript in the README of the root is what the demo prints', { timeout: 60_000 }, () => {
  const shown = /```text\n(.*?)```/s.exec(readText('README.md'))?.[1]?.trimEnd().split('\n') ?? [];
  const printed = trace(['run', 'examples/first-light.vmm.jsonl'], root).split('\n');
  expect(shown.length).toBeGreaterThan(10);
  let at = 0;
  for (const line of shown.filter((text) => text !== '…')) {
    const found = printed.indexOf(line, at);
    expect(`${found < 0 ? 'missing' : 'there'}: ${line}`).toBe(`there: ${line}`);
    at = found + 1;
  }
});

test('the script in apps/trace/README.md is the one of its transcripts', () => {
  const shown = /```jsonl\n(.*?)```/s.exec(readText('apps/trace/README.md'))?.[1];
  expect(shown).toBe(readText('examples/two-sizes.vmm.jsonl'));
});

test('the transcripts of the first script are what the command prints', { timeout: 60_000 }, () => {
  const text = readText('docs/tutorials/first-script.md');
  const script = /```jsonl\n(.*?)```/s.exec(text)?.[1] ?? '';
  const shown = /```console\n\$ nvmmu-trace run first.vmm.jsonl\n(.*?)```/s.exec(text)?.[1] ?? 'nothing';
  const addition = /Put `(.*?)` into the last line/.exec(text)?.[1] ?? 'nothing';
  const refusal = /```text\n(.*?)```/s.exec(text)?.[1] ?? 'nothing';
  const folder = mkdtempSync(join(tmpdir(), 'nvmmu-docs-'));
  try {
    writeFileSync(join(folder, 'first.vmm.jsonl'), script);
    expect(trace(['run', 'first.vmm.jsonl'], folder)).toBe(shown);
    writeFileSync(join(folder, 'first.vmm.jsonl'), script.replace(/\}\n$/, `,${addition}}\n`));
    expect(trace(['run', 'first.vmm.jsonl'], folder)).toContain(refusal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The anchors of a document, as GitHub makes them of its headings. */
function anchors(text: string): Set<string> {
  const found = new Set<string>();
  for (const [, title = ''] of text.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#+ (.+)$/gm)) {
    const plain = title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    found.add(plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-'));
  }
  return found;
}

/** Where a link of a document leads, if that is in the repository; the addresses of its own pages count too. */
function target(from: string, link: string): string | undefined {
  const own = /^https:\/\/github\.com\/nvmmu\/nvmmu\/(?:tree|blob)\/main\/(.*)$/.exec(link)?.[1];
  if (own !== undefined) return join(root, own);
  if (/^[a-z]+:/.test(link)) return undefined;
  return link.startsWith('#') ? join(root, from) + link : resolve(join(root, dirname(from)), link);
}

/** Links that lead nowhere. */
function brokenLinks(path: string): string[] {
  const text = readText(path)
    .replaceAll(/^```.*?^```$/gms, '')
    .replaceAll(/`[^`\n]*`/g, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
  return links.filter((link) => {
    const whole = target(path, link);
    if (whole === undefined) return false;
    const [file = '', anchor] = whole.split('#');
    if (!existsSync(file) || relative(root, file).startsWith('..')) return true;
    if (anchor === undefined) return false;
    const page = statSync(file).isDirectory() ? join(file, 'README.md') : file;
    return !anchors(readFileSync(page, 'utf8')).has(anchor);
  });
}

test.each(all)('links of %s lead somewhere', (path) => {
  expect(brokenLinks(path)).toEqual([]);
});

test('a link that leads nowhere is found', () => {
  expect(target('docs/architecture.md', '../nowhere.md')).toBe(join(root, 'nowhere.md'));
  expect(anchors('## What it *is*, exactly\n```sh\n# no\n```\n').has('what-it-is-exactly')).toBe(true);
});

test('the rooms that docs/architecture.md names are there', () => {
  const table = /## Rooms of vmm-core\n(.*?)\n## /s.exec(readText('docs/architecture.md'))?.[1] ?? '';
  const rooms = [...table.matchAll(/`([\w-]+\/?)`/g)].map((match) => match[1] ?? '');
  expect(rooms.length).toBeGreaterThan(15);
  const missing = rooms.filter(
    (room) => !existsSync(fromRoot(`packages/vmm-core/src/${room.endsWith('/') ? room : `${room}.ts`}`)),
  );
  expect(missing).toEqual([]);
});
