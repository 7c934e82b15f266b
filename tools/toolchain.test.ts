import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../', import.meta.url);
const text = (path: string): string => readFileSync(new URL(path, root), 'utf8');

test('every document that starts pnpm names the pinned version', () => {
  const { packageManager } = JSON.parse(text('package.json')) as { packageManager: string };
  const documents = ['.ci/run', '.changeset/README.md', ...readdirSync(root).filter((name) => name.endsWith('.md'))];
  for (const document of documents) {
    for (const [used] of text(document).matchAll(/pnpm@[\w.]+\b/g))
      expect([document, used]).toEqual([document, packageManager]);
    expect(text(document)).not.toMatch(/npx (-y )?pnpm(?!@)/);
  }
});

test('every package carries the licence of the project', () => {
  for (const group of ['packages', 'apps']) {
    if (!existsSync(new URL(group, root))) continue;
    for (const name of readdirSync(new URL(`${group}/`, root))) {
      if (!existsSync(new URL(`${group}/${name}/package.json`, root))) continue;
      expect([name, text(`${group}/${name}/LICENSE`)]).toEqual([name, text('LICENSE')]);
    }
  }
});
