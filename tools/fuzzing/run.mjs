// Fuzzes one target: `npm run --prefix tools/fuzzing fuzz -- TARGET [--minutes N] [--seed S] [--keep]`.

import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fitAddon } from './addon.mjs';
import { pack, readCorpus, unpack, writeCorpus } from './corpus.mjs';
import { SEEDS } from './seeds.mjs';

const USAGE = `usage: fuzz TARGET [--minutes N] [--seed S] [--keep]

  TARGET       ${Object.keys(SEEDS).join(', ')}, or all
  --minutes N  stop after N minutes (default 1), of each target
  --seed S     seed of the fuzzer
  --keep       then keep the inputs that reach something in corpus/TARGET.txt

An input that goes wrong is written to .work/TARGET/, and ends the run.`;

/** Longest input in bytes, most seconds for one, most memory in MiB. */
const LONGEST = 4096;
const PATIENCE = 10;
const MEMORY = 2048;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

function jazzer(name, folders, options) {
  const args = [here('node_modules/@jazzer.js/core/dist/cli.js'), here('targets.mjs'), ...folders];
  args.push('-f', name, '-i', 'packages/', '-i', 'apps/', '--disableBugDetectors', '.*', '--sync');
  args.push('--timeout', String(PATIENCE * 1000), '--', `-max_len=${LONGEST}`, `-rss_limit_mb=${MEMORY}`, ...options);
  return spawnSync(process.execPath, args, { stdio: 'inherit', cwd: here('.work/') }).status === 0;
}

function fuzz(name, { minutes, seed, keep }) {
  const work = here(`.work/${name}/`);
  rmSync(work, { recursive: true, force: true });
  unpack([...SEEDS[name](), ...readCorpus(name)], `${work}start`);
  unpack([], `${work}found`);
  const options = [`-max_total_time=${Math.ceil(60 * minutes)}`, `-artifact_prefix=${work}`, '-print_final_stats=1'];
  if (seed !== undefined) options.push(`-seed=${seed}`);
  const isFine = jazzer(name, [`${work}found`, `${work}start`], options);
  if (isFine && keep) {
    unpack([], `${work}kept`);
    if (!jazzer(name, [`${work}kept`, `${work}start`, `${work}found`], ['-merge=1'])) return false;
    writeCorpus(name, pack(`${work}kept`));
  }
  return isFine;
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  });
  const [target] = positionals;
  const names = target === 'all' ? Object.keys(SEEDS) : [target];
  const minutes = Number(values.minutes);
  if (positionals.length !== 1 || !names.every((name) => name in SEEDS)) throw new Error(`no target ${target}`);
  if (!(minutes > 0)) throw new Error(`--minutes: ${values.minutes} is no time`);
  fitAddon();
  mkdirSync(here('.work/'), { recursive: true });
  const failed = names.filter((name) => !fuzz(name, { minutes, seed: values.seed, keep: values.keep }));
  if (failed.length > 0) {
    console.error(`failed: ${failed.join(', ')}`);
    process.exitCode = 1;
  }
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
