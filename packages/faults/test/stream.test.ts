import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  createFaultDecoder,
  decodeLog,
  explainFault,
  renderMarkdown,
  renderNotices,
  renderSummaryMarkdown,
  renderSummaryText,
  renderText,
  summarize,
} from '../src/index.js';
import { EXAMPLES } from './examples.js';

const folder = new URL('./corpus/', import.meta.url);
const logs = readdirSync(folder)
  .filter((file) => file.endsWith('.log') && !file.startsWith('hostile-long'))
  .map((file) => readFileSync(new URL(file, folder)));

/** Everything that a log yields, as one comparable text. */
function everything(push: (push: (chunk: string | Uint8Array) => void) => void, maxLine?: number): string {
  const found: unknown[] = [];
  const decoder = createFaultDecoder({
    ...(maxLine === undefined ? {} : { maxLine }),
    onFault: (record) => found.push(record),
    onPartial: (record) => found.push(record),
    onNotice: (notice) => found.push(notice),
    onTrace: (operation) => found.push(operation),
    onTraceMemory: (memory) => found.push(memory),
    onMapping: (mapping) => found.push(mapping),
    onPte: (entry) => found.push(entry),
  });
  push((chunk) => {
    decoder.push(chunk);
  });
  found.push(decoder.end());
  return JSON.stringify(found);
}

/** Text made of pieces of real messages: far likelier to confuse a reader than random characters. */
const pieces = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...EXAMPLES.map(([, line]) => line)) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...EXAMPLES.map(([, line]) => line)), fc.nat(200), fc.nat(200))
      .map(([line, from, length]) => line.slice(from, from + length)),
  },
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      '\n',
      '\r\n',
      '\n> ',
      '\n> > ',
      ' ',
      '=\n',
      '=3D',
      '=20\n',
      '\0',
      '\t',
      '[',
      ']',
      '[[',
      ']]',
      '0x',
      '...',
      '\n\n',
      '[  123.456789] ',
      'nouveau 0000:01:00.0: ',
      'nouveau',
      'NVRM: Xid (PCI:0000:01:00): ',
      '31, ',
      'fault ',
      'read fault at ',
      ' engine ',
      ' client ',
      ' reason ',
      'rc engn:',
      'MMU Fault: ',
      '{"MESSAGE":"',
      '"}',
      '\u001b[31m',
      '\ufeff',
      '\ud800',
      'é',
      '🙂',
      '# tu102 pte\n',
      'PD3@0x1000\n',
      '0-->PD2@0x2000\n',
      '1-->4KB-Page@0x3000 VA: 0x1000\n',
      'mmu: user: getref 0 mapref 1 sparse 0 shift: 12 align: 0 size: 0000000000001000',
      'mmu: user: 00000:00000: ref + map: 0000000000000000 0000000000001000 12 1 PTEs',
      'Content-Transfer-Encoding: quoted-printable\n',
    ),
  },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
);
const text = fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join(''));

