import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folder, script, SMALL, trace } from './program.js';
import { vectorFiles } from './vector.js';

const two = script(
  '{"op":"vmm","id":"v"}',
  '{"op":"mem","id":"m","target":"vram","page":16,"extents":[["0x40000000","0x20000"]]}',
  '{"op":"get","id":"a","size":"0x20000","page":16}',
  '{"op":"map","vma":"a","mem":"m","ro":true}',
  '{"op":"unmap","vma":"a"}',
);

describe('run --perfetto', () => {
  interface Event {
    name: string;
    ph: string;
    ts: number;
    pid: number;
    tid: number;
    dur?: number;
    args?: Record<string, unknown>;
  }

  test('writes a trace with operations, tables, flushes and counters', async () => {
    const path = folder();
    const file = join(path, 'trace.json');
    const { code } = await trace(['run', '-', '--perfetto', file], { input: two });
    expect(code).toBe(0);
    const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as { traceEvents: Event[] };
    const names = (ph: string): string[] => traceEvents.filter((event) => event.ph === ph).map(({ name }) => name);
    expect(names('X')).toEqual(['device', 'vmm', 'mem', 'get', 'map', 'unmap']);
    expect(names('i')).toEqual([...Array<string>(5).fill('table new'), 'flush', 'flush', ...names('i').slice(7)]);
    // What the Trace Event Format asks of each kind of event.
    for (const event of traceEvents) {
      expect(event.ph).toMatch(/^[XiCM]$/);
      expect([event.ts, event.pid, event.tid].every((value) => Number.isInteger(value))).toBe(true);
      if (event.ph === 'C') {
        for (const value of Object.values(event.args ?? {})) expect(value).toEqual(expect.any(Number));
      }
      if (event.ph === 'X') expect(event.dur).toEqual(expect.any(Number));
    }
    const map = traceEvents.find(({ name }) => name === 'map');
    expect(map?.args).toMatchObject({ vma: 'a', mem: 'm', ro: true, ret: 0, line: 6 });
    const counters = traceEvents.filter(({ ph }) => ph === 'C').map(({ args }) => args?.['mapped KiB']);
    expect(counters).toEqual([0, 0, 0, 0, 128, 0]);
    // Spans follow one another, and what happens inside one has its time there.
    const spans = traceEvents.filter(({ ph }) => ph === 'X');
    spans.forEach(({ ts, dur = 0 }, i) => expect(spans[i + 1]?.ts ?? Infinity).toBeGreaterThanOrEqual(ts + dur));
  });

  test('says when the file can not be written', async () => {
    const { code, stderr } = await trace(['run', '-', '--perfetto', '/nonexistent/x.json'], { input: two });
    expect(stderr).toMatch(/\/nonexistent\/x\.json: no such file or folder/);
    expect(code).toBe(2);
  });
});

