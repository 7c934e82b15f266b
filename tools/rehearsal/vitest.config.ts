import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'rehearsal',
    root: import.meta.dirname,
    include: ['*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 600_000,
    // One thing after the other: the first failure tells.
    bail: 3,
    fileParallelism: false,
  },
});
