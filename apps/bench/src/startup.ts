import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median, nanoseconds } from './clock.js';

/** What importing vmm-core and one backend adds to bare Node, in milliseconds. */
export function measureStartup(rounds = 15): number {
  const url = import.meta.resolve('@nvmmu/backends-gp100');
  const folder = fileURLToPath(new URL('..', import.meta.url));
  const run = (code: string): number => {
    const start = nanoseconds();
    execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: folder });
    return (nanoseconds() - start) / 1e6;
  };
  const bare: number[] = [];
  const loaded: number[] = [];
  for (let i = 0; i < rounds; i++) {
    bare.push(run('0'));
    loaded.push(run(`import ${JSON.stringify(url)}`));
  }
  return median(loaded) - median(bare);
}
