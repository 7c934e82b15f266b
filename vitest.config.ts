import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: ['packages/*', 'apps/*', { test: { name: 'repository', include: ['tools/*.test.ts'] } }],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**'],
    },
  },
});
