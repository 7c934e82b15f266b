import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  decodeLog,
  explainFault,
  type FaultRecord,
  judge,
  layoutsOf,
  locate,
  PageMapReader,
  renderMarkdown,
  renderNotices,
  renderSummaryMarkdown,
  renderSummaryText,
  renderText,
  summarize,
  TraceHistory,
} from '../src/index.js';

const corpus = (name: string): FaultRecord[] =>
  decodeLog(readFileSync(new URL(`./corpus/${name}.log`, import.meta.url))).faults;
const first = (name: string): FaultRecord => corpus(name)[0]!;
const one = (line: string, chip?: string): FaultRecord =>
  decodeLog(line, chip === undefined ? {} : { chip }).faults[0]!;
const n5 = (changes: Record<string, string> = {}): string =>
  Object.entries(changes).reduce(
    (line, [from, to]) => line.replace(from, to),
    'nouveau 0000:01:00.0: fifo: fault 00 [READ] at 0000000001234000 engine 00 [GR] client 0f [GPC0/PROP_0] reason 02 [PTE] on channel 4 [00ff8f3000 Xorg[958]]',
  );

describe('whose fault', () => {
  test.each([
    ['gm204-ce0-kernel-channel', 'driver'],
    ['gk208b-bar2-audit', 'driver-or-firmware'],
    ['gk106-dmesg-T-bbcode', 'program'],
    ['ga102-gcc-five', 'program'],
    ['gm107-p50-commit-message', 'memory-or-hardware'],
    ['gk104-journalctl-cut', 'memory-or-hardware'],
    ['tu102-passthrough-wrapped', 'memory-or-hardware'],
    ['xid31-unrecognized-wrapped', 'memory-or-hardware'],
    ['nv50-ce-nulldma-wrapped', 'driver'],
    ['xid31-three-gpus', 'program'],
    ['tu104-bar2-and-sec2', 'driver-or-firmware'],
  ])('%s: %s', (name, culprit) => {
    const verdict = judge(first(name));
    expect(verdict.culprit).toBe(culprit);
    expect(verdict.reasons.length).toBeGreaterThan(0);
  });

  test('physical access is no matter of page tables', () => {
    const physical = corpus('tu116-quoted-phys')[1]!;
    expect(judge(physical).culprit).toBe('memory-or-hardware');
    const explanation = explainFault(physical);
    expect(explanation.locations).toEqual([]);
    expect(explanation.address.join(' ')).toContain('physical address');
  });

  test('prefetch is nobody’s fault', () => {
    expect(judge(one(n5({ '[READ]': '[VIRT_PREFETCH]', 'fault 00': 'fault 03' }))).culprit).toBe('nobody');
  });

  test('a fault after a context-switch timeout is doubted', () => {
    const log = `nouveau 0000:01:00.0: fifo: SCHED_ERROR 0a [CTXSW_TIMEOUT]\n${n5()}\n`;
    expect(judge(decodeLog(log).faults[0]!)).toMatchObject({ culprit: 'driver', weak: true });
    expect(judge(one(n5()))).toMatchObject({ culprit: 'program', weak: false });
  });

  test('an unknown channel with a user’s process in an Xid is weak', () => {
    const line =
      "NVRM: Xid (PCI:0000:3b:00): 31, pid='<unknown>', name=<unknown>, Ch 00000008, intr 00000000. MMU Fault: ENGINE CE2 HUBCLIENT_HSCE1 faulted @ 0x7f01_c0800000. Fault is of type FAULT_PDE ACCESS_TYPE_VIRT_READ";
    expect(judge(one(line))).toMatchObject({ culprit: 'unknown', weak: true });
  });
});

describe('what happened next', () => {
  test.each([
    ['gm204-ce0-kernel-channel', 'desktop-gone'],
    ['gf100-pcopy1-wrapped', 'desktop-gone'],
    ['ga102-gcc-five', 'program-killed'],
    ['gk208b-bar2-audit', 'nothing'],
    ['nv50-two-gpus-pbsp', 'hang'],
    ['xid31-priv-then-45', 'program-killed'],
    ['tu102-passthrough-wrapped', 'nothing'],
    ['tu117-gsp-rc31', 'desktop-gone'],
  ])('%s: %s', (name, outcome) => {
    expect(explainFault(first(name)).after.outcome).toBe(outcome);
  });
});

