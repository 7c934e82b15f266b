// The tests that mutants of one package have to pass, run against the sources of all packages instead of what was
// built. Workers are used again for each mutant: starting one takes longer than most tests do.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Test files of each package, quick ones only, since many of them run for each mutant. */
const tests = JSON.parse(readFileSync(new URL('tests.json', import.meta.url), 'utf8')) as Record<string, string[]>;
const root = fileURLToPath(new URL('../../', import.meta.url));

export default defineConfig({
  root,
  resolve: {
    alias: readdirSync(`${root}packages`).map((name) => ({
      find: new RegExp(`^@nvmmu/${name}$`),
      replacement: `${root}packages/${name}/src/index.ts`,
    })),
  },
  test: {
    include: tests[process.env['MUTATE'] ?? ''] ?? [],
    // What READMEs show runs against what was built.
    exclude: ['**/node_modules/**', '**/readme.test.ts'],
    isolate: false,
    testTimeout: 30_000,
  },
});
