import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatHeader, formatOperation, parseOperation, parseScript } from '../src/index.js';
import { anyOperation } from './arbitrary.js';

test('what is written is read back as it was', () => {
  fc.assert(
    fc.property(anyOperation, (operation) => {
      const text = formatOperation(operation);
      expect(parseOperation({ number: 0, text, complete: true })).toEqual(operation);
    }),
    { numRuns: 1000 },
  );
});

test('written operations are one line each', () => {
  fc.assert(
    fc.property(anyOperation, (operation) => {
      expect(formatOperation(operation)).not.toMatch(/[\n\r]/);
    }),
  );
});

test('defaults and absent keys are left out', () => {
  const script = `{"format":"vmm-script","version":1,"title":"t"}
{"op":"device","chip":"gp100"}
{"op":"vmm","id":"v"}
{"op":"mem","id":"m","target":"vram","extents":[["0x0","0x1000"]]}
{"op":"get","id":"a","size":"0x1000"}
{"op":"map","vma":"a","mem":"m"}
{"op":"map","vmm":"v","vma":"a","delta":"0x10","size":"0x1000","mem":"m","offset":"0x1000","kind":254,"ro":true}`;
  const { header, operations } = parseScript(script);
  expect([formatHeader(header), ...operations.map(formatOperation)].join('\n')).toBe(script);
});
