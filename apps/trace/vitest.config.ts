import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'trace', testTimeout: 60_000 } });
