import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'backends-gf100', testTimeout: 30_000 } });
