// One measurement in a process of its own: `worker.js KIND ARGUMENT…` prints a line of JSON.

import { measureGrowth } from './growth.js';
import { measureMemory } from './memory.js';
import { measureStartup } from './startup.js';
import { runWorkload } from './workloads.js';

function measure([kind, first, second]: readonly string[]): unknown {
  switch (kind) {
    case 'workload':
      return runWorkload(first ?? '', Number(second));
    case 'growth':
      return measureGrowth(Number(first));
    case 'memory':
      return measureMemory();
    case 'startup':
      return measureStartup();
    default:
      throw new Error(`there is no measurement "${kind ?? ''}"`);
  }
}

process.stdout.write(`${JSON.stringify(measure(process.argv.slice(2)))}\n`);
