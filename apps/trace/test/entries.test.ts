import { CHIPS } from '@nvmmu/script';
import { encodeEntry, findLevel, type MmuFormat } from '@nvmmu/vmm-core';
import { describe, expect, test } from 'vitest';
import { traceInProcess } from './in-process.js';

interface Entry {
  level: string;
  value: string;
  layout: string;
  fields: Record<string, string>;
  warnings: string[];
  decoded: Record<string, unknown>;
}

async function pte(...args: string[]): Promise<Entry[]> {
  const { stdout } = await traceInProcess(['pte', '--json', ...args]);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry);
}

describe('pte', () => {
  test('has every field with its bits', async () => {
    const { code, stdout } = await traceInProcess(['pte', '--chip', 'gp100', '--level', 'spt', '0x6000001bad000e9']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^SPT 0x6000001bad000e9: page in video memory$/m);
    expect(stdout).toMatch(/^ +6 {2}ro +0x1 {2}yes /m);
    expect(stdout).toMatch(/^ {3}32:8 {2}addr +0x1bad000 {2}0x1bad000000 /m);
    expect(stdout).toMatch(/^ {2}63:56 {2}kind +0x6 /m);
  });

  // Values that the public documents and tests of the formats name.
  test.each([
    ['gp100', 'spt', '0x20', { state: 'none' }],
    ['gp100', 'lpt', '0x20', { state: 'blocked' }],
    ['gp100', 'lpt', '0xfe00000000765001', { state: 'page', addr: '0x7650000', kind: 0xfe }],
    ['gp100', 'pd3', '0x10102', { state: 'table', tables: [{ level: 'PD2', target: 'vram', addr: '0x101000' }] }],
    [
      'gh100',
      'spt',
      '0x999999999968d',
      { state: 'page', aperture: 'host', vol: true, kind: 6, addr: '0x9999999999000' },
    ],
    ['gh100', 'spt', '0x200000bbbbbbb663', { state: 'page', aperture: 'peer', peer: 1, ro: true, noAtomics: true }],
    ['gh100', 'lpt', '0x18', { state: 'blocked' }],
    ['gf100', 'pd', '0x300100002001', { state: 'table', tables: [{ addr: '0x200000' }, { addr: '0x300000' }] }],
    ['nv50', 'spt', '0x1230181', { state: 'page', addr: '0x1230000', block: 3 }],
  ])('%s %s %s', async (chip, level, value, decoded) => {
    expect(await pte('--chip', chip, '--level', level, value)).toMatchObject([{ value, decoded }]);
  });

  test('takes an entry of 16 bytes as one number or as two', async () => {
    const [one] = await pte('--chip', 'tu102', '--level', 'pd0', '0x105020000000000010432');
    const [two] = await pte('--chip', 'tu102', '--level', 'PD0', '0x10432,0x10502');
    expect(two).toEqual(one);
    expect(one?.decoded).toMatchObject({
      tables: [
        { level: 'LPT', addr: '0x104300' },
        { level: 'SPT', addr: '0x105000' },
      ],
    });
  });

  test('warns of what the hardware does not define', async () => {
    const [entry] = await pte('--chip', 'gp100', '--level', 'pd3', '0x1');
    expect(entry?.decoded).toMatchObject({ state: 'malformed' });
    const { stdout } = await traceInProcess(['pte', '--chip', 'gf100', '--level', 'spt', '0x2000000000000001']);
    expect(stdout).toContain('warning: undefined bits 0x2000000000000000 are set');
  });

  test.each([
    ['gp100', 'spt', 'addr=0xbeef000,ro', '0xbeef41'],
    ['gp100', 'spt', 'addr=0xbeef000,kind=0xdb,aperture=host', '0xdb00000000beef05'],
    ['gp100', 'lpt', 'sparse', '0x8'],
    ['gp100', 'pd3', 'addr=0x101000', '0x10102'],
    ['gp100', 'pd0', 'large-addr=0x104300,small-addr=0x105000', '0x105020000000000010432'],
    ['gf100', 'pd', 'large-addr=0x200000,small-addr=0x300000', '0x300100002001'],
    ['gh100', 'spt', 'addr=0xbbbbbbb000,ro,no-atomics,kind=6', '0xbbbbbbb661'],
    ['nv50', 'pt4k', 'addr=0x1230000,block=3', '0x1230181'],
  ])('%s %s --encode %s', async (chip, level, fields, value) => {
    expect(await pte('--chip', chip, '--level', level, '--encode', fields)).toMatchObject([{ value }]);
  });

  test.each([
    ['address=1', /no field "address", only/],
    ['addr=0x123', /not a multiple of 0x1000/],
    ['addr=0x1000,sparse', /no entry has all of addr, sparse/],
    ['aperture=moon', /"moon" is neither a number nor the name of a value/],
    ['kind=0x100', /kind 0x100 is not from 0x0 to 0xff/],
  ])('--encode %s is refused', async (fields, message) => {
    await expect(traceInProcess(['pte', '--chip', 'gp100', '--level', 'spt', '--encode', fields])).rejects.toThrow(
      message,
    );
  });
});

interface Vectors {
  format: string;
  chip: string;
  bigPageShift?: 16 | 17;
  levels: {
    name: string;
    layouts: { name: string; fields: { name: string; hi: number; lo: number; shift?: number }[] }[];
  }[];
  examples: Omit<Entry, 'warnings'>[];
}

function formatOf(chip: string): MmuFormat {
  return CHIPS.find(({ name }) => name === chip)!.template({ fbPage: 17, stolen: 0 }, {}).format;
}

describe.each(CHIPS.map(({ name }) => name))('vectors --chip %s', (chip) => {
  test('are entries whose fields follow from the bits alone, for every layout of every level', async () => {
    const { code, stdout } = await traceInProcess(['vectors', '--chip', chip]);
    expect(code).toBe(0);
    const { levels, examples, ...head } = JSON.parse(stdout) as Vectors;
    expect(head).toMatchObject({ format: 'nvmmu-entry-vectors', version: 1, chip });
    const format = formatOf(chip);
    for (const { name, layouts } of levels) {
      for (const layout of layouts) {
        const own = examples.filter((example) => example.level === name && example.layout === layout.name);
        expect(own.length, `${name} ${layout.name}`).toBeGreaterThan(0);
        for (const { value, fields } of own) {
          // As a reader in another language would: shift, mask, units.
          for (const { name: field, hi, lo, shift = 0 } of layout.fields) {
            const bits = BigInt.asUintN(hi - lo + 1, BigInt(value) >> BigInt(lo)) << BigInt(shift);
            expect(fields[field], `${field} of ${value}`).toBe(`0x${bits.toString(16)}`);
          }
          const level = format.levels[findLevel(format, name)!]!;
          const numbers = Object.fromEntries(Object.entries(fields).map(([key, text]) => [key, BigInt(text)]));
          expect(encodeEntry(level, layout.name, numbers)).toBe(BigInt(value));
        }
      }
    }
    expect((await traceInProcess(['vectors', '--chip', chip])).stdout).toBe(stdout);
  });
});