describe('plan', () => {
  test('sums up tables, bytes and flushes', async () => {
    const { code, stdout } = await trace(['plan', '-', '--total', '--json'], { input: SMALL });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      total: {
        operations: 5,
        tables: 5,
        bytes: 16416,
        freed: 0,
        flushes: 1,
        writes: 3,
        pages: 0,
        levels: { PGD: 3, LPT: 1 },
        peakTables: 5,
        peakBytes: 16416,
      },
    });
  });

  test('counts from an operation on', async () => {
    const { stdout } = await trace(['plan', '-', '--from', '5', '--json'], { input: two });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { op?: string });
    expect(lines.map(({ op }) => op)).toEqual(['unmap', undefined]);
  });

  test.each([
    [['--from', '3', '--to', '2'], /--to 2 comes before --from 3/],
    [['--from', '99'], /has no operation 99: the last is 5/],
    [['--from', 'x'], /number of an operation/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await trace(['plan', '-', ...args], { input: two });
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

describe('lint', () => {
  test.each([
    ['gp100', 'pfn-2m-over-4k', 'KD-11'],
    ['gp100', 'sparse-residue', 'KD-03'],
    ['gk104', 'boot-spte-overflow', 'KD-01'],
    ['nv50', 'tesla-managed-mix2', 'KD-06'],
    ['gm200', 'comp-gm200-64k-halves', 'KD-52'],
  ])('finds in the recorded %s script %s what it was made for', async (chip, name, rule) => {
    const { script: text } = await vectorFiles(chip, `defects/${name}`);
    const { code, stdout } = await trace(['lint', '-', '--json'], { input: text });
    const rules = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { rule: string }).rule);
    expect(rules).toContain(rule);
    expect(code).toBe(1);
  });

  test('has nothing to say of a plain script', async () => {
    const { code, stdout } = await trace(['lint', '-'], { input: SMALL });
    expect(stdout).toBe('0 errors, 0 warnings, 0 notes\n');
    expect(code).toBe(0);
  });
});

describe('diff', () => {
  test('finds what an operation changed', async () => {
    const file = join(folder({ 's.vmm.jsonl': two }), 's.vmm.jsonl');
    const { code, stdout } = await trace(['diff', `${file}@4`, file]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^0x0-0x20000 128K\n {2}- vram 0x40000000, 64K pages, read-only\n {2}\+ nothing$/m);
    expect((await trace(['diff', file, `${file}@5`])).code).toBe(0);
  });

  test('takes dumps, and two chips for one script', async () => {
    const path = folder({ 's.vmm.jsonl': SMALL });
    const [file, dump] = [join(path, 's.vmm.jsonl'), join(path, 'dump.txt')];
    await trace(['run', file, '--dump', dump]);
    const same = await trace(['diff', file, dump]);
    expect(same.stdout).toContain('all addresses translate alike; 0 tables only in A');
    expect(same.code).toBe(0);
    const chips = await trace(['diff', file, '--chips', 'gp100,tu102']);
    expect(chips.stdout).toContain(
      'all addresses translate alike; 0 tables only in A, 0 only in B, 0 with other bytes',
    );
    expect(chips.code).toBe(0);
  });

  test('compares tables of two chips by what they are for', async () => {
    const file = join(folder({ 's.vmm.jsonl': SMALL }), 's.vmm.jsonl');
    const lines = (await trace(['diff', file, '--chips', 'gp100,gh100', '--json'])).stdout.trim().split('\n');
    const tables = lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((it) => it['type'] === 'table');
    // gh100 has a level more, and other entries.
    expect(tables.find(({ level }) => level === 'PD4')).toMatchObject({ difference: 'only in B' });
    expect(tables.find(({ level }) => level === 'PD0')).toMatchObject({ difference: 'other bytes', va: '0x0' });
    expect(tables.find(({ level }) => level === 'PD3')).toMatchObject({ difference: 'other size', bytes: 32 });
  });

  test('says what the first word is that differs', async () => {
    const file = join(folder({ 's.vmm.jsonl': two }), 's.vmm.jsonl');
    const { stdout } = await trace(['diff', `${file}@4`, file]);
    expect(stdout).toMatch(/first at offset 0x[0-9a-f]+: 0x[0-9a-f]{8} in A, 0x[0-9a-f]{8} in B$/m);
  });

  test.each([
    [['x'], /Name a second state, or two chips/],
    [['-', '-'], /only one side can be standard input/],
    [['x', '--chips', 'gp100'], /--chips takes two chips/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await trace(['diff', ...args]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

describe('import', () => {
  test('gives back the lines of the log that a run printed', async () => {
    const trim = (text: string): string[] => text.split('\n').filter((line) => / user: /.test(line));
    const { stdout: log } = await trace(['run', '-', '--log', 'trace', '--no-tables'], { input: two });
    const made = await trace(['import', '-', '--chip', 'gp100', '--strict'], { input: log });
    expect(made.code).toBe(0);
    expect(made.stderr).toContain('reproduced\n');
    const again = await trace(['run', '-', '--log', 'trace', '--no-tables'], { input: made.stdout });
    expect(trim(again.stdout)).toEqual(trim(log));
    expect(trim(log).length).toBeGreaterThan(5);
  });

  test('takes the chip from the log, and says what it does not tell', async () => {
    const log = [
      'nouveau 0000:01:00.0: NVIDIA GP104 (134000a1)',
      'nouveau 0000:01:00.0: mmu: user: getref 0 mapref 1 sparse 0 shift: 12 align: 0 size: 0000000000001000',
      'nouveau 0000:01:00.0: mmu: user: 00000:00000:00000:00000:00000: ref + map: 0000000000000000 0000000000001000 12 1 PTEs',
    ].join('\r\n');
    const { stdout, stderr, code } = await trace(['import', '-'], { input: log });
    expect(code).toBe(0);
    expect(stdout).toContain('{"op":"device","chip":"gp100"}');
    expect(stderr).toContain(
      '2 lines of 2 reproduced; 5 lines of the script not in the log\n1 maps: where the memory is',
    );
  });

  test.each([
    [['import', '-'], 'hello\n', /names no chip: give --chip, one of nv50/],
    [['import', '-', '--chip', 'gp100'], 'hello\n', /has no mmu trace lines: the kernel prints them with/],
  ])('%j says what is missing', async (args, input, message) => {
    const { code, stderr } = await trace(args, { input });
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
