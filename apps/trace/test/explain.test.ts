import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { traceInProcess } from './in-process.js';
import { violations, type Schema } from './json-schema.js';
import { folder, script, trace } from './program.js';

const CORPUS = fileURLToPath(new URL('../../../packages/faults/test/corpus/', import.meta.url));
const names = readdirSync(CORPUS)
  .filter((file) => file.endsWith('.log'))
  .map((file) => file.slice(0, -'.log'.length));

const SCHEMA = JSON.parse(readFileSync(new URL('../explain.schema.json', import.meta.url), 'utf8')) as Schema;

interface Expected {
  fault_count?: number;
  faults?: ({ line: number } & Record<string, unknown>)[];
  optional_faults?: number[];
}

type Fault = { line: number } & Record<string, unknown>;

const parse = (text: string): Fault[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Fault);

describe.each(names)('%s', (name) => {
  const path = join(CORPUS, `${name}.log`);
  const expected = JSON.parse(readFileSync(join(CORPUS, `${name}.expect.json`), 'utf8')) as Expected;
  const optional = new Set(expected.optional_faults ?? []);

  test('--json has exactly the faults that are there, and exits with 1 when there are some', async () => {
    const { code, stdout } = await traceInProcess(['explain', '--json', path]);
    const faults = parse(stdout);
    const required = faults.filter(({ line }) => !optional.has(line));
    expect(required.map(({ line }) => line)).toEqual((expected.faults ?? []).map(({ line }) => line));
    for (const fault of expected.faults ?? [])
      expect(faults.find(({ line }) => line === fault.line)).toMatchObject(fault);
    expect(code).toBe(faults.length > 0 ? 1 : 0);
    for (const fault of faults) expect(violations(fault, SCHEMA)).toEqual([]);
  });

  test('text and Markdown count them', async () => {
    const text = await traceInProcess(['explain', path]);
    const markdown = await traceInProcess(['explain', '--markdown', path]);
    const count = parse((await traceInProcess(['explain', '--json', path])).stdout).length;
    const words =
      count === 0 ? 'No MMU faults found.' : count === 1 ? '1 MMU fault, at line' : `${count} MMU faults, from line`;
    expect(text.stdout.startsWith(words)).toBe(true);
    expect(markdown.stdout.startsWith(`- ${words}`)).toBe(true);
    expect(text.code).toBe(count > 0 ? 1 : 0);
    expect(markdown.code).toBe(text.code);
    for (const line of text.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
  });
});

/** A fault line of nouveau. */
function fault(address: string, { access = '00 [READ]', reason = '02 [PTE]' } = {}): string {
  return `[ 1.0] nouveau 0000:01:00.0: fifo: fault ${access} at ${address.padStart(16, '0')} engine 00 [GR] client 01 [GPC0/T1_0] reason ${reason} on channel 2 [007f9a6000 game[123]]\n`;
}

interface WithMapping {
  mapping: {
    result: string;
    level?: string;
    index?: number;
    mappedBy?: { index: number; text: string };
    wasMappedBy?: { index: number };
    unmappedBy?: { index: number; text: string };
    neverMapped?: true;
    below?: { start: string; end: string; distance: string };
    above?: { start: string; distance: string };
  };
  explanation: { mapping: string[] };
}

// Operations 3 and 4 allocate and map 64 KiB at 0x0, 5 and 6 at 0x10000, 7 unmaps the first.
const STORY = script(
  '{"op":"vmm","id":"v"}',
  '{"op":"mem","id":"m","target":"vram","page":16,"extents":[["0x40000000","0x20000"]]}',
  '{"op":"get","id":"a","size":"0x10000","page":16}',
  '{"op":"map","vma":"a","mem":"m"}',
  '{"op":"get","id":"b","size":"0x10000","page":16}',
  '{"op":"map","vma":"b","mem":"m","offset":"0x10000","ro":true}',
  '{"op":"unmap","vma":"a"}',
);

describe('with a script', () => {
  let path: string;
  let story: string;

  async function mappings(lines: string, more: readonly string[] = []): Promise<WithMapping[]> {
    path = folder({ 'kern.log': lines, 'story.vmm.jsonl': STORY });
    story = join(path, 'story.vmm.jsonl');
    const { code, stdout } = await traceInProcess([
      'explain',
      '--json',
      join(path, 'kern.log'),
      '--script',
      story,
      ...more,
    ]);
    expect(code).toBe(1);
    const found = parse(stdout);
    for (const line of found) expect(violations(line, SCHEMA)).toEqual([]);
    return found as unknown as WithMapping[];
  }

  test('names the operation that took a mapping away, and the one that made it', async () => {
    const [found] = await mappings(fault('8000'));
    expect(found?.mapping).toMatchObject({
      result: 'fault',
      level: 'LPT',
      index: 0,
      wasMappedBy: { index: 4 },
      unmappedBy: { index: 7, text: 'unmap a' },
      above: { start: '0x10000', distance: '0x8000' },
    });
    expect(found?.explanation.mapping.join(' ')).toContain(
      'operation 7 (unmap a) took that mapping away: a use after unmap',
    );
  });

  test('--at looks at an earlier time, when it was still mapped', async () => {
    const [found] = await mappings(fault('8000'), ['--at', '6']);
    expect(found?.mapping).toMatchObject({ result: 'mapped', addr: '0x40008000', mappedBy: { index: 4 } });
    expect(found?.mapping).not.toHaveProperty('unmappedBy');
    expect(found?.explanation.mapping[0]).toContain('After operation 6 of the script the address is mapped');
  });

  test('tells a write to a read-only page from a missing page', async () => {
    const [write, read] = await mappings(
      fault('18000', { access: '01 [WRITE]', reason: '06 [RO_VIOLATION]' }) + fault('18000'),
    );
    expect(write?.mapping).toMatchObject({ result: 'fault', cause: 'ro', reason: 6 });
    expect(read?.mapping).toMatchObject({ result: 'mapped', ro: true });
  });

  test('says that an address was never mapped, and what is nearest', async () => {
    const [found] = await mappings(fault('20010'));
    expect(found?.mapping).toMatchObject({
      result: 'fault',
      neverMapped: true,
      below: { start: '0x10000', end: '0x20000', distance: '0x10' },
    });
    expect(found?.mapping).not.toHaveProperty('above');
    expect(found?.explanation.mapping.join(' ')).toContain('just past its end');
  });

  test('the same state from its dump, without the history', async () => {
    path = folder({ 'kern.log': fault('8000'), 'story.vmm.jsonl': STORY });
    const dump = join(path, 'memory.txt');
    await traceInProcess(['run', '--no-tables', '--dump', dump, join(path, 'story.vmm.jsonl')]);
    const { stdout } = await traceInProcess(['explain', '--json', join(path, 'kern.log'), '--dump', dump]);
    const [found] = parse(stdout) as unknown as WithMapping[];
    expect(found?.mapping).toMatchObject({ result: 'fault', level: 'LPT', above: { start: '0x10000' } });
    expect(found?.mapping).not.toHaveProperty('unmappedBy');
  });

  test('text has a section for it', async () => {
    await mappings(fault('8000'));
    const { stdout } = await traceInProcess(['explain', join(path, 'kern.log'), '--script', story]);
    expect(stdout).toMatch(
      /What was mapped there\n {2}After the whole script nothing is mapped there: LPT entry 0 at 0x/,
    );
  });
});

test('the schema can refuse', () => {
  expect(violations({ line: 1 }, SCHEMA)).toContain('$: no explanation');
  const mapping = { state: 's', result: 'gone', below: { start: '12', end: '0x1', distance: '0x0' }, more: 1 };
  expect(violations({ mapping }, SCHEMA)).toEqual(
    expect.arrayContaining(['$.mapping.result: gone', '$.mapping.below.start: 12', '$.mapping: unknown more']),
  );
});

describe('every way to end a mapping is told', () => {
  const MEM = '{"op":"mem","id":"m","target":"vram","page":12,"extents":[["0x40000000","0x4000"]]}';
  test.each([
    [
      'put',
      ['{"op":"get","id":"a","size":"0x4000","page":12}', '{"op":"map","vma":"a","mem":"m"}', '{"op":"put","vma":"a"}'],
      5,
    ],
    [
      'put of an allocation that maps have split',
      [
        '{"op":"get","id":"a","size":"0x4000","page":12}',
        '{"op":"map","vma":"a","mem":"m","size":"0x1000"}',
        '{"op":"map","vma":"a","delta":"0x1000","mem":"m","size":"0x1000"}',
        '{"op":"put","vma":"a"}',
      ],
      6,
    ],
    [
      'pfnclr',
      [
        '{"op":"get","id":"a","size":"0x4000","page":12}',
        '{"op":"pfnmap","vma":"a","page":12,"pfns":["0x70013","0x71013"]}',
        '{"op":"pfnclr","vma":"a","size":"0x2000"}',
      ],
      5,
    ],
  ])('%s', async (_name, operations, by) => {
    const path = folder({
      'kern.log': fault('1000'),
      's.vmm.jsonl': script('{"op":"vmm","id":"v"}', MEM, ...operations),
    });
    const { stdout } = await traceInProcess([
      'explain',
      '--json',
      join(path, 'kern.log'),
      '--script',
      join(path, 's.vmm.jsonl'),
    ]);
    const [found] = parse(stdout) as unknown as WithMapping[];
    expect(found?.mapping).toMatchObject({
      result: 'fault',
      wasMappedBy: { index: by - 1 },
      unmappedBy: { index: by },
    });
  });
});

describe('the command', () => {
  test('reads standard input, also as -, and groups equal faults', async () => {
    const log = fault('5000').repeat(3);
    const run = await trace(['explain'], { input: log });
    expect(run.code).toBe(1);
    expect(run.stdout).toContain('MMU fault, line 1, 3 times');
    expect((await trace(['explain', '-'], { input: log })).stdout).toBe(run.stdout);
    expect(run.stdout).not.toContain('\u001b');
  });

  test('several logs have headings, and a "file" in JSON', async () => {
    const path = folder({ 'a.log': fault('1000'), 'b.log': 'nothing here\n' });
    const files = [join(path, 'a.log'), join(path, 'b.log')];
    const { stdout } = await traceInProcess(['explain', ...files]);
    expect(stdout).toContain(`== ${join(path, 'b.log')} ==\nNo MMU faults found.`);
    const [found] = parse((await traceInProcess(['explain', '--json', ...files])).stdout);
    expect(found).toMatchObject({ file: join(path, 'a.log'), address_value: '0x1000' });
  });

  test('--limit explains so many kinds, and says how many there are', async () => {
    const path = folder({ 'a.log': Array.from({ length: 9 }, (_, i) => fault(`${i + 1}000`)).join('') });
    const { stdout } = await traceInProcess(['explain', '--limit', '2', join(path, 'a.log')]);
    expect(stdout.match(/^MMU fault, line/gm)).toHaveLength(2);
    expect(stdout).toContain('7 more kinds of faults; --limit 9');
  });

  test('names what looks like a fault and is none', async () => {
    const { code, stdout } = await traceInProcess(['explain', join(CORPUS, 'nofault-mmio-fault.log')]);
    expect(code).toBe(0);
    expect(stdout).toContain('Not an MMU fault: ');
  });

  test('uses trace lines before a fault, not those after it', async () => {
    const map = (what: string, from: number): string =>
      `[ ${from}.0] nouveau 0000:01:00.0: mmu: user: 00000:00000: ${what}: 0000000000100000 0000000000010000 12 16 PTEs\n`;
    const log = `${map('ref + map', 1)}${fault('105000')}${map('unmap + unref', 3)}${fault('106000')}`;
    const path = folder({ 'a.log': log });
    const { stdout } = await traceInProcess(['explain', '--json', '--chip', 'gk104', join(path, 'a.log')]);
    const [first, second] = parse(stdout) as unknown as WithMapping[];
    expect(first?.explanation.mapping.join()).toContain('mapped at that time');
    expect(second?.explanation.mapping.join()).toContain('use after unmap');
  });

  test.each([
    [['explain', '--chip', 'zz1', 'x'], /There is no chip "zz1"/],
    [['explain', '/nonexistent/x'], /no such file/],
    [['explain', '--script', '-'], /either the log or the state/],
    [['explain', '--at', '3', 'x'], /--at says which address space/],
    [['explain', '--json', '--markdown', 'x'], /cannot be used with/],
    [['explain', 'x', '--script', 'a', '--dump', 'b'], /give one of --script, --dump and --image/],
  ])('%j is wrong usage', async (args, message) => {
    const { code, stderr } = await trace(args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  test('ends in silence when nobody reads any more', async () => {
    const { code, stderr } = await trace(['explain', '--json', '-'], {
      input: fault('5000').repeat(20_000),
      closeAfter: 1000,
    });
    expect(stderr).toBe('');
    expect(code === 0 || code === 1).toBe(true);
  });
});

describe('memory', () => {
  test('does not grow with the log', { timeout: 300_000 }, async () => {
    const path = folder();
    const line =
      fault('5000').repeat(50) + '[ 2.0] usb 1-4: new high-speed USB device number 7 using xhci_hcd\n'.repeat(1000);
    const peak = async (megabytes: number): Promise<number> => {
      const file = join(path, `${megabytes}.log`);
      writeFileSync(file, line.repeat(Math.ceil((megabytes * 2 ** 20) / line.length)));
      const hook = 'process.on("exit",()=>process.stderr.write(String(process.resourceUsage().maxRSS)))';
      const { stderr } = await trace(['explain', file], {
        env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` },
      });
      return Number(stderr);
    };
    const small = await peak(8);
    expect(small).toBeGreaterThan(10_000);
    // Room that the garbage collector may want. In memory the long log alone would take more.
    expect(await peak(256)).toBeLessThan(small + 150_000);
  });
});
