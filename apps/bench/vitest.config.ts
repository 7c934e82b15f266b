import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'reliability', testTimeout: 60_000 } });
