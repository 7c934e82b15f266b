import { describe, expect, test } from 'vitest';
import { accessName, clientName, decodeLog, engineName, generationOf, reasonName } from '../src/index.js';
import { generationOfId } from '../src/chips.js';

const N5 =
  'nouveau 0000:01:00.0: fifo: fault 00 [READ] at 0000000001234000 engine 00 [GR] client 0f [GPC0/PROP_0] reason 02 [PTE] on channel 4 [00ff8f3000 Xorg[958]]';

describe('the chip', () => {
  test.each([
    ['[    1.0] nouveau 0000:01:00.0: NVIDIA GM204 (124020a1)', 'GM204', 'gm107'],
    ['[    1.0] nouveau 0000:01:00.0: NVIDIA GK104 (0e4030a2)', 'GK104', 'gk104'],
    ['[    1.0] nouveau 0000:01:00.0: NVIDIA GP106 (136000a1)', 'GP106', 'gp100'],
    ['[    1.0] nouveau  [  DEVICE][0000:01:00.0] Chipset: GK106 (NVE6)', 'GK106', 'gk104'],
    ['[    1.0] [drm] nouveau 0000:01:00.0: Detected an NVe0 generation card (0x0e4030a2)', 'NVE0', 'gk104'],
  ])('is taken from %s', (boot, chip, generation) => {
    const [fault] = decodeLog(`${boot}\n${N5}\n`, { chip: 'gf100' }).faults;
    expect(fault?.decoded).toMatchObject({ chip, chip_source: 'log', generations: [generation] });
  });

  test('is taken per GPU', () => {
    const { faults, info } = decodeLog(
      [
        'nouveau 0000:01:00.0: NVIDIA GM204 (124020a1)',
        'nouveau 0000:02:00.0: NVIDIA GP106 (136000a1)',
        N5,
        N5.replace('01:00.0', '02:00.0'),
        N5.replace('01:00.0', '03:00.0'),
      ].join('\n'),
      { chip: 'gk208' },
    );
    expect(info.chips).toEqual({ '0000:01:00.0': 'GM204', '0000:02:00.0': 'GP106' });
    expect(faults.map(({ decoded }) => [decoded.chip, decoded.chip_source, decoded.formats])).toEqual([
      ['GM204', 'log', ['1']],
      ['GP106', 'log', ['2']],
      ['gk208', 'option', ['1']],
    ]);
  });

  test('is all that fit where nothing names it', () => {
    const [fault] = decodeLog(N5).faults;
    expect(fault?.decoded).toMatchObject({
      chip_source: 'shape',
      generations: ['gk104', 'gm107', 'gp100'],
      formats: ['1', '2'],
    });
    expect(fault?.decoded).not.toHaveProperty('chip');
  });

  test.each([
    ['engine c0 [BAR2]', 'READ', 'VIRT_READ', ['tu102']],
    ['engine 05 [BAR2]', 'READ', 'VIRT_READ', ['gv100']],
    ['engine 40 [gr]', 'READ', 'VIRT_READ', ['gv100', 'tu102']],
    ['engine 00 [PGRAPH]', 'READ', 'READ', ['gf100']],
  ])('is narrowed by %s', (engine, from, to, generations) => {
    const [fault] = decodeLog(N5.replace('engine 00 [GR]', engine).replace(`[${from}]`, `[${to}]`)).faults;
    expect(fault?.decoded.generations).toEqual(generations);
  });
});

