import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { folder, trace } from './program.js';
import { vectorFiles } from './vector.js';

let basic: { script: string; recorded: string };
let dual: { script: string; recorded: string };
let turing: { script: string; recorded: string };

beforeAll(async () => {
  basic = await vectorFiles('gp100', 'handed/basic.gp100');
  dual = await vectorFiles('gp100', 'handed/dual-big-first.gp100');
  turing = await vectorFiles('tu102', 'handed/basic.tu102');
});

/** A folder with scripts and results; results that are `undefined` are left out. */
function cases(files: Readonly<Record<string, { script: string; recorded?: string }>>): string {
  const all: [string, string][] = [];
  for (const [name, { script, recorded }] of Object.entries(files)) {
    all.push([`${name}.vmm.jsonl`, script]);
    if (recorded !== undefined) all.push([`${name}.golden.jsonl`, recorded]);
  }
  return folder(Object.fromEntries(all));
}

describe('check', () => {
  test('passes what is as recorded', async () => {
    const path = cases({ a: basic, b: dual });
    expect(await trace(['check', path])).toEqual({ code: 0, stdout: '2 passed, 0 failed\n', stderr: '' });
    expect(await trace(['check', path, '--verify'])).toMatchObject({ code: 0, stdout: '2 passed, 0 failed\n' });
  });

  test('takes single scripts, and folders in folders', async () => {
    const path = cases({ a: basic });
    mkdirSync(join(path, 'more', 'deep'), { recursive: true });
    writeFileSync(join(path, 'more', 'deep', 'b.vmm.jsonl'), dual.script);
    writeFileSync(join(path, 'more', 'deep', 'b.golden.jsonl'), dual.recorded);
    expect((await trace(['check', path])).stdout).toBe('2 passed, 0 failed\n');
    expect((await trace(['check', join(path, 'a.vmm.jsonl')])).stdout).toBe('1 passed, 0 failed\n');
    expect((await trace(['check', join(path, 'a.vmm.jsonl'), join(path, 'more')])).stdout).toBe('2 passed, 0 failed\n');
  });

  test('says what differs first: operation, field, expected and got', async () => {
    const wrong = dual.recorded.replace('"addr":"0x50000"', '"addr":"0x51000"');
    const path = cases({ a: basic, b: { script: dual.script, recorded: wrong } });
    const { code, stdout } = await trace(['check', path]);
    expect(code).toBe(1);
    expect(stdout).toBe(
      `${join(path, 'b.vmm.jsonl')}: operation 6 get: addr
  expected "0x51000"
  got      "0x50000"
1 passed, 1 failed
`,
    );
  });

  test('finds results that are missing, and too many', async () => {
    const lines = dual.recorded.split('\n');
    const short = cases({ a: { script: dual.script, recorded: `${lines.slice(0, -2).join('\n')}\n` } });
    expect(await trace(['check', short])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('expected nothing') as string,
    });
    const long = cases({ a: { script: dual.script, recorded: `${dual.recorded}${lines[0] ?? ''}\n` } });
    expect(await trace(['check', long])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('got      nothing') as string,
    });
  });

  test('--chips leaves out scripts for others', async () => {
    const path = cases({ a: basic, b: turing });
    expect((await trace(['check', path, '--chips', 'tu102'])).stdout).toBe('1 passed, 0 failed\n');
    expect((await trace(['check', path, '--chips', 'tu102,gp100'])).stdout).toBe('2 passed, 0 failed\n');
    expect((await trace(['check', path, '--chips', 'gh100'])).stdout).toBe('0 passed, 0 failed\n');
  });

  test('--json has a line for each script', async () => {
    const path = cases({
      a: basic,
      b: { script: dual.script, recorded: dual.recorded.replace('"ret":0', '"ret":-1') },
    });
    const { code, stdout } = await trace(['check', path, '--json']);
    expect(code).toBe(1);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([
      { script: join(path, 'a.vmm.jsonl'), passed: true },
      { passed: false, index: 0, op: 'device', differences: [{ field: 'ret', expected: '-1', got: '0' }] },
    ]);
  });

  test('a mistake in a script is not a difference: it ends with 2, after the others have run', async () => {
    const path = cases({ a: { script: `${basic.script}{"op":"bot"}\n`, recorded: basic.recorded }, b: dual });
    const { code, stdout } = await trace(['check', path]);
    expect(code).toBe(2);
    expect(stdout).toContain(': line ');
    expect(stdout).toContain('unknown op "bot" (did you mean "boot"?)');
    expect(stdout).toContain('1 passed, 0 failed, 1 with mistakes\n');
  });

  test.each([
    ['a script without results', 'x.vmm.jsonl', /x\.golden\.jsonl: no such file/],
    ['a file of another name', 'x.jsonl', /is called NAME\.vmm\.jsonl/],
    ['a folder without scripts', '', /no \.vmm\.jsonl with a \.golden\.jsonl beside it/],
  ])('%s is wrong usage', async (_name, file, message) => {
    const path = folder({ 'x.vmm.jsonl': basic.script, 'x.jsonl': '' });
    const { code, stderr } = await trace(['check', join(path, file)]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
