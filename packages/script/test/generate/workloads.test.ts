import { describe, expect, test } from 'vitest';
import { createHash } from 'node:crypto';
import { WORKLOADS } from '../../src/generate/workloads.js';
import { parseScript, ScriptRunner } from '../../src/index.js';

/** Sums of the recorded files, which other implementations are measured with too. */
const SUMS: Readonly<Record<string, string>> = {
  '1-map4g': '2e9bc9fd06b805f92ad73b8c78d9ca7aeae60c8e6c5bef75d5e7e82579ce54ed',
  '2-host4k': '0f7a0b13e07515e1b6eeef662dcaa3f62acecffac3fb2bc717853390cea521b1',
  '3-frag': 'be213637df131e77d3cb711b744338c79a23e0f1cac977c7c5fa9ac749cf0d87',
  '4-sparse': '2fb46f4c5e05a4ee7ca740d7c2d8b7b39abb50415d24b22998c6064e6e1145be',
  '5-pfn': 'a27bbfbbf9744556e26267101ba44409d8ee40ad5076c8bfa6b4808c29dea3e1',
  '6-align': '049230b4ebcd3eed090a99e74aeb22d47a606e454e1f48b65c5a7201fdeddaff',
};

describe('workloads', () => {
  test('are all there', () => {
    expect(WORKLOADS.map(({ name }) => name)).toEqual(Object.keys(SUMS));
  });

  test.each(WORKLOADS)('$name is the recorded file, byte for byte', ({ name, lines }) => {
    const hash = createHash('sha256');
    for (const line of lines()) hash.update(`${line}\n`);
    expect(hash.digest('hex')).toBe(SUMS[name]);
  });

  test.each(WORKLOADS)('$name can be read again from its start', ({ title, lines }) => {
    const first = [...take(lines(), 50)];
    expect([...take(lines(), 50)]).toEqual(first);
    const { header, operations } = parseScript(first.join('\n'));
    expect(header.title).toBe(title);
    const runner = new ScriptRunner({ hash: false });
    expect(operations.slice(0, 3).map((operation) => runner.step(operation).ret)).toEqual([0, 0, 0]);
  });
});

function* take<T>(values: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const value of values) {
    if (left-- === 0) return;
    yield value;
  }
}
