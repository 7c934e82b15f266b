import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeLog } from '../src/index.js';

const corpus = (name: string): string => readFileSync(new URL(`./corpus/${name}.log`, import.meta.url), 'utf8');
const kinds = (name: string): string[] => [...new Set(decodeLog(corpus(name)).notices.map(({ kind }) => kind))];

const fault = (bdf: string, channel: number): string =>
  `nouveau ${bdf}: fifo: fault 00 [READ] at 0000000001234000 engine 00 [GR] client 0f [GPC0/PROP_0] reason 02 [PTE] on channel ${channel} [00ff8f3000 Xorg[958]]`;

describe('lines that are no faults', () => {
  test('are named as what they are', () => {
    expect(kinds('nofault-mmio-fault')).toEqual(['mmio-fault']);
    expect(kinds('nofault-mmu-fault-triggered')).toEqual(['forced-fault']);
    expect(kinds('nofault-gsp-rc-other')).toEqual(['rc-other', 'other-xid']);
    expect(kinds('nofault-other-mmus')).toEqual(['iommu', 'other-gpu', 'cpu-fault']);
    expect(kinds('nv50-g84-2d-storm')).toEqual(['engine-trap']);
    expect(kinds('xid31-priv-then-45')).toEqual(['other-xid']);
    expect(kinds('tu117-gsp-rc31')).toEqual(['announced']);
  });

  test('carry the number of an Xid and its meaning', () => {
    const { notices } = decodeLog('NVRM: Xid (PCI:0000:0a:00): 79, pid=1, GPU has fallen off the bus.\n');
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatchObject({ line: 1, kind: 'other-xid', xid: 79, bdf: '0000:0a:00' });
    expect(notices[0]?.meaning).toContain('fallen off the bus');
  });

  test('an ordinary log has none', () => {
    expect(decodeLog('[ 1.0] usb 1-1: new device\n[ 2.0] EXT4-fs: mounted\nfault tolerance is good\n').notices).toEqual(
      [],
    );
  });
});

describe('what follows a fault', () => {
  test('goes to the fault of the same GPU and channel', () => {
    const { faults } = decodeLog(
      [
        fault('0000:01:00.0', 4),
        fault('0000:02:00.0', 4),
        fault('0000:01:00.0', 7),
        'nouveau 0000:01:00.0: fifo: channel 4: killed',
        'nouveau 0000:02:00.0: fifo: runlist 0: scheduled for recovery',
        'nouveau 0000:01:00.0: Xorg[958]: channel 7 killed!',
      ].join('\n'),
    );
    expect(faults.map(({ after }) => after.map(({ line, kind }) => [line, kind]))).toEqual([
      [[4, 'channel-killed']],
      [[5, 'recovery-scheduled']],
      [[6, 'channel-killed']],
    ]);
    expect(faults[2]?.after[0]).toMatchObject({
      channel: 7,
      process: 'Xorg[958]',
      text: 'Xorg[958]: channel 7 killed!',
    });
  });

  test('the channel of a recovery line is hexadecimal', () => {
    const [found] = decodeLog(
      `${fault('0000:01:00.0', 23)}\nnouveau 0000:01:00.0: fifo:c00000:0017:0017:[my app[1]] errored - disabling channel\n`,
    ).faults;
    expect(found?.after).toMatchObject([{ kind: 'channel-disabled', channel: 23, process: 'my app[1]' }]);
  });

  test('stops counting after the window', () => {
    const quiet = Array.from({ length: 20 }, (_, i) => `[ ${i}.0] usb 1-1: quiet`);
    const log = [fault('0000:01:00.0', 4), ...quiet, 'nouveau 0000:01:00.0: fifo: channel 4: killed'].join('\n');
    expect(decodeLog(log, { window: 30 }).faults[0]?.after).toHaveLength(1);
    expect(decodeLog(log, { window: 18 }).faults[0]?.after).toHaveLength(0);
  });

  test('trouble before is kept apart', () => {
    const [found] = decodeLog(
      `nouveau 0000:01:00.0: fifo: SCHED_ERROR 0a [CTXSW_TIMEOUT]\nnouveau 0000:02:00.0: fifo: SCHED_ERROR 0a [CTXSW_TIMEOUT]\n${fault('0000:01:00.0', 4)}\n`,
    ).faults;
    expect(found?.before.map(({ line, kind }) => [line, kind])).toEqual([[1, 'sched-error']]);
    expect(found?.after).toEqual([]);
  });

  test('a wrapped event is read whole', () => {
    const [found] = decodeLog(corpus('gf100-pcopy1-wrapped')).faults;
    expect(found?.after.map(({ line, line_end, kind, channel }) => [line, line_end, kind, channel])).toEqual([
      [6, 7, 'recovering', 1],
      [8, undefined, 'channel-killed', 1],
    ]);
  });
});