describe('names', () => {
  test('every chip of the script format has a generation', () => {
    const chips = 'nv50 g84 mcp77 gf100 gk104 gk20a gm200 gm20b gp100 gp10b gv100 tu102 gh100'.split(' ');
    expect(chips.map(generationOf)).toEqual([
      'nv50',
      'nv50',
      'nv50',
      'gf100',
      'gk104',
      'gk104',
      'gm107',
      'gm107',
      'gp100',
      'gp100',
      'gv100',
      'tu102',
      'gh100',
    ]);
    expect(generationOf('R600')).toBeUndefined();
    expect(generationOfId(0x0a3)).toBe('nv50');
    expect(generationOfId(0x108)).toBe('gk104');
    expect(generationOfId(0x012)).toBeUndefined();
  });

  test('the tables agree with the reference at their edges', () => {
    expect(engineName('nv50', 0x08)).toBe('PMSPPP');
    expect(engineName('gf100', 0x05)).toBe('BAR3');
    expect(engineName('gk104', 0x1b)).toBe('CE2');
    expect(engineName('gm107', 0x15)).toBe('CE0');
    expect(engineName('gp100', 0x1f)).toBe('PHYSICAL');
    expect(engineName('gv100', 0x2d)).toBe('HOST13');
    expect(engineName('gv100', 0x7f)).toBe('GR');
    expect(engineName('tu102', 0x80)).toBe('BAR1');
    expect(engineName('tu102', 0x0e)).toBe('SEC');
    expect(engineName('gv100', 0x80)).toBeUndefined();
    expect(clientName('gk104', 0x20, true)).toBe('LTP_UTLB_0');
    expect(clientName('gk104', 0x20, false)).toBeUndefined();
    expect(clientName('gv100', 0x60, true)).toBe('T1_39');
    expect(clientName('gv100', 0x39, false)).toBe('GSP');
    expect(clientName('tu102', 0x3c, false)).toBe('NVJPG0');
    expect(reasonName('gk104', 0x0e)).toBe('BOTH_PTES_VALID');
    expect(reasonName('tu102', 0x0e)).toBe('POISONED');
    expect(accessName('gp100', 2)).toBeUndefined();
    expect(accessName('tu102', 9)).toBe('PHYS_WRITE');
  });

  test('names that the line leaves empty come from the tables', () => {
    const [fault] = decodeLog(
      'nouveau 0000:01:00.0: NVIDIA GV100 (140000a1)\nnouveau 0000:01:00.0: fifo: fault 00 [VIRT_READ] at 0000000001234000 engine 42 [] client 2a [HUB/] reason 0f [] on channel 4 [00ff8f3000 Xorg[958]]',
    ).faults;
    expect(fault).toMatchObject({ engine: '', client: '', reason: '' });
    expect(fault?.decoded).toMatchObject({
      engine_name: 'GR',
      client_name: 'HSHUB',
      reason: 'atomic',
      reason_name: 'ATOMIC_VIOLATION',
    });
  });

  test('on Pascal the names of reasons 0e and 0f mean something else', () => {
    const line = (reason: string): string => N5.replace('reason 02 [PTE]', `reason ${reason}`);
    const on = (chip: string, reason: string): unknown => decodeLog(line(reason), { chip }).faults[0]?.decoded.reason;
    expect(on('gp106', '0e [BOTH_PTES_VALID]')).toBe('poisoned');
    expect(on('gp106', '0f [INFO_TYPE_POISONED]')).toBe('atomic');
    expect(on('gk104', '0e [BOTH_PTES_VALID]')).toBe('both-valid');
    expect(on('gk104', '0f [INFO_TYPE_POISONED]')).toBe('poisoned');
  });

  test('the status word of the oldest form is split by chipset', () => {
    const line =
      '[drm] nouveau 0000:01:00.0: PGRAPH_TRAP_VFETCH - VM: Trapped read at 0020e1f000 status 00000920 channel 2 (0x0000fc10)';
    expect(decodeLog(line).faults[0]?.decoded).toMatchObject({
      engine_name: 'PGRAPH',
      reason: 'pte',
      client_name: 'VFETCH',
    });
    const wide = line.replace('00000920', '000a0200');
    expect(decodeLog(wide, { chip: 'GT215' }).faults[0]?.decoded).toMatchObject({
      engine_name: 'PGRAPH',
      reason: 'pte',
      client_name: 'TEXTURE',
    });
  });
});
