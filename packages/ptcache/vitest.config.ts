import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'ptcache', testTimeout: 30_000 } });
