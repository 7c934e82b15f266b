import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'viewer bench', include: ['bench/*.bench.ts'], testTimeout: 300_000 } });
