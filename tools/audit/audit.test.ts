// Asks the registry for advisories about everything in our lockfiles: pnpm audit:check
// Where it has no such service the test says so and is skipped, unless REQUIRE_AUDIT is set.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fromRoot, pnpmCommand } from '../packages.js';
import { type Answer, type Policy, readAnswer, stopping } from './policy.js';

const policy = JSON.parse(readFileSync(new URL('policy.json', import.meta.url), 'utf8')) as Policy;
/** Milliseconds for one answer. */
const PATIENCE = 90_000;

const today = new Date().toISOString().slice(0, 10);

test.for([
  ['what is installed with our packages', './', ['--prod'], policy.shipped],
  ['the tools of the repository', './', [], policy.tools],
  ['the registry of the rehearsal', 'tools/registry', [], policy.tools],
  ['the tools of the documentation', 'tools/docs', [], policy.tools],
] as const)('%s', { timeout: 120_000 }, ([what, folder, args, least], { skip }) => {
  const [program, ...first] = pnpmCommand();
  // Its exit code says that there are advisories, however harmless.
  const { stdout, stderr, signal } = spawnSync(program, [...first, 'audit', '--json', ...args], {
    cwd: fromRoot(folder),
    encoding: 'utf8',
    timeout: PATIENCE,
    env: { ...process.env, npm_config_fetch_retries: '0' },
  });
  if (signal === null && !stdout.startsWith('{')) throw new Error(`pnpm audit printed no JSON: ${stdout}${stderr}`);
  const answer: Answer =
    signal === null ? readAnswer(stdout) : { kind: 'unreachable', why: `no answer in ${PATIENCE / 1000} s` };
  if (answer.kind === 'unreachable') {
    if (process.env['REQUIRE_AUDIT']) throw new Error(`the registry was not asked: ${answer.why}`);
    console.log(`audit: not done for ${what}, the registry does not answer (${answer.why})`);
    skip(answer.why);
    return;
  }
  const bad = stopping(answer.advisories, least, policy.accepted, today);
  console.log(`audit: ${what}: ${answer.advisories.length} advisories, ${bad.length} of them stop a change`);
  expect(bad).toEqual([]);
});
