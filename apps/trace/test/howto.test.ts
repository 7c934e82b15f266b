import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { folder, trace } from './program.js';

const HOWTO = fileURLToPath(new URL('../../../docs/howto/', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));

/** The output as a pattern: a line of `…` stands for any lines. */
function pattern(output: string): RegExp {
  const escaped = output.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll(/^…\n/gm, '(?:[^]*\\n)?')}$`);
}

describe.each(['fault-in-my-log.md', 'vram-image.md', 'compare-driver-change.md'])('%s', (page) => {
  const text = readFileSync(`${HOWTO}${page}`, 'utf8');
  const transcripts = [...text.matchAll(/^```console\n\$ nvmmu-trace (.*)\n([^]*?)^```$/gm)].map((match) => ({
    command: match[1] ?? '',
    output: match[2] ?? '',
  }));

  test('has transcripts', () => {
    expect(transcripts.length).toBeGreaterThan(1);
  });

  test.each(transcripts)('$command', async ({ command, output }) => {
    const cwd = folder();
    cpSync(EXAMPLES, cwd, { recursive: true });
    const { stdout, stderr } = await trace(command.split(' '), { cwd });
    expect(stderr).toBe('');
    expect(stdout.replaceAll(/ +$/gm, '').replace(/\n*$/, '\n')).toMatch(pattern(output));
  });
});

test('every page of docs/howto about the program is tested here', () => {
  const pages = readdirSync(HOWTO).filter((name) => readFileSync(`${HOWTO}${name}`, 'utf8').includes('$ nvmmu-trace'));
  expect(pages.toSorted()).toEqual(['compare-driver-change.md', 'fault-in-my-log.md', 'vram-image.md']);
});
