// The public interface of each package against the report under version control; `pnpm api:update` renews the reports.

import { describe, expect, test } from 'vitest';
import { apiReport } from './api-reports.js';
import { published, readText } from './packages.js';

const libraries = published().filter((one) => one.isLibrary);

describe.each(libraries)('the interface of $manifest.name', (one) => {
  test('is as reported in etc/api', { timeout: 120_000 }, async () => {
    await expect(apiReport(one)).toMatchFileSnapshot(`../etc/api/${one.short}.api.md`);
  });
});

test.each(libraries)('the README of $manifest.name names everything that can be imported', async ({ folder, path }) => {
  const all = (await import(new URL('dist/index.js', `file://${folder}`).href)) as object;
  const readme = readText(`${path}README.md`);
  expect(Object.keys(all).filter((name) => !new RegExp(`\\b${name}\\b`).test(readme))).toEqual([]);
});

/** Types that an interface uses and does not export, by the members that use them. */
function forgotten(report: string): { readonly name: string; readonly isInternal: boolean }[] {
  const found = /^( *\/\/ Warning: \(ae-forgotten-export\).*\n(?: *\/\/.*\n)*)/gm;
  return [...report.matchAll(found)].flatMap(([comment]) =>
    [...comment.matchAll(/The symbol "(\w+)"/g)].map((match) => ({
      name: match[1] ?? '',
      isInternal: comment.includes('@internal'),
    })),
  );
}

test.each(libraries)('the interface of $manifest.name uses exported types alone', ({ short }) => {
  // What is marked as internal may use others: it is for our own packages.
  const names = forgotten(readText(`etc/api/${short}.api.md`)).filter(({ isInternal }) => !isInternal);
  expect(names).toEqual([]);
});

test('a type that was forgotten is found', () => {
  const warning = (name: string): string =>
    `// Warning: (ae-forgotten-export) The symbol "${name}" needs to be exported by the entry point index.d.ts\n`;
  expect(
    forgotten(`${warning('A')}//\n// @public\nx\n\n    ${warning('B')}    //\n    // @internal\n    constructor();\n`),
  ).toEqual([
    { name: 'A', isInternal: false },
    { name: 'B', isInternal: true },
  ]);
});
