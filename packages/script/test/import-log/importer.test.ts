import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CHIPS,
  findChip,
  generateOperations,
  formatOperation,
  importLog,
  parseOperation,
  PROFILES,
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

describe('what leaves no line of its own:', () => {
  const twice = (...texts: string[]): string[] => {
    const log = linesOf(operations('gp100', ...texts));
    const { operations: made } = importLog(log, gp100);
    expect(linesOf(made)).toEqual(log);
    return made.map(({ op }) => op);
  };

  test('page frames are told from memory objects by how they go', () => {
    const ops = twice(
      '{"op":"vmm","id":"v"}',
      '{"op":"get","id":"a","size":"0x8000","page":12}',
      '{"op":"pfnmap","vma":"a","page":12,"pfnRange":["0x100003","0x1000",4]}',
      '{"op":"pfnclr","vma":"a","delta":"0x1000","size":"0x1000"}',
      '{"op":"pfnmap","vma":"a","page":12,"pfnRange":["0x900013","0x1000",1]}',
    );
    expect(ops.filter((op) => op.startsWith('pfn'))).toEqual(['pfnmap', 'pfnclr', 'pfnmap']);
  });

  test('an allocation failure is put where the tables of the log end', () => {
    const ops = twice(
      '{"op":"vmm","id":"v"}',
      VRAM,
      '{"op":"get","id":"a","size":"0x4000","page":12}',
      '{"op":"failalloc","after":2}',
      '{"op":"map","vma":"a","mem":"m"}',
      '{"op":"map","vma":"a","mem":"m"}',
    );
    expect(ops).toContain('failalloc');
  });

  test('a refused map is found again by its reasons', () => {
    twice(
      '{"op":"vmm","id":"v"}',
      VRAM,
      '{"op":"mem","id":"h","target":"host","dmaRange":["0x9000000",8]}',
      '{"op":"get","id":"a","size":"0x20000","page":16}',
      '{"op":"map","vma":"a","mem":"h"}',
      '{"op":"map","vma":"a","mem":"m","offset":"0xff000"}',
      '{"op":"map","vma":"a","delta":"0x1f000","size":"0x2000","mem":"m"}',
      '{"op":"get","id":"b","size":"0x3000"}',
      '{"op":"map","vma":"b","mem":"m","offset":"0x800"}',
      '{"op":"map","vma":"b","mem":"m","kind":2}',
    );
  });

  test('an address space of the name of one that was closed is another one', () => {
    const log = twice(
      '{"op":"vmm","id":"v","addr":"0x100000","size":"0x400000"}',
      VRAM,
      '{"op":"boot"}',
      '{"op":"close"}',
      '{"op":"vmm","id":"w"}',
      '{"op":"get","id":"a","size":"0x4000","page":12}',
      '{"op":"map","vma":"a","mem":"m"}',
    );
    expect(log.filter((op) => op === 'vmm')).toHaveLength(2);
  });

  test('what had to be inferred is noted', () => {
    const log = linesOf(
      operations(
        'gp100',
        '{"op":"vmm","id":"v"}',
        VRAM,
        '{"op":"get","id":"a","size":"0x8000","page":12}',
        '{"op":"map","vma":"a","mem":"m"}',
        '{"op":"unmap","vma":"a"}',
        '{"op":"put","vma":"a"}',
        '{"op":"get","id":"b","size":"0x4000","page":12}',
        '{"op":"map","vma":"b","mem":"m"}',
        '{"op":"get","id":"c","size":"0x4000","page":12}',
      ),
    );
    expect(importLog(log, gp100).notes.map(({ text }) => text)).toEqual([
      expect.stringContaining('2 maps: where the memory is'),
      expect.stringContaining('1 allocations: where they lie'),
      expect.stringContaining('1 frees left no line'),
    ]);
  });

  test('a request for tables that was refused for lack of room is, and a note says so', () => {
    const log = linesOf(
      operations(
        'gp100',
        '{"op":"vmm","id":"v","size":"0x8000"}',
        VRAM,
        '{"op":"get","id":"a","type":"ptes","size":"0x4000","page":12}',
        '{"op":"get","id":"b","type":"ptes","size":"0x100000","page":12}',
      ),
    );
    const { operations: made, notes } = importLog(log, gp100);
    expect(linesOf(made)).toEqual(log);
    expect(notes.map(({ text }) => text)).toContainEqual(expect.stringContaining('refused for lack of room'));
  });
});

