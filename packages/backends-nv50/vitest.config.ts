import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'backends-nv50', testTimeout: 30_000 } });
