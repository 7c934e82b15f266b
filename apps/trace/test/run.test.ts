import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDump } from '@nvmmu/vmm-core';
import { describe, expect, test } from 'vitest';
import { folder, HEADER, script, SMALL, trace } from './program.js';
import { vectorFiles } from './vector.js';

const EXAMPLE = fileURLToPath(new URL('../../../examples/first-light.vmm.jsonl', import.meta.url));

describe('the account', () => {
  test('says what was asked and what came out', async () => {
    const { code, stdout, stderr } = await trace(['run', '-'], { input: SMALL });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^ +3 {2}get +a: 128K, 64K pages +0x0$/m);
    expect(stdout).toMatch(/^ +4 {2}map +a to m, read-only +ok {2}\(4 tables new, 3 register writes\)$/m);
    expect(stdout).toMatch(/^5 operations, 0 refused$/m);
  });

  test('ends with the page tables, flags spelled out', async () => {
    const { stdout } = await trace(['run', '-'], { input: SMALL });
    expect(stdout).toContain('v "user", addresses 0x0-0x2000000000000\n');
    expect(stdout).toMatch(/^ {2}PD3 at 0x100000 in vram/m);
    expect(stdout).toMatch(/^ {10}0 {2}LPT at 0x104000 in vram/m);
    expect(stdout).toMatch(/^ {12}0-1 {2}0x0-0x20000 128K to vram 0x40000000, 64K pages, read-only$/m);
    expect((await trace(['run', '-', '--no-tables'], { input: SMALL })).stdout).not.toContain('PD3');
  });

  test('gives the reason of a refusal', async () => {
    const { code, stdout } = await trace(['run', '-'], {
      input: script('{"op":"vmm","id":"v"}', '{"op":"put","addr":"0x1000"}'),
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/put +0x1000 +ENOENT: /);
    expect(stdout).toContain('3 operations, 1 refused');
  });

  test('of the example that ships shows every kind of page', async () => {
    const { code, stdout } = await trace(['run', EXAMPLE, '--verify']);
    expect(code).toBe(0);
    for (const words of [
      '2M pages, kind 0xdb',
      '64K pages',
      '4K pages, privileged, volatile',
      '2M sparse',
      'to ncoh',
    ]) {
      expect(stdout).toContain(words);
    }
  });

  test('is plain text when it goes to a file, and colours can be asked for', async () => {
    expect((await trace(['run', EXAMPLE], { env: { NO_COLOR: '' } })).stdout).not.toContain('\u001b');
    expect((await trace(['run', EXAMPLE], { env: { NO_COLOR: '', FORCE_COLOR: '1' } })).stdout).toContain('\u001b[');
  });

  test('shows the tables of a chip whose directory lives in instance blocks once one is joined', async () => {
    const space = [HEADER, '{"op":"device","chip":"nv50"}', '{"op":"vmm","id":"v"}'];
    expect((await trace(['run', '-'], { input: space.join('\n') })).stdout).toContain('none is joined');
    const mapped = [
      ...space,
      '{"op":"join","inst":"i"}',
      '{"op":"mem","id":"m","target":"vram","extents":[["0x10000","0x1000"]]}',
      '{"op":"get","id":"a","size":"0x1000","page":12}',
      '{"op":"map","vma":"a","mem":"m"}',
    ];
    expect((await trace(['run', '-'], { input: mapped.join('\n') })).stdout).toMatch(/to vram 0x10000, 4K pages/);
  });
});

describe('--log', () => {
  test('prints the log lines of a level after each operation', async () => {
    const spam = (await trace(['run', '-', '--log', 'spam'], { input: SMALL })).stdout;
    expect(spam).toContain(
      'user: 00000:00000:00000:00000:00000: ref + map: 0000000000000000 0000000000020000 16 2 PTEs',
    );
    expect(spam).toContain('PDE write LPT');
    const debug = (await trace(['run', '-', '--log', 'debug'], { input: SMALL })).stdout;
    expect(debug).not.toContain('ref + map');
  });
});

describe('--json', () => {
  test.each([
    ['gp100', 'handed/dual-big-first.gp100'],
    ['tu102', 'handed/comp.tu102'],
    ['gp100', 'random/random.gp100.1'],
    ['nv50', 'handed/large.nv50'],
  ])('prints the recorded lines of %s %s, byte for byte', async (chip, name) => {
    const files = await vectorFiles(chip, name);
    const { code, stdout, stderr } = await trace(['run', '--json', '-'], { input: files.script });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(files.recorded);
  });
});

