import { describe, expect, test } from 'vitest';
import {
  CHIPS,
  findChip,
  formatOperation,
  importLog,
  parseOperation,
  ScriptRunner,
  type Operation,
} from '../../src/index.js';

const gp100 = findChip('gp100')!;

/** The trace lines of operations, written and read back as a file would be. */
function linesOf(operations: readonly Operation[]): string[] {
  const runner = new ScriptRunner({ log: 'trace', keepAll: true, events: false, hash: false });
  return operations
    .map((operation, index) => parseOperation({ number: index + 2, text: formatOperation(operation), complete: true }))
    .flatMap((operation) => [...runner.step(operation).log.items]);
}

function operations(chip: string, ...texts: string[]): Operation[] {
  const all = [`{"op":"device","chip":"${chip}"}`, ...texts];
  return all.map((text, index) => parseOperation({ number: index + 2, text, complete: true }));
}

const VRAM = '{"op":"mem","id":"m","target":"vram","page":12,"extents":[["0x40000000","0x100000"]]}';

const CASES: Readonly<Record<string, string[]>> = {
  'maps and unmaps, whole and in parts': [
    '{"op":"vmm","id":"v"}',
    VRAM,
    '{"op":"get","id":"a","size":"0x10000","page":12}',
    '{"op":"map","vma":"a","mem":"m","delta":"0x2000","size":"0x3000"}',
    '{"op":"map","vma":"a","mem":"m","delta":"0x8000","size":"0x1000"}',
    '{"op":"unmap","vma":"a","delta":"0x2000"}',
    '{"op":"get","id":"b","size":"0x4000","page":12}',
    '{"op":"map","vma":"b","mem":"m"}',
    '{"op":"put","vma":"a"}',
  ],
  'an address that is used again after a put that left no line': [
    '{"op":"vmm","id":"v"}',
    VRAM,
    '{"op":"get","id":"a","size":"0x4000","page":12}',
    '{"op":"get","id":"b","size":"0x4000","page":12}',
    '{"op":"map","vma":"a","mem":"m"}',
    '{"op":"map","vma":"b","mem":"m"}',
    '{"op":"unmap","vma":"a"}',
    '{"op":"put","vma":"a"}',
    '{"op":"get","id":"c","size":"0x4000","page":12}',
    '{"op":"map","vma":"c","mem":"m"}',
  ],
  'allocations with tables, and their put': [
    '{"op":"vmm","id":"v"}',
    VRAM,
    '{"op":"get","id":"a","type":"ptes","size":"0x4000","page":12}',
    '{"op":"map","vma":"a","mem":"m"}',
    '{"op":"unmap","vma":"a"}',
    '{"op":"put","vma":"a"}',
  ],
  'tables that are all built at once': [
    '{"op":"vmm","id":"v","addr":"0x0","size":"0x400000"}',
    VRAM,
    '{"op":"boot"}',
    '{"op":"get","id":"a","size":"0x4000","page":12}',
    '{"op":"map","vma":"a","mem":"m"}',
  ],
  'raw calls': [
    '{"op":"vmm","id":"v","raw":true,"addr":"0x10000000","size":"0x10000000"}',
    VRAM,
    '{"op":"rawget","addr":"0x400000","size":"0x10000","page":12}',
    '{"op":"rawmap","addr":"0x400000","size":"0x8000","page":12,"mem":"m"}',
    '{"op":"rawunmap","addr":"0x400000","size":"0x8000","page":12}',
    '{"op":"rawput","addr":"0x400000","size":"0x10000","page":12}',
  ],
};

describe('a script from a log gives the same lines again:', () => {
  const chips = CHIPS.filter(({ name }) => !['gk20a', 'gm20b', 'gp10b'].includes(name));
  test.each(Object.keys(CASES))('%s', (name) => {
    for (const chip of chips) {
      const log = linesOf(operations(chip.name, ...(CASES[name] ?? [])));
      const imported = importLog(log, chip);
      expect(linesOf(imported.operations), chip.name).toEqual(log);
      expect(imported.reproduced).toBe(imported.lines);
    }
  });

  test('sparse allocations with maps inside', () => {
    const log = linesOf(
      operations(
        'gp100',
        '{"op":"vmm","id":"v"}',
        VRAM,
        '{"op":"get","id":"a","size":"0x210000","sparse":true}',
        '{"op":"map","vma":"a","mem":"m","delta":"0x1000","size":"0x1000"}',
        '{"op":"unmap","vma":"a","delta":"0x1000"}',
        '{"op":"put","vma":"a"}',
      ),
    );
    expect(linesOf(importLog(log, gp100).operations)).toEqual(log);
  });
});

describe('a log of a real driver', () => {
  const prefix = 'nouveau 0000:01:00.0: mmu: bar2: ';
  // As kernels from Maxwell on print it when BAR 2 is set up, here with 32 MiB.
  const log = [
    'nouveau 0000:01:00.0: bar: init running...',
    `${prefix}00000:00000: ref: 0000000000000000 0000000002000000 12 8192 PTEs`,
    'nouveau 0000:01:00.0: imem: new 00040000 00001000 1: 003fda8000 0000040000',
    `${prefix}00000:xxxxx: PDE write SPT`,
    `${prefix}00000:02000: flush: 0`,
    `${prefix}00000:00000: bootstrap: 0000000000000000 0000000002000000 12 8192 PTEs`,
    `${prefix}getref 0 mapref 1 sparse 0 shift: 12 align: 0 size: 0000000000040000`,
    `${prefix}00000:00000: ref + map: 0000000000000000 0000000000040000 12 64 PTEs`,
    `${prefix}00000:00040: flush: 1`,
  ];

  test('becomes the operations behind it', () => {
    const { operations: made, lines, reproduced, notes } = importLog(log, findChip('gm200')!);
    expect(made.map(({ op }) => op)).toEqual(['device', 'vmm', 'boot', 'get', 'mem', 'map']);
    expect({ lines, reproduced }).toEqual({ lines: 7, reproduced: 7 });
    expect(notes).toEqual([
      { line: 0, text: '1 maps: where the memory is, its kind and flags are not in the log; "assumed…" stand for it' },
    ]);
    expect(linesOf(made).map((line) => `nouveau 0000:01:00.0: mmu: ${line}`)).toEqual(
      log.filter((line) => line.includes('mmu: ')),
    );
  });

  test('of another number of levels than the chip has is said', () => {
    const { notes } = importLog(
      ['u: 00000:00000:00000:00000:00000: ref + map: 0000000000000000 0000000000001000 12 1 PTEs'],
      findChip('gm200')!,
    );
    expect(notes.some(({ text }) => text.includes('the log has 5 levels of tables, gm200 has 2'))).toBe(true);
  });

  test('without such lines gives a device alone', () => {
    expect(importLog(['hello', ': ', 'mmu: ', 'x'.repeat(1000)], gp100).operations).toHaveLength(1);
  });
});
