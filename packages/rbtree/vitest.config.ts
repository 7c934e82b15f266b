import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'rbtree', testTimeout: 30_000 } });
