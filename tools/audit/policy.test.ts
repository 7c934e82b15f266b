import { expect, test } from 'vitest';
import { readAnswer, stopping, type Advisory } from './policy.js';

const bad = (advisory: string, severity: Advisory['severity']): Advisory => ({
  advisory,
  name: 'left-pad',
  severity,
  title: 'Pads too far',
});

test('advisories from the least severity on stop a change', () => {
  const all = [bad('GHSA-1', 'low'), bad('GHSA-2', 'high'), bad('GHSA-3', 'critical')];
  expect(stopping(all, 'high', [], '2026-01-01').map((one) => one.advisory)).toEqual(['GHSA-2', 'GHSA-3']);
  expect(stopping(all, 'low', [], '2026-01-01')).toHaveLength(3);
});

test('an accepted advisory does not, until its last day is over', () => {
  const accepted = [{ advisory: 'GHSA-2', reason: 'only pads what we wrote', until: '2026-03-31' }];
  expect(stopping([bad('GHSA-2', 'high')], 'low', accepted, '2026-03-31')).toEqual([]);
  expect(stopping([bad('GHSA-2', 'high')], 'low', accepted, '2026-04-01')).toHaveLength(1);
});

test('what pnpm prints is read', () => {
  const printed = JSON.stringify({
    advisories: {
      '1': { github_advisory_id: 'GHSA-1', module_name: 'a', severity: 'high', title: 'A' },
      '2': { module_name: 'b', severity: 'dreadful', title: 'B' },
    },
  });
  expect(readAnswer(printed)).toEqual({
    kind: 'advisories',
    advisories: [
      { advisory: 'GHSA-1', name: 'a', severity: 'high', title: 'A' },
      { advisory: '2', name: 'b', severity: 'critical', title: 'B' },
    ],
  });
});

test('a registry that can not be asked is told from one that has nothing to say', () => {
  const error = (code: string): string => JSON.stringify({ error: { code, message: 'responded with 405' } });
  expect(readAnswer(error('ERR_PNPM_AUDIT_BAD_RESPONSE'))).toMatchObject({ kind: 'unreachable' });
  expect(() => readAnswer(error('ERR_PNPM_AUDIT_NO_LOCKFILE'))).toThrow(/NO_LOCKFILE/);
  expect(() => readAnswer('{}')).toThrow(/no advisories/);
});
