// Settings of the mutation tester, which runs at the root of the repository; `run.mjs` names the package.

const name = process.env.MUTATE;

export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'tools/mutation/vitest.config.ts', related: false },
  mutate: [`packages/${name}/src/**/*.ts`, `!packages/${name}/src/**/index.ts`],
  ignorePatterns: [
    '**/dist',
    '**/coverage',
    '.turbo',
    'docs',
    'etc',
    'tools/fuzzing',
    'apps/viewer',
    'apps/trace',
    'apps/bench',
  ],
  coverageAnalysis: 'perTest',
  reporters: ['clear-text', 'json', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, skipFull: true },
  jsonReporter: { fileName: `tools/mutation/coverage/${name}.json` },
  incremental: true,
  incrementalFile: `tools/mutation/coverage/${name}-incremental.json`,
  concurrency: 2,
  ignoreStatic: true,
  tempDirName: '.stryker-tmp',
  timeoutMS: 3000,
};
