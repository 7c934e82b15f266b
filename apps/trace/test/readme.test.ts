import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { trace } from './program.js';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));

const transcripts = [...README.matchAll(/^```console\n\$ nvmmu-trace (.*)\n([^]*?)^```$/gm)].map((match) => ({
  command: match[1] ?? '',
  output: match[2] ?? '',
}));

describe('transcripts in the README', () => {
  test('there are some', () => {
    expect(transcripts.length).toBeGreaterThan(1);
  });

  test.each(transcripts)('$command', async ({ command, output }) => {
    const { stdout, stderr } = await trace(command.split(' '), { cwd: EXAMPLES });
    expect(stderr).toBe('');
    expect(stdout.replaceAll(/ +$/gm, '')).toBe(output);
  });
});
