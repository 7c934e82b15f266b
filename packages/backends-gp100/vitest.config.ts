import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'backends-gp100', testTimeout: 30_000 } });