describe('the address', () => {
  test('index at every level, checked by hand', () => {
    const indices = (address: bigint, format: 'T' | '1' | '2' | '3', big?: 16 | 17): number[] =>
      locate(address, layoutsOf(format, big)[0]!).levels.map(({ index }) => index);
    expect(indices(0x123456789000n, '2')).toEqual([0, 0x48, 0x1a2, 0xb3, 0x18, 0x189]);
    expect(indices(0x20045678n, 'T')).toEqual([1, 0x4, 0x45]);
    expect(indices(0x867e84f000n, '1', 17)).toEqual([0x10cf, 0x342, 0x684f]);
    expect(indices(0x867e84f000n, '1', 16)).toEqual([0x219f, 0x284, 0x284f]);
    expect(indices(0x1ffffffffffffffn, '3')).toEqual([1, 511, 511, 511, 255, 31, 511]);
  });

  test('indices put together give the page again, whatever the address', () => {
    for (const format of ['T', '1', '2', '3'] as const) {
      for (const layout of layoutsOf(format)) {
        for (const address of [0n, 0x1000n, 0xdeadbeef000n, (1n << BigInt(layout.bits)) - 0x1000n]) {
          const within = BigInt.asUintN(layout.bits, address);
          const { levels } = locate(address, layout);
          const directories = levels.filter(({ leaf }) => !leaf);
          const sum = [...directories, levels.at(-1)!].reduce(
            (at, { index, shift }) => at + (BigInt(index) << BigInt(shift)),
            0n,
          );
          expect(sum).toBe(within);
          for (const { start, end } of levels) {
            expect(BigInt(start) <= within && within < BigInt(end)).toBe(true);
          }
        }
      }
    }
  });

  test('out of range is said; canonical addresses are in range', () => {
    expect(locate(1n << 40n, layoutsOf('1')[0]!).inRange).toBe(false);
    expect(locate((1n << 40n) - 1n, layoutsOf('1')[0]!).inRange).toBe(true);
    expect(locate(0x0002000000000000n, layoutsOf('2')[0]!).inRange).toBe(false);
    expect(locate(0xffff000000000000n, layoutsOf('2')[0]!).inRange).toBe(true);
    expect(locate(0xff00000000000000n, layoutsOf('3')[0]!).inRange).toBe(true);
    const wide = explainFault(one(n5({ '0000000001234000': '0001234500001000' }), 'gk104'));
    expect(wide.address[0]).toContain('Out of range');
    expect(judge(one(n5({ '0000000001234000': '0001234500001000' }), 'gk104')).culprit).toBe('memory-or-hardware');
  });

  test('null and near null are recognised, but not in BAR2', () => {
    expect(explainFault(first('gf106-linux64-rc-lines')).address.join(' ')).toContain('null pointer');
    expect(explainFault(one(n5({ '0000000001234000': '0000000000000040' }))).address.join(' ')).toContain(
      'offset of 64 bytes',
    );
    const bar2 = explainFault(corpus('tu116-quoted-phys')[0]!).address.join(' ');
    expect(bar2).toContain('BAR2');
    expect(bar2).not.toContain('null');
  });

  test('which level: exactly for two-level formats, a choice for deeper ones', () => {
    const fermi = explainFault(first('gk106-Epfifo-pde-rast'), { bigPage: 17 });
    expect(fermi.locations).toHaveLength(1);
    expect(fermi.meaning.join(' ')).toContain(
      'directory entry 4303 is missing, which covers 128 MiB from 0x8678000000 to 0x8680000000',
    );
    const volta = explainFault(first('xid31-priv-then-45'));
    expect(volta.allThatFit).toBe(true);
    expect(explainFault(first('xid31-three-gpus')).meaning.join(' ')).toContain('PD0 entry');
  });
});

describe('what was mapped', () => {
  const line = (i: number, text: string): string => `[    ${i}.000000] nouveau 0000:01:00.0: mmu: user: ${text}`;
  const trace = [
    line(1, 'getref 0 mapref 1 sparse 0 shift: 12 align: 0 size: 0000000000002000'),
    line(2, '00000:01234: ref + map: 0000000001234000 0000000000002000 12 2 PTEs'),
    line(3, '00000:01236: flush: 1'),
    line(4, '00000:01234: unmap + unref: 0000000001234000 0000000000001000 12 1 PTEs'),
    line(5, '00000:01235: flush: 1'),
  ].join('\n');

  test('a trace tells mapped, unmapped and never', () => {
    const history = new TraceHistory();
    const { trace: operations, faults } = decodeLog(`${trace}\n${n5()}\n`);
    for (const operation of operations) history.apply(operation);
    expect(operations.map(({ op }) => op)).toEqual(['get', 'map', 'unmap']);
    expect(history.at('user', 0x1234000n)).toEqual({ kind: 'unmapped', mappedAt: 2, unmappedAt: 4 });
    expect(history.at('user', 0x1235fffn)).toMatchObject({
      kind: 'mapped',
      line: 2,
      start: '0x1235000',
      end: '0x1236000',
    });
    expect(history.at('user', 0x1236000n)).toEqual({ kind: 'never' });
    expect(history.at('bar1', 0n)).toEqual({ kind: 'unknown' });
    const explanation = explainFault(faults[0]!, { trace: history });
    expect(explanation.mapping.join(' ')).toContain('unmapped in line 4: a use after unmap');
    const past = explainFault(one(n5({ '0000000001234000': '0000000001236000' })), { trace: history });
    expect(past.mapping.join(' ')).toContain('ends at 0x1236000, 0x0 bytes before it');
  });

  test('without anything the explanation says that it can’t be known', () => {
    expect(explainFault(one(n5())).unknown.join(' ')).toContain('is not in this log');
    expect(
      explainFault(one(n5()), { mapping: ['From the script: mapped read-only.'] }).unknown.join(' '),
    ).not.toContain('is not in this log');
  });

  test('a trace is not asked for when it is known what was mapped', () => {
    const advice = (mapping?: string[]): string =>
      explainFault(one(n5()), mapping === undefined ? {} : { mapping }).advice.join(' ');
    expect(advice()).toContain('nouveau.debug=mmu=trace');
    expect(advice(['From the script: mapped read-only.'])).not.toContain('nouveau.debug=mmu=trace');
    expect(advice(['From the script: mapped read-only.'])).toContain('Try another version of Mesa');
  });

  test('elided parts of a printed tree are unknown, not unmapped', () => {
    const reader = new PageMapReader();
    const log = readFileSync(new URL('./corpus/pagemap-ga102-extractor.log', import.meta.url), 'utf8').split('\n');
    for (const [i, text] of log.entries()) reader.line(i + 1, text);
    expect(reader.query(0x203e00000n)).toMatchObject({ answer: 'unknown' });
    expect(reader.query(0x4000000000n)).toMatchObject({ answer: 'unknown' });
    expect(reader.query(0x1e0000000n)).toMatchObject({ answer: 'not mapped', missing_level: 'PD1', index: 15 });
    expect(reader.query(1n << 60n)).toMatchObject({ answer: 'unknown' });
    expect(new PageMapReader().query(0n)).toMatchObject({ answer: 'unknown' });
  });
});

