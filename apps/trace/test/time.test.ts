import { describe, expect, test } from 'vitest';
import { SMALL, script, trace } from './program.js';

describe('time', () => {
  test('--json ends with one line of counts and nanoseconds', async () => {
    const { code, stdout } = await trace(['time', '-', '--repeat', '3', '--json'], { input: SMALL });
    expect(code).toBe(0);
    const timing = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as {
      total_ns: number;
      ops: Record<string, { count: number; ns: number }>;
    };
    expect(Object.keys(timing)).toEqual(['total_ns', 'ops']);
    expect(Object.keys(timing.ops)).toEqual(['vmm', 'get', 'map']);
    expect(timing.ops['map']?.count).toBe(1);
    for (const { ns } of Object.values(timing.ops)) {
      expect(Number.isInteger(ns)).toBe(true);
      expect(ns).toBeGreaterThan(0);
    }
    expect(timing.total_ns).toBeGreaterThan(0);
  });

  test('prints a table', async () => {
    const { stdout } = await trace(['time', '-', '--repeat', '1'], { input: SMALL });
    expect(stdout).toMatch(/^operation +count +total ms +ns each\nvmm +1 /);
    expect(stdout).toMatch(/\nall +[\d.]+ *\n$/);
  });

  test('a mistake in the script ends with 2', async () => {
    const { code, stderr } = await trace(['time', '-'], { input: script('{"op":"boot"}') });
    expect(stderr).toBe('nvmmu-trace: standard input: line 3: op "boot": there is no address space\n');
    expect(code).toBe(2);
  });
});