describe('--chip', () => {
  test('runs the same script on another chip', async () => {
    const { code, stdout } = await trace(['run', '-', '--chip', 'gh100'], { input: SMALL });
    expect(code).toBe(0);
    expect(stdout).toMatch(/PD4 at/);
  });

  test('says what that chip lacks', async () => {
    const { code, stdout } = await trace(['run', '-', '--chip', 'gf100'], {
      input: script('{"op":"vmm","id":"v"}', '{"op":"get","id":"a","size":"0x20000","page":21}'),
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/EINVAL: .*page/);
  });
});

describe('--dump', () => {
  test('writes memory as text that reads back', async () => {
    const file = join(folder(), 'memory.txt');
    expect(await trace(['run', '-', '--dump', file], { input: SMALL })).toMatchObject({ code: 0, stderr: '' });
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/^0000104000: 04000041 00000000 04001041 00000000$/m);
    expect(text).toContain('\n...\n');
    const pieces = parseDump(text.split('\n'));
    expect(pieces.find(({ addr }) => addr === 0x100000)?.words[0]).toBe(0x10102);
  });

  test('a file that cannot be written is named', async () => {
    const file = join(folder(), 'none', 'memory.txt');
    expect(await trace(['run', '-', '--dump', file], { input: SMALL })).toMatchObject({
      code: 2,
      stderr: `nvmmu-trace: ${file}: no such file or folder\n`,
    });
  });
});

describe('exit codes', () => {
  test('--strict ends with 1 when an operation was refused', async () => {
    const input = script('{"op":"vmm","id":"v"}', '{"op":"put","addr":"0x1000"}');
    expect((await trace(['run', '-', '--strict'], { input })).code).toBe(1);
    expect((await trace(['run', '-', '--strict'], { input: SMALL })).code).toBe(0);
  });

  test.each([
    ['bad JSON', script('{"op":"vmm" "id":"v"}'), 'line 3: not valid JSON'],
    [
      'an unknown key',
      script('{"op":"vmm","id":"v","nmae":"x"}'),
      'line 3: op "vmm": unknown key "nmae" (did you mean "name"?)',
    ],
    ['a wrong type', script('{"op":"vmm","id":5}'), 'line 3: op "vmm": key "id": expected a string, got 5'],
    [
      'an address out of range',
      script('{"op":"vmm","id":"v"}', '{"op":"put","addr":"0x10000000000000000"}'),
      'line 4: op "put": key "addr": "0x10000000000000000" does not fit 64 bits',
    ],
    [
      'unknown memory',
      script('{"op":"vmm","id":"v"}', '{"op":"map","addr":"0x0","mem":"m"}'),
      'line 4: op "map": memory object "m" was never defined',
    ],
    [
      'an operation after close',
      script('{"op":"vmm","id":"v"}', '{"op":"close"}', '{"op":"boot","vmm":"v"}'),
      'line 5: op "boot": address space "v" was closed on line 4',
    ],
    [
      'a truncated last line',
      script('{"op":"vmm","id":"v"}').slice(0, -4),
      'line 3: not valid JSON: the last line is cut off',
    ],
    ['no script at all', '', 'line 1: the script is empty'],
    ['something else', 'hello\n', 'line 1: not valid JSON'],
  ])('%s gives a located error and 2', async (_name, input, message) => {
    const { code, stderr } = await trace(['run', '-'], { input });
    expect(stderr).toContain(`nvmmu-trace: standard input: ${message}`);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect(code).toBe(2);
  });

  test('what ran before a mistake is printed', async () => {
    const { code, stdout } = await trace(['run', '-'], { input: `${SMALL}{"op":"bot"}\n` });
    expect(code).toBe(2);
    expect(stdout).toMatch(/map +a to m/);
  });

  test('a line of 100 MB is refused without keeping it', async () => {
    const input = function* (): Generator<Uint8Array> {
      yield new TextEncoder().encode(`${HEADER}\n`);
      for (let i = 0; i < 100; i++) yield new Uint8Array(2 ** 20).fill(0x20);
    };
    const { code, stderr } = await trace(['run', '-'], { input: input() });
    expect(stderr).toContain('line 2: the line is longer than 16 MiB');
    expect(code).toBe(2);
  });

  test('bytes that are no UTF-8 are located', async () => {
    const bytes = [new TextEncoder().encode(`${HEADER}\n{"op":"`), Uint8Array.of(0xff, 0x0a)];
    expect(await trace(['run', '-'], { input: bytes })).toMatchObject({
      code: 2,
      stderr: 'nvmmu-trace: standard input: line 2: not valid UTF-8 at byte 8 of the line\n',
    });
  });
});

test('a reader that goes away ends the run quietly', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `{"op":"get","id":"${i}","size":"0x1000"}`);
  const input = script('{"op":"vmm","id":"v"}', ...lines);
  const { code, stdout, stderr } = await trace(['run', '-', '--json'], { input, closeAfter: 1000 });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout.length).toBeLessThan(2_000_000);
});
