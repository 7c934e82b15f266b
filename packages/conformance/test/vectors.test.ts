import { createHash } from 'node:crypto';
import type { Sha256Factory } from '@nvmmu/script';
import { describe, expect, test } from 'vitest';
import { isPassed, runVector, runVectors, simulator, VECTOR_FILES } from '../src/index.js';
import { loadVector, loadVectors } from './load.js';

// Node's own hash: several times as fast as the portable one, which has a test below.
const sha256: Sha256Factory = () => {
  const hash = createHash('sha256');
  return { update: (data) => hash.update(data), digest: () => hash.digest('hex') };
};

describe('every recorded result comes out, and every address space verifies after every operation', () => {
  test.each(VECTOR_FILES)('$chip', { timeout: 300_000 }, async ({ chip, vectors }) => {
    const failures: string[] = [];
    const summary = await runVectors(await loadVectors(chip), simulator({ sha256, verify: true }), {
      onResult: ({ name }, outcome) => {
        if (isPassed(outcome)) return;
        const { mismatch, error } = outcome;
        const [first] = mismatch?.differences ?? [];
        failures.push(
          mismatch === undefined
            ? `${name}: ${String(error)}`
            : `${name}: operation ${mismatch.index} ${mismatch.op ?? ''}: ${first?.field ?? ''}: ${first?.expected ?? ''} became ${first?.got ?? ''}`,
        );
      },
    });
    expect(failures).toEqual([]);
    expect(summary).toEqual({ passed: vectors, failed: 0, exempt: 0 });
  });
});

test('the portable hash gives the same results', async () => {
  const vector = await loadVector('gp100', 'handed/basic.gp100');
  expect(await runVector(vector, simulator())).toMatchObject({ mismatch: undefined, error: undefined });
});
