import { describe, expect, test } from 'vitest';
import { decodeLog, type FaultRecord } from '../src/index.js';
import { EXAMPLES } from './examples.js';

/** What a record says, without where it stands. */
function said(record: FaultRecord | undefined): unknown {
  if (record === undefined) return undefined;
  const { line: _1, line_end: _2, stamp: _3, before: _4, after: _5, ...rest } = record;
  return rest;
}

function only(log: string): FaultRecord {
  const { faults, partials } = decodeLog(log);
  expect(partials).toEqual([]);
  expect(faults).toHaveLength(1);
  return faults[0]!;
}

/** Wraps at blanks as a mail program does. */
function wrap(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(/(?<= )/)) {
    if (current !== '' && (current + word).trimEnd().length > width) {
      lines.push(current);
      current = '';
    }
    current += word;
  }
  return [...lines, current];
}

/** Cuts at a fixed width, as a terminal does. */
const cut = (line: string, width: number): string[] => line.match(new RegExp(`.{1,${width}}`, 'g')) ?? [];

/** Encodes as quoted-printable, with soft breaks at 76. */
function quotedPrintable(line: string): string[] {
  const escaped = line.replaceAll('=', '=3D');
  const lines: string[] = [];
  let current = '';
  for (const token of escaped.match(/=[0-9A-F]{2}|./g) ?? []) {
    if (current.length + token.length > 75) {
      lines.push(`${current}=`);
      current = '';
    }
    current += token;
  }
  return [...lines, current];
}

const PREFIXES = [
  '',
  '[  123.456789] ',
  '[123456.456789] [ T1946] ',
  'Jun 15 16:26:50 host kernel: ',
  'Jun 15 16:26:50 host kernel: [ 7175.736769] ',
  '2024-02-21T11:19:02,123456+0100 ',
  '2024-02-21T11:19:02.123456+01:00 host kernel: [ 7175.736769] ',
  '[Fri Aug 11 06:32:01 2023] ',
  '[  +0.000011] ',
  '[Nov21 10:33] ',
  '[21. Feb 11:19] ',
  '[Mi Aug  9 11:19:00 2023] ',
  '<3>[  123.456789] ',
  '[di. 9月  5 11:19:02 2023] ',
  'kern  :err   : [  123.456789] ',
  'kernel: ',
  '*** ',
  '[二 1月 14 20:11:33 2020] ',
  'mié feb 21 11:19:02 host kernel: ',
];

describe.each(EXAMPLES)('%s %s', (grammar, line, expected) => {
  const plain = only(line);

  test('is read as printed', () => {
    expect(plain).toMatchObject(expected);
    expect(plain.grammar).toBe(grammar);
    expect(plain.truncated).toBeUndefined();
  });

  test.each(PREFIXES)('with the prefix %j', (prefix) => {
    expect(said(only(`other line\n${prefix}${line}\n[  124.1] usb 1-1: new device\n`))).toEqual(said(plain));
  });

  test.each([40, 60, 66, 72, 78, 80])('wrapped at blanks, width %i', (width) => {
    const stamped = `[  123.456789] ${line}`;
    for (const end of ['\n', '\r\n', ' \n'])
      for (const quote of ['', '> ', '> > ', '>> ', '| ', '    ']) {
        const lines = wrap(stamped, width).map((part) => quote + part.trimEnd());
        const log = ['first', ...lines, '[  124.1] usb 1-1: new device', 'last'].join(end);
        const found = only(log);
        expect(said(found)).toEqual(said(plain));
        expect(found.line).toBe(2);
        if (lines.length > 1) expect(found.line_end).toBe(1 + lines.length);
        else expect(found).not.toHaveProperty('line_end');
      }
  });

  test('quoted as a whole, its continuation not quoted', () => {
    const [first = '', ...rest] = wrap(line, 72);
    expect(said(only([`> ${first.trimEnd()}`, ...rest].join('\n')))).toEqual(said(plain));
  });

  test('quoted-printable', () => {
    const log = `Content-Transfer-Encoding: quoted-printable\n\n${quotedPrintable(`[  123.456789] ${line}`).join('\n')}\n\nnext`;
    expect(said(only(log))).toEqual(said(plain));
  });

  test('quoted-printable without its header', () => {
    const parts = quotedPrintable(`[  123.456789] ${line}`);
    expect(said(only(parts.join('\n')))).toEqual(said(plain));
  });

  test('as an entry of the journal in JSON form, text or bytes', () => {
    expect(said(only(JSON.stringify({ PRIORITY: '3', MESSAGE: line, _HOSTNAME: 'x]' })))).toEqual(said(plain));
    const bytes = [...new TextEncoder().encode(line)];
    expect(said(only(JSON.stringify({ MESSAGE: bytes, a: '[b]' })))).toEqual(said(plain));
  });

  test('on a web page: entities, no-break blanks, mark-up around it', () => {
    const page = line.replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll("'", '&#39;');
    expect(said(only(page))).toEqual(said(plain));
    expect(said(only(line.replaceAll(' ', '\u00a0')))).toEqual(said(plain));
    expect(said(only(`[CODE]${line}[/CODE]`))).toEqual(said(plain));
    expect(said(only(`\`${line}\``))).toEqual(said(plain));
    expect(said(only(`\u001b[31m${line}\u001b[0m`))).toEqual(said(plain));
    expect(said(only(`\ufeff${line}`))).toEqual(said(plain));
  });

  test('in UTF-16', () => {
    const bytes = new Uint8Array(2 + 2 * line.length + 4);
    bytes.set([0xff, 0xfe]);
    for (let i = 0; i < line.length; i++) bytes[2 + 2 * i] = line.charCodeAt(i);
    bytes.set([0x0d, 0, 0x0a, 0], 2 + 2 * line.length);
    const { faults } = decodeLog(bytes);
    expect(faults.map(said)).toEqual([said(plain)]);
  });

  test('twice in one line', () => {
    const { faults } = decodeLog(`[  123.456789] ${line} [  123.456790] ${line}`);
    // Debug and firmware reports of one fault may be merged; all others stay two.
    expect(faults.map(said)).toEqual([said(plain), said(plain)]);
  });
});

