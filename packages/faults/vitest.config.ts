import { defineConfig } from 'vitest/config';

// The property tests take seconds on an idle machine; the limit leaves room for a busy one.
export default defineConfig({ test: { name: 'faults', testTimeout: 60_000 } });