describe('the summary', () => {
  test('groups repeats and counts per process, reason and GPU', () => {
    const summary = summarize(corpus('gk208b-bar2-audit'));
    expect(summary).toMatchObject({ count: 3, first: { line: 2 }, last: { line: 14 }, ungrouped: 0 });
    expect(summary.groups).toHaveLength(1);
    expect(summary.groups[0]).toMatchObject({ count: 3, first: { line: 2 }, last: { line: 14 } });
    expect(summary.byProcess).toEqual([{ process: 'unknown', count: 3 }]);
    expect(summary.byReason).toEqual([{ reason: 'pte', count: 3 }]);
    expect(summary.patterns.join(' ')).toContain('Always the same address');
  });

  test('finds a constant stride and several GPUs', () => {
    const summary = summarize(corpus('xid31-three-gpus'));
    expect(summary.patterns.join(' ')).toContain('0x2000000 bytes apart');
    expect(summary.patterns.join(' ')).toContain('Several GPUs fault (3)');
  });

  test('stays bounded: kinds beyond the limit are only counted', () => {
    const log = Array.from({ length: 50 }, (_, i) =>
      n5({ '0000000001234000': (0x10000000 + i * 0x1000).toString(16).padStart(16, '0') }),
    ).join('\n');
    const summary = summarize(decodeLog(log).faults, { maxGroups: 10 });
    expect(summary).toMatchObject({ count: 50, ungrouped: 40 });
    expect(summary.groups).toHaveLength(10);
    expect(renderSummaryText(summary)).toContain('40 more faults');
  });

  test('of nothing says so', () => {
    expect(renderSummaryText(summarize([]))).toBe('No MMU faults found.\n');
    expect(renderSummaryMarkdown(summarize([]))).toBe('- No MMU faults found.\n');
  });
});

describe('renderers', () => {
  test('the headline is a plain sentence', () => {
    expect(explainFault(first('gm204-ce0-kernel-channel')).headline).toBe(
      'A copy engine wrote to address 0x69f000 through the kernel driver’s own channel; no page is mapped there. The driver then shut that channel down, so the desktop stopped.',
    );
    expect(explainFault(first('gk106-dmesg-T-bbcode')).headline).toBe(
      'The graphics engine (the output unit that writes colour and depth) wrote to address 0x68e0000 for Xorg (pid 2968); no page is mapped there. The driver then killed the channel.',
    );
  });

  test('text keeps to its width', () => {
    for (const name of ['gm204-ce0-kernel-channel', 'tu117-gsp-rc31', 'xid31-three-gpus']) {
      for (const width of [60, 80, 100]) {
        const lines = renderText(explainFault(first(name)), { width }).split('\n');
        const tables = /^ {4}\S/;
        for (const line of lines) if (!tables.test(line)) expect(line.length).toBeLessThanOrEqual(width);
      }
    }
  });

  test('Markdown can’t be broken by names in the log', () => {
    const evil = one(n5({ 'Xorg[958]': '**|`<b>x`|[958]' }));
    expect(evil.process).toBe('**|`<b>x`|');
    const text = renderMarkdown(explainFault(evil));
    const row = text.split('\n').find((line) => line.startsWith('| process'));
    expect(row).toBe("| process | `**\\|'<b>x'\\|` | the one that opened the device, not always the culprit |");
    expect(text).not.toContain('for **');
  });

  test('notices of one kind come as one line', () => {
    const { notices } = decodeLog(readFileSync(new URL('./corpus/nofault-mmio-fault.log', import.meta.url)));
    expect(renderNotices(notices)).toMatch(/^Not an MMU fault: line 2 and 3 more: a register access/);
    expect(renderNotices([])).toBe('');
  });
});