describe('cut at a fixed width by a terminal', () => {
  test.each(EXAMPLES)('%s %s', (_grammar, line) => {
    const plain = only(line);
    for (const width of [80, 100, 132]) {
      const found = only(cut(`[  123.456789] ${line}`, width).join('\n'));
      // Inside a process name nobody can tell a blank from none.
      const { process: _1, ...rest } = said(found) as Record<string, unknown>;
      const { process: _2, ...wanted } = said(plain) as Record<string, unknown>;
      expect(rest).toEqual(wanted);
    }
  });
});

describe('a line cut in its process name', () => {
  const line =
    'fifo: fault 00 [READ] at 0000000001234000 engine 00 [GR] client 0f [GPC0/PROP_0] reason 02 [PTE] on channel 4 [00ff8f3000 Xorg[958]]';
  test.each(PREFIXES.filter((prefix) => prefix !== '' && prefix !== '*** '))(
    'takes nothing from the next one, prefix %j',
    (prefix) => {
      for (const cutAt of [1, 2, 4, 8]) {
        const first = `${prefix}nouveau 0000:01:00.0: ${line}`.slice(0, -cutAt);
        const { faults } = decodeLog(`${first}\n${prefix}nouveau 0000:01:00.0: ${line}\n`);
        expect(faults).toHaveLength(2);
        expect(faults[0]).toMatchObject({ line: 1, truncated: true, inst: '00ff8f3000' });
        expect(faults[0]).not.toHaveProperty('line_end');
        expect(['Xorg', undefined]).toContain(faults[0]?.process);
        expect(faults[1]).toMatchObject({ line: 2, process: 'Xorg', pid: 958 });
      }
    },
  );
});

describe('a line cut at its end', () => {
  test.each(EXAMPLES)('%s %s', (_grammar, line) => {
    const plain = only(line) as unknown as Record<string, unknown>;
    for (let length = 0; length < line.length; length++) {
      for (const mark of ['', '>', '…', '...']) {
        const { faults, partials } = decodeLog(
          `first\n${line.slice(0, length)}${mark}\n[  124.1] usb 1-1: new device\n`,
        );
        expect(faults.length + partials.length).toBeLessThanOrEqual(1);
        const record = (faults[0] ?? partials[0]) as unknown as Record<string, unknown> | undefined;
        if (record === undefined) continue;
        expect(record['line']).toBe(2);
        // Nothing may be invented: all but the last value are those of the whole line.
        const wrong = Object.keys(record).filter(
          (key) =>
            ![
              'truncated',
              'partial',
              'line',
              'decoded',
              'grammar',
              'form',
              'address_value',
              'inst_value',
              'channel_value',
            ].includes(key) && JSON.stringify(record[key]) !== JSON.stringify(plain[key]),
        );
        expect(wrong.length).toBeLessThanOrEqual(1);
      }
    }
  });
});