describe('a message printed in pieces', () => {
  const head =
    '[ 1.000001] nouveau E[     PFB][0000:01:00.0] trapped write at 0x0000401000 on channel 0x0001f6a0 [Xorg[702]]';
  const rest = 'PGRAPH/PROP/RT0 reason: PAGE_NOT_PRESENT';
  const whole = {
    line: 1,
    process: 'Xorg',
    pid: 702,
    engine: 'PGRAPH',
    client: 'PROP',
    subclient: 'RT0',
    reason: 'PAGE_NOT_PRESENT',
  };

  test('is put together around other messages', () => {
    for (const log of [
      `${head}\n[ 1.000002] usb 1-1: new device\n${rest}\n`,
      `${head}\n[ 1.000002] usb 1-1: new device\n[ 1.000003] ${rest}\n[ 1.000004] usb 1-1: other\n`,
      `${head} [ 1.000002] usb 1-1: new device ${rest}\n`,
    ]) {
      const { faults, partials } = decodeLog(log);
      expect(partials).toEqual([]);
      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatchObject(whole);
    }
  });

  test('is partial when its rest never comes', () => {
    const { faults, partials } = decodeLog(`${head}\n${'[ 1.000002] usb 1-1: new device\n'.repeat(20)}${rest}\n`);
    expect(faults).toEqual([]);
    expect(partials).toHaveLength(1);
    expect(partials[0]).toMatchObject({ line: 1, partial: true, address: '0x0000401000', process: 'Xorg' });
  });

  test('keeps faults in line order', () => {
    const other = fault('0000:02:00.0', 4);
    const { faults } = decodeLog(`${head}\n[ 1.000002] ${other}\n${rest}\n`);
    expect(faults.map(({ line }) => line)).toEqual([1, 2]);
  });
});

describe('damaged lines', () => {
  test('that lost their beginning are partial', () => {
    const { faults, partials } = decodeLog(
      '01234000 engine 00 [GR] client 0f [GPC0/PROP_0] reason 02 [PTE] on channel 4 [00ff8f3000 Xorg[958]]\n',
    );
    expect(faults).toEqual([]);
    expect(partials).toHaveLength(1);
    expect(partials[0]).toMatchObject({
      partial: true,
      engine: 'GR',
      client: 'PROP_0',
      reason: 'PTE',
      process: 'Xorg',
      pid: 958,
    });
    expect(partials[0]).not.toHaveProperty('address');
  });

  test('that another message overwrote are partial', () => {
    const { faults, partials } = decodeLog(
      'nouveau 0000:01:00.0: fifo: fault 00 [READ] at 0000000001234000 engine 00 [G[  12.3] usb 1-1: new device\n',
    );
    expect(faults).toEqual([]);
    expect(partials).toMatchObject([{ line: 1, bdf: '0000:01:00.0', access: 'READ', address: '0000000001234000' }]);
  });

  test('cut behind the reason still count, as truncated', () => {
    const { faults } = decodeLog(`${fault('0000:01:00.0', 4).replace(/ on channel.*/, ' on chan')}\n`);
    expect(faults).toMatchObject([{ truncated: true, reason: 'PTE' }]);
    expect(faults[0]).not.toHaveProperty('channel');
  });

  test('prose about faults is no fault', () => {
    const { faults, partials } = decodeLog(
      'I get a read fault at boot, engine trouble and reason 02 errors on channel 4.\nWhat is a fault 00 [READ]?\nXid 31 again.\nNVRM: Xid (PCI:0000:01:00): 31,\n',
    );
    expect(faults).toEqual([]);
    expect(partials).toEqual([]);
  });
});

describe('two reports of one fault', () => {
  test('the debug form beside an Xid 31 is dropped, whichever comes first', () => {
    const debug =
      'NVRM: MMU Fault: ENGINE 0x40 (GRAPHICS GPCCLIENT_T1_2) faulted @ 0x7f2c_4a000000. Fault is of type 0x2 (FAULT_PTE). Access type is 0x1 (ACCESS_TYPE_VIRT_WRITE)';
    const xid =
      'NVRM: Xid (PCI:0000:c1:00): 31, pid=1, name=a, channel 0x0000001a, intr 00000000. MMU Fault: ENGINE GRAPHICS GPC3 GPCCLIENT_T1_2 faulted @ 0x7f2c_4a000000. Fault is of type FAULT_PTE ACCESS_TYPE_VIRT_WRITE';
    for (const log of [`${debug}\n${xid}\n`, `${xid}\n${debug}\n`]) {
      const { faults, notices } = decodeLog(log);
      expect(faults.map(({ form }) => form)).toEqual(['xid31']);
      expect(notices.map(({ kind }) => kind)).toEqual(['companion']);
    }
    expect(decodeLog(`${debug}\n${xid.replace('4a000000', '4b000000')}\n`).faults).toHaveLength(2);
  });
});

test('an Xid of a slice of a partitioned GPU names the GPU', () => {
  const line =
    'NVRM: Xid (PCI:0000:01:00 GPU-I:05): 31, pid=7, name=python, Ch 00000008, intr 00000000. MMU Fault: ENGINE GRAPHICS GPCCLIENT_T1_3 faulted @ 0x7f2c_4a000000. Fault is of type FAULT_PDE ACCESS_TYPE_VIRT_READ';
  expect(decodeLog(line).faults).toMatchObject([{ bdf: '0000:01:00', pid: 7, address_value: '0x7f2c4a000000' }]);
  expect(decodeLog('NVRM: Xid (PCI:0000:01:00 GPU-I:05): 13, pid=7').notices).toMatchObject([{ xid: 13 }]);
});

test('a repeated-message line of syslog is one fault', () => {
  const { faults } = decodeLog(`May 21 14:41:21 host kernel: message repeated 2 times: [ ${fault('0000:01:00.0', 4)}]`);
  expect(faults).toMatchObject([{ process: 'Xorg', pid: 958 }]);
});

test('versions are taken from the log', () => {
  const { info } = decodeLog(
    '[    0.0] Linux version 6.1.9-arch1 (build@host) (gcc) #1 SMP\nNVRM: loading NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12\n',
  );
  expect(info).toMatchObject({ kernel: '6.1.9-arch1', nvidia: '535.183.01', lines: 2 });
  const open = decodeLog('NVRM: loading NVIDIA UNIX Open Kernel Module for x86_64 580.82.07  Release\n');
  expect(open.info.nvidia).toBe('580.82.07');
});
