import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { name: 'audit', root: import.meta.dirname, include: ['*.test.ts'] },
});
