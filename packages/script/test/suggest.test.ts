import { expect, test } from 'vitest';
import { didYouMean } from '../src/index.js';

test.each([
  ['sise', ['size', 'mem'], ' (did you mean "size"?)'],
  ['SIZE', ['size'], ' (did you mean "size"?)'],
  ['unmpa', ['map', 'unmap'], ' (did you mean "unmap"?)'],
  ['ptu', ['get', 'put'], ' (did you mean "put"?)'],
  ['pxx', ['put', 'get'], ''],
  ['pu', ['put', 'get'], ' (did you mean "put"?)'],
  ['whatever', ['size', 'mem'], ''],
  ['x'.repeat(100), ['size'], ''],
  ['size', [], ''],
])('%j among %j', (word, candidates, hint) => {
  expect(didYouMean(word, candidates)).toBe(hint);
});
