// Runs every test on the newest line of Node: node tools/newest-node/run.mjs [arguments of vitest]
// The npm package `node` brings the program, in the version that package.json beside this file names.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('./', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));
const version = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')).dependencies.node;

// Its install script only fetches the package for this system, which can be had directly.
const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const home = join(root, 'node_modules/.cache/newest-node', version);
const program = join(home, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
if (!existsSync(program)) {
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), '{"private":true}\n');
  execFileSync('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${version}`], {
    cwd: home,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
const found = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim();
if (found !== `v${version}`) throw new Error(`${program} is ${found}, not v${version}`);
console.log(`Node ${found}`);
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const { status } = spawnSync(program, [vitest, 'run', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