describe('chunks', () => {
  test('the result does not depend on how the bytes are cut', () => {
    fc.assert(
      fc.property(fc.constantFrom(...logs), fc.array(fc.nat(5000), { maxLength: 12 }), (log, cuts) => {
        const bytes = new Uint8Array(log);
        const whole = everything((push) => push(bytes));
        const marks = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const cut = everything((push) => {
          for (let i = 1; i < marks.length; i++) push(bytes.subarray(marks[i - 1], marks[i]));
        });
        expect(cut).toBe(whole);
      }),
      { numRuns: 200 },
    );
  });

  test('byte by byte gives the same as at once', () => {
    for (const log of logs) {
      const bytes = new Uint8Array(log);
      const whole = everything((push) => push(bytes));
      const single = everything((push) => {
        for (let i = 0; i < bytes.length; i++) push(bytes.subarray(i, i + 1));
      });
      expect(single).toBe(whole);
    }
  });

  test('text in any pieces, with short line pieces too', () => {
    fc.assert(
      fc.property(
        text,
        fc.array(fc.nat(2000), { maxLength: 8 }),
        fc.constantFrom(64, 200, 16384),
        (log, cuts, maxLine) => {
          const whole = everything((push) => push(log), maxLine);
          const marks = [0, ...cuts.map((cut) => cut % (log.length + 1)).sort((a, b) => a - b), log.length];
          const cut = everything((push) => {
            for (let i = 1; i < marks.length; i++) push(log.slice(marks[i - 1], marks[i]));
          }, maxLine);
          expect(cut).toBe(whole);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('bytes and text may be mixed', () => {
    const log = 'a\n[  1.0] nouveau 0000:01:00.0: fifo: fault 00 [READ] at 0000000001234000 engine 00 [GR] ';
    const rest = 'client 0f [GPC0/PROP_0] reason 02 [PTE] on channel 4 [00ff8f3000 Xörg[958]]\n';
    const whole = everything((push) => push(log + rest));
    const mixed = everything((push) => {
      push(new TextEncoder().encode(log));
      push(rest);
    });
    expect(mixed).toBe(whole);
  });
});

describe('hostile input', () => {
  test('random bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        everything((push) => push(bytes));
      }),
      { numRuns: 300 },
    );
  });

  test('pieces of messages never throw, and everything found can be explained and rendered', () => {
    fc.assert(
      fc.property(text, (log) => {
        const { faults, partials, notices, pageMap, info } = decodeLog(log);
        const lines = log.split('\n').length;
        let last = 0;
        for (const record of faults) {
          expect(record.line).toBeGreaterThanOrEqual(last);
          last = record.line;
          expect(record.line).toBeGreaterThanOrEqual(1);
          expect(record.line_end ?? record.line).toBeLessThanOrEqual(lines);
          expect(record.line_end ?? record.line + 1).toBeGreaterThan(record.line);
        }
        for (const record of [...faults, ...partials]) {
          expect(JSON.parse(JSON.stringify(record))).toEqual(record);
          const explanation = explainFault(record, { info, pageMap });
          for (const width of [0, 40, 80, 200]) expect(renderText(explanation, { width }).endsWith('\n')).toBe(true);
          expect(renderMarkdown(explanation)).not.toContain('undefined');
        }
        const summary = summarize(faults);
        expect(summary.count).toBe(faults.length);
        expect(summary.groups.reduce((sum, { count }) => sum + count, summary.ungrouped)).toBe(faults.length);
        renderSummaryText(summary);
        renderSummaryMarkdown(summary);
        renderNotices(notices);
      }),
      { numRuns: 300 },
    );
  });

  test('a fault in the middle of a very long line is found, and so is the one after it', () => {
    const fault =
      'nouveau 0000:01:00.0: fifo: fault 00 [READ] at 0000000001234000 engine 00 [GR] client 0f [GPC0/PROP_0] reason 02 [PTE] on channel 4 [00ff8f3000 Xorg[958]]';
    for (const junk of [
      'A',
      '> ',
      'nouveau ',
      '[',
      'fault 00 [',
      'engine 00 [GR] client ',
      'read fault at ',
      'Xid (',
    ]) {
      const filler = junk.repeat(Math.ceil(100_000 / junk.length));
      const { faults } = decodeLog(`${filler} ${fault} ${filler}\n${fault}\n`);
      expect(faults.map(({ line }) => line)).toEqual([1, 2]);
    }
  });

  test('a message across a piece border is put together again', () => {
    const fault =
      'nouveau 0000:01:00.0: fifo: fault 00 [READ] at 0000000001234000 engine 00 [GR] client 0f [GPC0/PROP_0] reason 02 [PTE] on channel 4 [00ff8f3000 Xorg[958]]';
    for (let lead = 0; lead < 170; lead++) {
      const { faults } = decodeLog(`${'x'.repeat(lead)} ${fault} tail`, { maxLine: 128 });
      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatchObject({ line: 1, address: '0000000001234000', process: 'Xorg', pid: 958 });
      expect(faults[0]).not.toHaveProperty('line_end');
    }
  });

  test('a storm of faults is handed out in line order and in bounded batches', () => {
    const decoder: number[] = [];
    const fault = (i: number): string =>
      `[ ${i}.000000] nouveau 0000:01:00.0: fifo: fault 00 [READ] at ${i.toString(16).padStart(16, '0')} engine 00 [GR] client 0f [GPC0/PROP_0] reason 02 [PTE] on channel 4 [00ff8f3000 Xorg[958]]\n`;
    const made = createFaultDecoder({ onFault: ({ line }) => decoder.push(line) });
    for (let i = 1; i <= 5000; i++) {
      made.push(fault(i));
      expect(i - decoder.length).toBeLessThanOrEqual(300);
    }
    made.end();
    expect(decoder).toEqual(Array.from({ length: 5000 }, (_, i) => i + 1));
  });
});
