import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { trace } from './program.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

test('--version prints the version of the package', async () => {
  expect(await trace(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test('--help lists the commands and the exit codes', async () => {
  const { code, stdout } = await trace(['--help']);
  expect(code).toBe(0);
  for (const word of ['run', 'check', 'time', 'Exit codes: 0 fine']) expect(stdout).toContain(word);
});

test.each(['run', 'check', 'time'])('%s --help has examples', async (command) => {
  const { code, stdout } = await trace([command, '--help']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/Examples?:\n {2}nvmmu-trace /);
});

describe('wrong usage ends with 2 and says what is wrong', () => {
  test.each([
    [[], /Usage: nvmmu-trace/],
    [['frobnicate'], /unknown command 'frobnicate'\nTry "nvmmu-trace --help"\./],
    [['rnu', 'x'], /Did you mean run\?/],
    [['run'], /missing required argument 'script'\nTry "nvmmu-trace run --help"\./],
    [['run', 'x', '--jsno'], /unknown option '--jsno'[^]*Did you mean --json\?/],
    [['run', 'x', '--log', 'all'], /Allowed choices are debug, trace, spam/],
    [['run', 'x', '--json', '--log', 'spam'], /'--json' cannot be used with option '--log <level>'/],
    [['run', 'x', '--chip', 'gp10'], /There is no chip "gp10" \(did you mean "gp100"\?\)/],
    [['time', 'x', '--repeat', '0'], /whole number from 1/],
    [['check'], /missing required argument 'path'/],
    [['check', '.', '--chips', 'gp100,zz'], /There is no chip "zz"/],
    [['run', '/nonexistent/x'], /\/nonexistent\/x: no such file or folder/],
    [['run', '.'], /\.: is a folder/],
    [['time', '/nonexistent/x'], /no such file or folder/],
    [['check', '/nonexistent/x'], /no such file or folder/],
  ])('%j', async (args, message) => {
    const { code, stderr } = await trace(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(2);
  });
});
