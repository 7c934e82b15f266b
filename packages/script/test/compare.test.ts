import { expect, test } from 'vitest';
import { compareLines, compareResults } from '../src/index.js';

const result = { i: 4, op: 'map', ret: 0, log: ['a', 'b'], ev: [['ptfree', '0x1000']], mem: 'ff' };

test('equal results have no difference, whatever the order of their keys and the spaces', () => {
  expect(compareResults(result, structuredClone(result))).toEqual([]);
  expect(compareLines('{"i":1,"op":"x"}', '{ "op": "x", "i": 1 }')).toEqual([]);
});

test('the return code comes first, however late its key is', () => {
  expect(compareResults(result, { ...result, ret: -22, log: [], mem: 'ee' })).toEqual([
    { field: 'ret', expected: '0', got: '-22' },
    { field: 'log[0]', expected: '"a"', got: undefined },
    { field: 'mem', expected: '"ff"', got: '"ee"' },
  ]);
});

test.each([
  [['a', 'c'], 'log[1]', '"b"', '"c"'],
  [['a'], 'log[1]', '"b"', undefined],
  [['a', 'b', 'c'], 'log[2]', undefined, '"c"'],
])('the first item of a list that differs is named: %j', (log, field, expected, got) => {
  expect(compareResults(result, { ...result, log })).toEqual([{ field, expected, got }]);
});

test('events are compared whole', () => {
  expect(compareResults(result, { ...result, ev: [['ptfree', '0x2000']] })).toEqual([
    { field: 'ev[0]', expected: '["ptfree","0x1000"]', got: '["ptfree","0x2000"]' },
  ]);
});

test('a key that is missing or too much is a difference', () => {
  const { mem: _mem, ...without } = result;
  expect(compareResults(result, without)).toEqual([{ field: 'mem', expected: '"ff"', got: undefined }]);
  expect(compareResults(without, { ...without, extra: 1 })).toEqual([
    { field: 'extra', expected: undefined, got: '1' },
  ]);
});

test('a list against its digest is a difference in both', () => {
  const { log: _log, ...rest } = result;
  const fields = compareResults(result, { ...rest, logN: 65, logSha: 'ab' }).map(({ field }) => field);
  expect(fields).toEqual(['log', 'logN', 'logSha']);
});

test('what is no result at all differs as a whole', () => {
  expect(compareResults(result, 7)).toMatchObject([{ field: 'result', got: '7' }]);
});
