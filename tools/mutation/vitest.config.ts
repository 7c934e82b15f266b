// The tests that mutants of one package have to pass, run against the sources of all packages instead of what was
// built. Workers are used again for each mutant: starting one takes longer than most tests do.

import { readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Test files of each package, quick ones only, since many of them run for each mutant; in the order they run in. */
const tests = JSON.parse(readFileSync(new URL('tests.json', import.meta.url), 'utf8')) as Record<string, string[]>;
const include = tests[process.env['MUTATE'] ?? ''] ?? [];
const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs test files in the order of the list: what fails soonest first, what takes long last. */
class ListedOrder extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification): number => {
      const path = relative(root, moduleId);
      return include.findIndex((pattern) => path.startsWith(pattern.replace(/[*{].*/, '')));
    };
    return Promise.resolve([...files].sort((a, b) => placeOf(a) - placeOf(b)));
  }
}

export default defineConfig({
  root,
  resolve: {
    alias: readdirSync(`${root}packages`).map((name) => ({
      find: new RegExp(`^@nvmmu/${name}$`),
      replacement: `${root}packages/${name}/src/index.ts`,
    })),
  },
  test: {
    include,
    // What READMEs show runs against what was built.
    exclude: ['**/node_modules/**', '**/readme.test.ts'],
    setupFiles: fileURLToPath(new URL('setup.ts', import.meta.url)),
    sequence: { sequencer: ListedOrder },
    isolate: false,
    testTimeout: 30_000,
  },
});
