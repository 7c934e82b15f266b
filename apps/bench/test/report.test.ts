import { expect, test } from 'vitest';
import { measureBounds } from '../src/bounds.js';
import { median } from '../src/clock.js';
import { measureGrowth } from '../src/growth.js';
import { growthTable } from '../src/report.js';
import { runWorkload, workloadNames } from '../src/workloads.js';

test('the median is the middle value', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

test('a workload leaves what the reference driver leaves in memory', () => {
  const report = runWorkload('4-sparse', 1);
  expect(report.operations['put']?.count).toBe(1500);
  expect(report.ms).toBeGreaterThan(0);
});

test('an unknown workload is refused', () => {
  expect(workloadNames()).toHaveLength(6);
  expect(() => runWorkload('7-none', 1)).toThrow('there is no workload "7-none"');
});

test('bounds are positive, and growth prints a row for each size', () => {
  const { fill, loop } = measureBounds(1);
  expect(fill).toBeGreaterThan(0);
  expect(loop).toBeGreaterThan(0);
  const table = growthTable([measureGrowth(100)]);
  expect(table.split('\n')).toHaveLength(4);
});