describe('a log of level spam', () => {
  const linesOfSpam = (all: readonly Operation[]): string[] => {
    const runner = new ScriptRunner({ log: 'spam', keepAll: true, events: false, hash: false });
    return all.flatMap((operation) => [...runner.step(operation).log.items]);
  };

  test.each(['nv50', 'gf100', 'gp100', 'gh100'])('tells where memory is, and its flags: %s', (chip) => {
    const log = linesOfSpam(
      operations(
        chip,
        '{"op":"vmm","id":"v"}',
        '{"op":"mem","id":"m","target":"vram","extents":[["0x40000000","0x2000"],["0x50000000","0x2000"]]}',
        '{"op":"mem","id":"h","target":"host","dma":["0x5000","0x9000"]}',
        '{"op":"mem","id":"g","target":"ncoh","sgl":[["0x7000000","0x2000"]]}',
        '{"op":"get","id":"a","size":"0x4000","page":12}',
        '{"op":"map","vma":"a","mem":"m","ro":true}',
        '{"op":"get","id":"b","size":"0x2000","page":12}',
        '{"op":"map","vma":"b","mem":"h"}',
        '{"op":"get","id":"c","size":"0x2000","page":12}',
        '{"op":"map","vma":"c","mem":"g","priv":true}',
      ),
    );
    const { operations: made, notes } = importLog(log, findChip(chip)!);
    expect(linesOfSpam(made)).toEqual(log);
    expect(notes).toEqual([]);
    expect(made.find(({ op }) => op === 'mem')).toMatchObject({
      layout: {
        pieces: [
          [0x40000000n, 0x2000n],
          [0x50000000n, 0x2000n],
        ],
      },
    });
  });

  test('tells page frames from memory objects', () => {
    const log = linesOfSpam(
      operations(
        'gp100',
        '{"op":"vmm","id":"v"}',
        '{"op":"get","id":"a","size":"0x4000","page":12}',
        '{"op":"pfnmap","vma":"a","page":12,"pfns":["0x5003","0x900000013","0x7001","0x8003"]}',
      ),
    );
    const { operations: made } = importLog(log, gp100);
    expect(made.at(-1)).toMatchObject({ op: 'pfnmap', frames: { list: [0x5003n, 0x900000013n, 0x7001n, 0x8003n] } });
    expect(linesOfSpam(made)).toEqual(log);
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

/**
 * What a client does that maps each allocation as a whole before it asks for the next one. With several page sizes in
 * one log an allocation now and then lies where the log alone does not tell it, so there are small pages only.
 */
const TIDY = fc.array(
  fc.record({
    page: fc.constantFrom(0, 12),
    pages: fc.integer({ min: 1, max: 24 }),
    type: fc.constantFrom('addr' as const, 'ptes' as const, 'lazy' as const),
    /** Which of those that live go, and whether they are unmapped before. */
    ends: fc.array(fc.record({ which: fc.nat(), unmaps: fc.boolean() }), { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 30 },
);

describe('a property:', () => {
  const spaces = ['{"op":"vmm","id":"v"}', '{"op":"vmm","id":"v","addr":"0x203000","size":"0x40000000"}'];
  const chips = ['nv50', 'gf100', 'gm200', 'gp100', 'gh100'];

  test('what is mapped as a whole before the next request comes out line by line, wherever it lies', () => {
    fc.assert(
      fc.property(fc.constantFrom(...chips), fc.constantFrom(...spaces), TIDY, (chip, space, steps) => {
        const texts = [space];
        const live: { id: string; isMapped: boolean }[] = [];
        steps.forEach(({ page, pages, type, ends }, i) => {
          const shift = chip.startsWith('nv50') || type === 'ptes' ? 12 : page;
          const size = `0x${(pages * 2 ** 12).toString(16)}`;
          texts.push(`{"op":"mem","id":"m${i}","target":"vram","extents":[["0x40000000","${size}"]]}`);
          texts.push(`{"op":"get","id":"a${i}","type":"${type}","page":${shift},"size":"${size}"}`);
          texts.push(`{"op":"map","vma":"a${i}","mem":"m${i}"}`);
          live.push({ id: `a${i}`, isMapped: true });
          for (const { which, unmaps } of ends) {
            const [gone] = live.splice(which % Math.max(live.length, 1), 1);
            if (gone === undefined) continue;
            if (unmaps) texts.push(`{"op":"unmap","vma":"${gone.id}"}`);
            texts.push(`{"op":"put","vma":"${gone.id}"}`);
          }
        });
        const log = linesOf(operations(chip, ...texts));
        const imported = importLog(log, findChip(chip)!);
        expect(linesOf(imported.operations)).toEqual(log);
      }),
      { numRuns: 60 },
    );
  });

  test('of anything else it is said how many lines come out, and that is so', () => {
    const profiles = PROFILES.map(({ name }) => name);
    fc.assert(
      fc.property(fc.constantFrom(...CHIPS), fc.constantFrom(...profiles), fc.nat(1000), (chip, profile, seed) => {
        let made: Operation[];
        try {
          made = [...generateOperations({ chip, seed, operations: 25, profile })];
        } catch (error) {
          if (error instanceof RangeError) return;
          throw error;
        }
        const log = linesOf(made);
        const { operations: again, lines, reproduced, others } = importLog(log, chip);
        expect(lines).toBe(log.length);
        const given = linesOf(again);
        expect(given.length).toBe(reproduced + others);
        // Lines of several spaces may come in another order: of an operation they stand together.
        if (reproduced === lines && others === 0) expect([...given].sort()).toEqual([...log].sort());
      }),
      { numRuns: 40 },
    );
  });
});
