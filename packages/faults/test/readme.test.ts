import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as faults from '../src/index.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code ?? '');

/** Runs an example with the package's own sources in place of the published ones, and returns what it prints. */
function run(example: string): string {
  const imports = /import \{ (.*?) \} from '@nvmmu\/faults';/.exec(example)?.[1]?.split(', ') ?? [];
  for (const name of imports) expect(faults).toHaveProperty(name);
  const body = example.replace(/import .*?;\n/, '');
  const printed: string[] = [];
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the readme's own code
  const program = new Function(...imports, 'console', body) as (...values: unknown[]) => void;
  program(...imports.map((name) => faults[name as keyof typeof faults]), { log: (text: string) => printed.push(text) });
  return printed.join('\n');
}

test('the first example prints what the readme shows', () => {
  const shown = /```text\n(.*?)```/s.exec(readme)?.[1] ?? 'none';
  expect(run(examples[0] ?? '').startsWith(shown)).toBe(true);
});

test('the second example prints a summary', () => {
  expect(run(examples[1] ?? '')).toContain('1 MMU fault, at line 1 (1.0).');
});

test('every function and class of the API table exists, and every exported function is in it', () => {
  const table = readme.slice(readme.indexOf('## API'), readme.indexOf('### The record'));
  for (const [name, value] of Object.entries(faults)) {
    if (typeof value === 'function') expect(table).toContain(`\`${name}`);
  }
});
