// `pnpm bench`: measures everything, each in a fresh process, and prints tables or (with --json) one line of JSON each.

import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { GrowthRow } from './growth.js';
import type { MemoryReport } from './memory.js';
import { growthTable, workloadTable } from './report.js';
import { workloadNames, type WorkloadReport } from './workloads.js';

const HELP = `Usage: pnpm bench [--quick] [--only TEXT] [--repeat N] [--json] [--cpu-profile FOLDER]

  --quick               the first two workloads only, and fail if entry writes are out of all proportion to
                        a plain loop of the same run: what CI does
  --only TEXT           workloads whose name contains TEXT
  --repeat N            replays of each workload (default 7)
  --json                one line of JSON for each measurement
  --cpu-profile FOLDER  write a CPU profile of each workload
`;

/** More than twice what is measured on a quiet machine: entry writes against the plain loop. */
const QUICK_LIMIT = 8;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    repeat: { type: 'string', default: '7' },
    json: { type: 'boolean', default: false },
    'cpu-profile': { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

function worker(flags: readonly string[], ...args: readonly string[]): unknown {
  const file = fileURLToPath(new URL('worker.js', import.meta.url));
  const output = execFileSync(process.execPath, [...flags, file, ...args], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  return JSON.parse(output);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function report(name: string, value: object, text: string): void {
  print(values.json ? JSON.stringify({ measurement: name, ...value }) : text);
}

function runWorkloads(): WorkloadReport[] {
  const folder = values['cpu-profile'];
  const profile = folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
  const wanted = workloadNames().filter((name) => name.includes(values.only));
  return (values.quick ? wanted.slice(0, 2) : wanted).map((name) => {
    const result = worker(profile, 'workload', name, values.quick ? '3' : values.repeat) as WorkloadReport;
    report('workload', result, workloadTable(result));
    return result;
  });
}

/** The tree against public packages, by the benchmark of its own package. */
function comparePeers(): void {
  const file = fileURLToPath(new URL('../../../packages/rbtree/bench/run.mjs', import.meta.url));
  const flags = values.json ? ['--json'] : [];
  execFileSync(process.execPath, [file, '--passes', '1', ...flags], { stdio: 'inherit' });
}

function main(): number {
  if (values.help) {
    print(HELP);
    return 0;
  }
  if (!values.json) print(`Node ${process.version}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}\n`);
  const reports = runWorkloads();
  if (values.quick) {
    const slow = reports.filter(({ entryNs, bounds }) => (entryNs ?? 0) > QUICK_LIMIT * bounds.loop);
    for (const { workload } of slow)
      print(`${workload}: entry writes take more than ${QUICK_LIMIT} times a plain loop`);
    return slow.length > 0 ? 1 : 0;
  }
  if (values.only !== '') return 0;
  const rows = [1e3, 1e4, 1e5, 1e6].map((count) => worker([], 'growth', String(count)) as GrowthRow);
  for (const row of rows) if (values.json) report('growth', row, '');
  if (!values.json) print(growthTable(rows));
  const memory = worker(['--expose-gc'], 'memory') as MemoryReport;
  report(
    'memory',
    memory,
    `memory: ${memory.regionBytes.toFixed(0)} bytes of heap a region; ${memory.tableBytes.toFixed(0)} bytes a 4 KiB table, ${memory.shadowShare.toFixed(2)} × its own`,
  );
  const startup = worker([], 'startup') as number;
  report('startup', { ms: startup }, `start-up: ${startup.toFixed(1)} ms over bare Node\n`);
  comparePeers();
  return 0;
}

process.exitCode = main();
