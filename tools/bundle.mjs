// Joins the modules of the package in the present folder into `dist/bundle.js`, which Node loads: it takes much longer to
// find and link a small module than to run it, and a package has dozens. Bundlers take the modules, so that they can leave
// out those that nobody uses. Other packages stay imports, so that each exists once.

import { build } from 'esbuild';

await build({
  entryPoints: ['dist/index.js'],
  outfile: 'dist/bundle.js',
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2023',
  packages: 'external',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
});
