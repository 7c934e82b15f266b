// Mutates one package: `node tools/mutation/run.mjs PACKAGE [options of stryker]`, from anywhere.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const names = Object.keys(JSON.parse(readFileSync(new URL('tests.json', import.meta.url), 'utf8')));

const [name, ...options] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  console.error(`usage: node tools/mutation/run.mjs ${names.join('|')} [options of stryker]`);
  process.exit(2);
}
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const stryker = here('node_modules/@stryker-mutator/core/bin/stryker.js');
const { status } = spawnSync(process.execPath, [stryker, 'run', here('stryker.config.mjs'), ...options], {
  stdio: 'inherit',
  cwd: here('../../'),
  env: { ...process.env, MUTATE: name },
});
process.exitCode = status ?? 1;
