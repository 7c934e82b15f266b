import { describe, expect, test } from 'vitest';
import {
  checkResults,
  isPassed,
  runVector,
  runVectors,
  simulator,
  type Implementation,
  type Vector,
} from '../src/index.js';
import { loadVector, loadVectors } from './load.js';

const vector = await loadVector('gp100', 'handed/dual-big-first.gp100');

/** An implementation that plays back recorded results after changing them. */
function playback(change: (results: string[]) => string[]): Implementation {
  return () => change([...vector.results]);
}

const replaced = (index: number, from: string, to: string): Implementation =>
  playback((results) => results.map((line, i) => (i === index ? line.replace(from, to) : line)));

describe('an implementation', () => {
  test('passes when it gives the recorded results', async () => {
    const outcome = await runVector(
      vector,
      playback((results) => results),
    );
    expect(outcome).toEqual({ operations: vector.results.length, mismatch: undefined, error: undefined });
    expect(isPassed(outcome)).toBe(true);
  });

  test('gets the script as it is recorded', async () => {
    let text = '';
    await runVector(vector, async function* (script) {
      for await (const chunk of script) text += String(chunk);
      yield* vector.results;
    });
    expect(text).toBe(vector.script.map((line) => `${line}\n`).join(''));
  });

  test.each([
    ['a wrong return code', replaced(9, '"ret":0', '"ret":-12'), 9, 'mem', 'ret'],
    ['a wrong address', replaced(5, '"addr":"0x30000"', '"addr":"0x40000"'), 5, 'get', 'addr'],
    ['a wrong log line', replaced(10, 'PDE write LPT', 'PDE write SPT'), 10, 'map', 'log[8]'],
    ['a wrong event', replaced(10, '["ptnew","0x101000"', '["ptnew","0x102000"'), 10, 'map', 'ev[0]'],
    ['a wrong memory hash', replaced(10, '"mem":"2e39', '"mem":"0000'), 10, 'map', 'mem'],
  ])('fails with %s', async (_name, implementation, index, op, field) => {
    const { mismatch } = await runVector(vector, implementation);
    expect(mismatch).toMatchObject({ index, op });
    expect(mismatch?.differences[0]?.field).toBe(field);
  });

  test('fails when it stops early or goes on', async () => {
    const early = await runVector(
      vector,
      playback((results) => results.slice(0, 3)),
    );
    expect(early.mismatch).toMatchObject({ index: 3, op: 'mem', differences: [{ field: 'result', got: undefined }] });
    const late = await runVector(
      vector,
      playback((results) => [...results, '{"op":"x"}']),
    );
    expect(late.mismatch).toMatchObject({
      index: vector.results.length,
      op: 'x',
      differences: [{ field: 'result', expected: undefined }],
    });
  });

  test('fails when it gives no JSON', async () => {
    const { mismatch } = await runVector(
      vector,
      playback(() => ['Segmentation fault']),
    );
    expect(mismatch).toMatchObject({
      index: 0,
      op: 'device',
      differences: [{ field: 'result', got: 'Segmentation fault' }],
    });
  });

  test('fails when it throws, and what it threw is kept', async () => {
    const boom = new Error('boom');
    const outcome = await runVector(vector, function* () {
      yield vector.results[0] ?? '';
      throw boom;
    });
    expect(outcome).toEqual({ operations: 1, mismatch: undefined, error: boom });
    expect(isPassed(outcome)).toBe(false);
  });

  test('is stopped at the first difference', async () => {
    let stopped = false;
    await runVector(vector, function* () {
      try {
        for (;;) yield '{}';
      } finally {
        stopped = true;
      }
    });
    expect(stopped).toBe(true);
  });
});

test('checkResults tells of each result that is as recorded', async () => {
  const seen: number[] = [];
  await checkResults(vector.results.slice(0, 3), vector.results.slice(0, 4), (index) => seen.push(index));
  expect(seen).toEqual([0, 1, 2]);
});

describe('runVectors', () => {
  test('counts, selects and exempts', async () => {
    const vectors = (await loadVectors('gk20a')).filter(({ family }) => family === 'handed');
    const [first, second, third] = vectors as [Vector, Vector, Vector];
    const wrong: Implementation = async function* (script) {
      let line = 0;
      for await (const result of simulator()(script))
        yield line++ === 1 ? result.replace('"ret":0', '"ret":1') : result;
    };
    const failed: string[] = [];
    const summary = await runVectors(vectors, wrong, {
      only: ({ name }) => [first, second, third].some((vector) => vector.name === name),
      exemptions: [{ vectors: [second.name], reason: 'tried in a test' }],
      onResult: ({ name }, outcome) => {
        if (!isPassed(outcome)) failed.push(name);
      },
    });
    expect(summary).toEqual({ passed: 0, failed: 2, exempt: 1 });
    expect(failed).toEqual([first.name, third.name]);
  });
});
