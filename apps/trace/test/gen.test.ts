import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { trace } from './program.js';

const sum = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('gen', () => {
  test('writes a workload byte for byte', async () => {
    const { code, stdout } = await trace(['gen', '--workload', '1-map4g']);
    expect(code).toBe(0);
    expect(sum(stdout)).toBe('2e9bc9fd06b805f92ad73b8c78d9ca7aeae60c8e6c5bef75d5e7e82579ce54ed');
  });

  test('writes the same script for the same seed, and the program runs it', async () => {
    const args = ['gen', '--chip', 'gm200', '--profile', 'sparse', '--seed', '7', '--ops', '60'];
    const first = await trace(args);
    expect(first.code).toBe(0);
    expect((await trace(args)).stdout).toBe(first.stdout);
    const { code, stdout } = await trace(['run', '-', '--verify', '--strict', '--no-tables'], { input: first.stdout });
    expect(code).toBe(0);
    expect(stdout).toContain('61 operations, 0 refused');
  });

  test('ends quietly when nobody reads on', async () => {
    const { stderr, code } = await trace(['gen', '--workload', '3-frag'], { closeAfter: 10 });
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  });

  test.each([
    [['--profile', 'frames', '--chip', 'gh100'], /gh100 has nothing for the profile "frames": choose another/],
    [['--seed', '-1'], /whole number from 0/],
    [['--ops', '0'], /whole number from 1/],
    [['--workload', '1-map4g', '--seed', '1'], /cannot be used with/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await trace(['gen', ...args]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
