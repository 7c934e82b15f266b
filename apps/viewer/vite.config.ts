import { defineConfig } from 'vite';

export default defineConfig({
  // Works under any path of any host.
  base: './',
  build: {
    target: 'es2022',
    modulePreload: false,
    sourcemap: false,
    // Nothing is inlined as data: the page loads files of its own folder only.
    assetsInlineLimit: 0,
  },
  worker: { format: 'es' },
});
