import { mkdirSync, writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readExtractorTree, parseDump } from '@nvmmu/vmm-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { traceInProcess } from './in-process.js';
import { folder, script, trace } from './program.js';

const EXAMPLE = fileURLToPath(new URL('../../../examples/first-light.vmm.jsonl', import.meta.url));

type Line = Record<string, unknown>;
const parse = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

async function json(...args: string[]): Promise<Line[]> {
  return parse((await traceInProcess([...args, '--json'])).stdout);
}

/** Files of raw memory from a dump: each run of words, by its address. */
async function rawImages(path: string, source: string): Promise<string[]> {
  const dump = join(path, 'for-raw.txt');
  await traceInProcess(['run', '--no-tables', '--dump', dump, source]);
  mkdirSync(join(path, 'raw'), { recursive: true });
  return parseDump(readFileSync(dump, 'utf8').split('\n')).map(({ addr, words }) => {
    const file = join(path, 'raw', `${addr.toString(16)}.bin`);
    writeFileSync(file, new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
    return `${file}@0x${addr.toString(16)}`;
  });
}

let path: string;
beforeEach(() => {
  path = folder();
});

describe('walk', () => {
  test('says level by level what was read', async () => {
    const { code, stdout } = await traceInProcess(['walk', '--script', EXAMPLE, '0x431123']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^0x431123 in app on gp100$/m);
    expect(stdout).toMatch(/^ {2}PD3 {2}vram 0x100000\[0\] = 0x10202 {2}table in video memory$/m);
    expect(stdout).toMatch(/^ {2}LPT {2}vram 0x105000\[3\] = 0x4003001 {2}page in video memory$/m);
    expect(stdout).toMatch(/^ {2}mapped to vram 0x40031123, 64K page$/m);
  });

  test('names the fault, its number and what is missing', async () => {
    const { code, stdout } = await traceInProcess(['walk', '--script', EXAMPLE, '0x999999999']);
    expect(code).toBe(0);
    expect(stdout).toContain('fault: reason 00 [PDE] at PD1, nothing for 512M');
    expect(await json('walk', '--script', EXAMPLE, '0x999999999')).toMatchObject([
      { va: '0x999999999', result: 'fault', reason: 0, cause: 'pde', level: 'PD1', steps: [{}, {}, { value: '0x0' }] },
    ]);
  });

  test('takes addresses as logs print them, and in decimal with K, M and G', async () => {
    const lines = await json('walk', '--script', EXAMPLE, '0000000000431123', '4M', '0x400K', '4390912');
    expect(lines.map(({ va }) => va)).toEqual(['0x431123', '0x400000', '0x100000', '0x430000']);
  });

  test('--access checks rights', async () => {
    const source = join(path, 's.vmm.jsonl');
    writeFileSync(
      source,
      script(
        '{"op":"vmm","id":"v"}',
        '{"op":"mem","id":"m","target":"vram","extents":[["0x10000","0x1000"]]}',
        '{"op":"get","id":"a","size":"0x1000","page":12}',
        '{"op":"map","vma":"a","mem":"m","ro":true,"priv":true}',
      ),
    );
    const result = async (...args: string[]): Promise<unknown> =>
      (await json('walk', '--script', source, '0x0', ...args))[0];
    expect(await result()).toMatchObject({ result: 'mapped', ro: true, priv: true });
    expect(await result('--access', 'read')).toMatchObject({ result: 'fault', cause: 'priv', reason: 5 });
    expect(await result('--access', 'read', '--privileged')).toMatchObject({ result: 'mapped' });
    expect(await result('--access', 'write', '--privileged')).toMatchObject({
      result: 'fault',
      cause: 'ro',
      reason: 6,
    });
  });

  test('from raw images, from an instance block and from a guess, as from the script', async () => {
    const source = join(path, 's.vmm.jsonl');
    // The instance block of the example is unbound at the end.
    const lines = readFileSync(EXAMPLE, 'utf8')
      .split('\n')
      .filter((line) => !line.includes('"part"'));
    writeFileSync(source, lines.join('\n'));
    const images = (await rawImages(path, source)).flatMap((image) => ['--image', image]);
    const words = ['0x0', '0x431123', '0x484000', '0x700000', '0x999999999'];
    const want = (await traceInProcess(['walk', '--script', source, '--json', ...words])).stdout;
    const from = async (...args: string[]): Promise<string> =>
      (await traceInProcess(['walk', ...args, '--json', ...words])).stdout;
    expect(await from(...images, '--chip', 'gp100', '--pdb', '0x100000')).toBe(want);
    expect(await from('--script', source, '--inst', 'channel')).toBe(want);
    expect(await from(...images, '--chip', 'gp100', '--inst', '0x101000')).toBe(want);
    const guess = await trace(['walk', ...images, '--chip', 'gp100', '--json', ...words]);
    expect(guess.stdout).toBe(want);
    expect(guess.stderr).toMatch(/neither --inst nor --pdb: taking the \w+ \w+ at 0x10[01]000/);
  });

  test('says which memory is missing', async () => {
    const [first = ''] = await rawImages(path, EXAMPLE);
    const whole = first.slice(0, first.lastIndexOf('@'));
    const half = join(path, 'half.bin');
    writeFileSync(half, readFileSync(whole).subarray(0, 0x20));
    const args = ['walk', '--image', `${half}@0x100000`, '--chip', 'gp100', '--pdb', '0x100000', '0x0'];
    expect(await json(...args)).toMatchObject([{ result: 'unreadable', entry: '0x102000', target: 'vram' }]);
    expect((await traceInProcess(args)).stdout).toContain(
      'there is no memory at 0x102000 in vram, where the PD2 should be',
    );
  });

  test('big pages of either size, from what a peek tool prints', async () => {
    const dump = join(path, 'peek.txt');
    // A directory entry with a big table at 0x2000, whose second entry maps 0x1200000.
    writeFileSync(dump, '00001000: 00000021 00000000\n00002000: 00000000 00000000 00012001 00000000\n');
    const at = async (shift: string, va: string): Promise<Line | undefined> =>
      (await json('walk', '--dump', dump, '--chip', 'gk104', '--big-page', shift, '--pdb', '0x1000', va))[0];
    expect(await at('17', '0x20004')).toMatchObject({ result: 'mapped', addr: '0x1200004', shift: 17 });
    expect(await at('16', '0x10004')).toMatchObject({ result: 'mapped', addr: '0x1200004', shift: 16 });
  });
});

describe('tables', () => {
  test('lists merged ranges and totals', async () => {
    const { code, stdout } = await traceInProcess(['tables', '--script', EXAMPLE]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +0x400000-0x440000 +256K +64K {2}vram +0x40000000$/m);
    expect(stdout).toMatch(/^ +0x4c0000-0x4c2000 +8K +4K {2}ncoh +0x5000 +privileged, volatile$/m);
    expect(stdout).toMatch(/^ +0xa00000-0xc00000 +2M +2M {2}sparse$/m);
    expect(stdout).toMatch(/^ {2}mapped +64K pages in vram +10 {2}640K$/m);
    expect(stdout).toMatch(/^ {2}4792K mapped, 16928 bytes of tables \(0\.34 %\)$/m);
  });

  test.each([
    ['sparse', (line: Line) => line['result'] === 'sparse'],
    ['ncoh', (line: Line) => line['aperture'] === 'ncoh'],
    ['64K', (line: Line) => line['shift'] === 16],
    ['64K,mapped', (line: Line) => line['shift'] === 16 && line['result'] === 'mapped'],
    ['host,ncoh,priv', (line: Line) => line['priv'] === true],
    ['kind', (line: Line) => line['result'] === 'mapped' && line['kind'] !== 0],
  ])('--only %s', async (words, wanted) => {
    const all = (await json('tables', '--script', EXAMPLE)).filter((line) => 'va' in line);
    const found = await json('tables', '--script', EXAMPLE, '--only', words);
    expect(found.slice(0, -1)).toEqual(all.filter(wanted));
    expect(found.length).toBeGreaterThan(1);
    // Totals are of everything.
    expect(found.at(-1)).toMatchObject({ totals: { mappedBytes: '0x4ae000', tableBytes: '0x4220' } });
  });

  test('--range', async () => {
    const found = await json('tables', '--script', EXAMPLE, '--range', '0x400000-0x440000');
    expect(found.slice(0, -1)).toMatchObject([{ va: '0x400000', size: '0x40000' }]);
    expect(await json('tables', '--script', EXAMPLE, '--range', '4M+256K')).toEqual(found);
  });

  test('--format tree has tables and what they hold', async () => {
    const { stdout } = await traceInProcess(['tables', '--script', EXAMPLE, '--format', 'tree', '--no-totals']);
    expect(stdout).toMatch(/^PD3 at 0x100000 in vram, 32 bytes, from 0x0\n {2}0 {2}PD2 at /);
    expect(stdout).toMatch(/^ {8}2 {2}LPT at 0x105000 in vram, 256 bytes, from 0x400000$/m);
    expect(stdout).toMatch(/^ {10}0-3 {2}0x400000-0x440000 256K to vram 0x40000000, 64K pages$/m);
    expect(stdout).not.toContain('Totals');
  });

  test('--format extractor reads back', async () => {
    const { stdout } = await traceInProcess(['tables', '--script', EXAMPLE, '--format', 'extractor']);
    const tree = readExtractorTree(stdout.split('\n'));
    expect(tree.root).toBe(0x100000n);
    const all = (await json('tables', '--script', EXAMPLE, '--only', 'mapped')).slice(0, -1);
    const pages = all.reduce(
      (sum, line) => sum + Number(BigInt(String(line['size'])) >> BigInt(Number(line['shift']))),
      0,
    );
    expect(tree.pages).toHaveLength(pages);
  });

  test('a tree of the extractor is a dump like any other', async () => {
    const file = join(path, 'tree.txt');
    const { stdout } = await traceInProcess(['tables', '--script', EXAMPLE, '--format', 'extractor']);
    writeFileSync(file, stdout);
    expect((await traceInProcess(['tables', '--dump', file, '--format', 'extractor'])).stdout).toBe(stdout);
    expect(await json('walk', '--dump', file, '--chip', 'gp100', '0x431123', '0x999999999')).toMatchObject([
      { result: 'mapped', addr: '0x40031123', shift: 16 },
      { result: 'fault', level: 'PD1' },
    ]);
  });

  test('a published tree, cut as it was posted', async () => {
    const file = fileURLToPath(
      new URL('../../../packages/faults/test/corpus/pagemap-ga102-extractor.log', import.meta.url),
    );
    const { mappings } = JSON.parse(readFileSync(file.replace(/log$/, 'expect.json'), 'utf8')) as {
      mappings: { va: string; pa: string }[];
    };
    const run = await trace(['walk', '--dump', file, '--json', ...mappings.map(({ va }) => va)]);
    expect(parse(run.stdout).map(({ va, addr }) => [va, BigInt(String(addr))])).toEqual(
      mappings.map(({ va, pa }) => [va, BigInt(pa)]),
    );
    expect(run.stderr).toContain('parts of the tree are left out');
  });

  test.each([
    ['PD3@0x1000\n    0-->PD2@0x2000\n        700-->PD1@0x3000\n', /PD2 has no entry 700/],
    ['PD3@0x1000\n    0-->PT@0x2000\n        0-->4KB-Page@0x3000 VA: 0x0\n', /does not fit tu102/],
    ['PD3@0x1000\nnonsense\n', /line 2/],
  ])('a tree that makes no sense is refused', async (text, message) => {
    const file = join(path, 'tree.txt');
    writeFileSync(file, text);
    await expect(traceInProcess(['tables', '--dump', file])).rejects.toThrow(message);
  });

  test('a directory that points at itself is told, not followed', async () => {
    const dump = join(path, 'loop.txt');
    // PD3, whose first entry names itself as PD2, and so on down.
    writeFileSync(
      dump,
      [
        '0000001000: 00000102 00000000',
        ...Array.from({ length: 1023 }, (_, i) => `${(0x1008 + 4 * i).toString(16)}: 0`),
      ]
        .slice(0, 900)
        .join('\n'),
    );
    const { code, stdout } = await traceInProcess(['tables', '--dump', dump, '--chip', 'gp100', '--pdb', '0x1000']);
    expect(stdout).toMatch(/loop: /);
    expect(code).toBe(1);
  });

  test('garbage ends, and is told', async () => {
    let x = 1;
    const words = Uint32Array.from({ length: 0x4000 }, () => (x = (Math.imul(x, 1664525) + 1013904223) >>> 0));
    const file = join(path, 'garbage.bin');
    writeFileSync(file, new Uint8Array(words.buffer));
    for (const chip of ['nv50', 'gf100', 'gm200', 'gp100', 'gh100']) {
      const { code, stdout } = await traceInProcess([
        'tables',
        '--image',
        `${file}@0x0`,
        '--chip',
        chip,
        '--pdb',
        '0x0',
        '--json',
      ]);
      const totals = parse(stdout).at(-1)?.['totals'] as { problems: number };
      expect(totals.problems).toBeGreaterThan(0);
      expect(code).toBe(1);
    }
  });
});

describe('find and aliases', () => {
  test('find names every address that maps a piece of memory', async () => {
    expect(await json('find', '--phys', '0x40008000', '--size', '0x10000', '--script', EXAMPLE)).toMatchObject([
      { va: '0x408000', addr: '0x40008000', size: '0x10000' },
      { va: '0x808000', addr: '0x40008000', size: '0x10000' },
    ]);
    const none = await traceInProcess(['find', '--phys', '0x40008000', '--aperture', 'host', '--script', EXAMPLE]);
    expect(none).toEqual({ code: 1, stdout: 'nothing in app on gp100 maps 0x40008000 in host\n' });
  });

  test('aliases are what is mapped twice', async () => {
    expect(await json('aliases', '--script', EXAMPLE)).toEqual([
      { addr: '0x40000000', size: '0x20000', aperture: 'vram', count: 2, vas: ['0x400000', '0x800000'] },
    ]);
    expect(await json('aliases', '--script', EXAMPLE, '--range', '0x0-0x480000')).toEqual([]);
  });
});

describe('roots', () => {
  test('finds the instance block and the directory in raw memory', async () => {
    const source = join(path, 's.vmm.jsonl');
    const lines = readFileSync(EXAMPLE, 'utf8')
      .split('\n')
      .filter((line) => !line.includes('"part"'));
    writeFileSync(source, lines.join('\n'));
    const images = (await rawImages(path, source)).flatMap((image) => ['--image', image]);
    const found = await json('roots', ...images);
    const instance = found.find(({ kind, format }) => kind === 'instance' && format === '2');
    expect(instance).toMatchObject({ addr: '0x101000', directory: '0x100000', limit: '0x1ffffffffffff' });
    expect(found[0]).toEqual(instance);
    expect((await traceInProcess(['roots', ...images])).stdout).toMatch(
      /^\d\.\d\d {2}instance block vram 0x101000 {2}format 2/,
    );
  });

  test('names a block of the nv50 family once, however much its pages are alike', async () => {
    const source = join(path, 'tesla.vmm.jsonl');
    const script = [
      '{"format":"vmm-script","version":1}',
      '{"op":"device","chip":"nv50"}',
      '{"op":"vmm","id":"v"}',
      '{"op":"join","inst":"i"}',
      '{"op":"mem","id":"m","target":"vram","extents":[["0x40000000","0x1000"]]}',
      '{"op":"get","id":"a","size":"0x1000","page":12}',
      '{"op":"map","vma":"a","mem":"m"}',
    ];
    writeFileSync(source, script.join('\n'));
    const found = await json('roots', '--script', source);
    expect(new Set(found.map(({ addr }) => addr))).toEqual(new Set(['0x100000']));
    expect(found[0]).toMatchObject({ format: 'T', chips: ['nv50'] });
  });

  test('says so when there is nothing, with 1', async () => {
    const file = join(path, 'zeros.bin');
    writeFileSync(file, new Uint8Array(0x10000));
    const { code, stdout } = await traceInProcess(['roots', '--image', `${file}@0x0`]);
    expect(stdout).toBe('nothing in there looks like the start of an address space\n');
    expect(code).toBe(1);
  });
});

describe('wrong usage ends with 2 and says what to do', () => {
  test.each([
    [['walk', '0x0'], /Give --script FILE, --dump FILE or --image FILE@BASE/],
    [['walk', '--script', EXAMPLE], /missing required argument 'va'/],
    [['walk', '--script', EXAMPLE, 'zz'], /"zz" is not an address/],
    [['walk', '--script', EXAMPLE, '1f000'], /Hexadecimal numbers start with 0x: 0x1f000/],
    [['walk', '--script', EXAMPLE, '--vmm', 'x', '0x0'], /no address space "x", only app/],
    [['walk', '--script', EXAMPLE, '--at', '999', '0x0'], /has no operation 999: the last is 28/],
    [['walk', '--script', EXAMPLE, '--at', '0', '0x0'], /creates no address space up to there/],
    [['walk', '--image', 'x@0x1', '0x0'], /not a multiple of 4/],
    [['walk', '--image', '/nonexistent/x@0x0', '--chip', 'gp100', '0x0'], /no such file/],
    [['walk', '--image', `${EXAMPLE}@0x0`, '0x0'], /Give --chip/],
    [['walk', '--image', `${EXAMPLE}@0x0`, '--chip', 'gp100', '--pdb', '0x10000000', '0x0'], /no memory at 0x10000000/],
    [['walk', '--image', EXAMPLE, '--chip', 'gp100', '0x0'], /say where it starts: --image/],
    [['walk', '--dump', EXAMPLE, '--chip', 'gp100', '0x0'], /line 1: expected "ADDRESS: WORD …"/],
    [['walk', '--script', EXAMPLE, '--inst', '0x1', '--pdb', '0x1', '0x0'], /--inst or --pdb, not both/],
    [['tables', '--script', EXAMPLE, '--only', 'mapt'], /"mapt" is none of mapped, sparse/],
    [['tables', '--script', EXAMPLE, '--range', '0x2000-0x1000'], /ends where it starts, or before/],
    [['tables', '--script', EXAMPLE, '--big-page', '16'], /a script says itself/],
    [['find', '--script', EXAMPLE], /required option '--phys <addr>'/],
    [['roots'], /where to look\?/],
    [['pte', '--chip', 'gp100', '--level', 'xpt', '0x1'], /gp100 has no level "xpt", only PD3, PD2/],
    [['pte', '--chip', 'gp100', '--big-page', '16', '--level', 'spt', '0x1'], /one size of big pages only/],
    [['pte', '--chip', 'gp100', '--level', 'spt', '0x10000000000000000'], /is not (?:an entry of )?64 bits/],
    [['vectors'], /required option '--chip <chip>'/],
  ])('%j', { timeout: 120_000 }, async (args, message) => {
    const { code, stderr } = await trace(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(2);
  });
});

test.each(['walk', 'tables', 'pte', 'find', 'aliases', 'roots', 'vectors', 'explain'])(
  '%s --help has examples',
  async (name) => {
    const { code, stdout } = await trace([name, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples?:\n {2}(?:dmesg \| )?nvmmu-trace /);
  },
);
