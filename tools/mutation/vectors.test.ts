// Recorded results of the driver, of short scripts and without `verify()`: a second instead of a minute.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isPassed, readVectors, runVector, simulator, VECTOR_FILES, vectorUrl } from '@nvmmu/conformance';
import type { Sha256Factory } from '@nvmmu/script';
import { expect, test } from 'vitest';

/** Most lines of a script that is run. */
const LONGEST = 20;

const sha256: Sha256Factory = () => {
  const hash = createHash('sha256');
  return { update: (data) => hash.update(data), digest: () => hash.digest('hex') };
};

test.each(VECTOR_FILES)('$chip', async ({ chip }) => {
  for await (const vector of readVectors(readFileSync(vectorUrl(chip)))) {
    if (vector.script.length > LONGEST) continue;
    const outcome = await runVector(vector, simulator({ sha256 }));
    expect([vector.name, isPassed(outcome)]).toEqual([vector.name, true]);
  }
});
