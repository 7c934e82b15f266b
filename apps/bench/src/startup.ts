import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median, nanoseconds } from './clock.js';

/** What importing vmm-core and one backend adds to bare Node, in milliseconds. */
export function measureStartup(rounds = 21): number {
  const url = import.meta.resolve('@nvmmu/backends-gp100');
  const folder = fileURLToPath(new URL('..', import.meta.url));
  const run = (code: string): number => {
    const start = nanoseconds();
    execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: folder });
    return (nanoseconds() - start) / 1e6;
  };
  // Neighbours in time are compared: a shared machine drifts by more than what is measured.
  const differences = Array.from({ length: rounds }, () => {
    const bare = run('0');
    return run(`import ${JSON.stringify(url)}`) - bare;
  });
  return median(differences);
}
