import { describe, expect, test } from 'vitest';
import { findChip, Linter, parseOperation, type Finding } from '../../src/index.js';

function lint(chip: string, ...texts: string[]): Finding[] {
  const linter = new Linter({ chip: findChip(chip)! });
  const all = [`{"op":"device","chip":"${chip}"}`, ...texts];
  const findings = all.flatMap((text, index) =>
    linter.step(parseOperation({ number: index + 2, text, complete: true })),
  );
  return [...findings, ...linter.end()];
}

const rules = (findings: readonly Finding[]): string[] => [...new Set(findings.map(({ rule }) => rule))].sort();

const M64 = '{"op":"mem","id":"m","target":"vram","page":16,"extents":[["0x40000000","0x100000"]]}';
const M4 = '{"op":"mem","id":"s","target":"vram","page":12,"extents":[["0x50000000","0x100000"]]}';
const SPACE = '{"op":"vmm","id":"v"}';
const RAW = '{"op":"vmm","id":"v","raw":true,"addr":"0x10000000","size":"0x10000000"}';

describe('lint', () => {
  test('finds nothing in a plain script', () => {
    const script = [SPACE, M64, '{"op":"get","id":"a","size":"0x10000","page":16}', '{"op":"map","vma":"a","mem":"m"}'];
    expect(lint('gp100', ...script, '{"op":"unmap","vma":"a"}', '{"op":"put","vma":"a"}')).toEqual([]);
  });

  test('gives line, operation, severity and reason', () => {
    const findings = lint('gp100', SPACE, M64, '{"op":"get","id":"a","size":"0x1000","align":64}');
    expect(findings).toEqual([
      {
        line: 5,
        index: 3,
        op: 'get',
        rule: 'KD-23',
        severity: 'warning',
        message: 'alignment of 2^64 bytes',
        reason: 'the shift count wraps: 64 acts like 0, and the result may not even be aligned to a page',
      },
    ]);
  });

  test.each<[string, string, string[]]>([
    [
      'KD-20',
      'gp100',
      [SPACE, M4, '{"op":"get","id":"a","size":"0x1000"}', '{"op":"map","vma":"a","mem":"s","size":"0x0"}'],
    ],
    ['KD-30', 'gp100', ['{"op":"failalloc","after":0}', SPACE]],
    ['KD-35', 'gp100', ['{"op":"vmm","id":"v","size":"0x200000"}', '{"op":"boot"}', '{"op":"boot"}']],
    ['KD-36', 'nv50', ['{"op":"ptcdump"}']],
    ['KD-37', 'gp100', [SPACE, '{"op":"get","id":"a","size":"0x1000"}', '{"op":"put","vma":"a"}', '{"op":"dump"}']],
    [
      'KD-43',
      'gp100',
      [
        SPACE,
        M64,
        '{"op":"get","id":"a","size":"0x20000","page":16}',
        '{"op":"map","vma":"a","mem":"m"}',
        '{"op":"get","id":"b","size":"0x1000","page":12,"type":"ptes"}',
        '{"op":"get","id":"c","size":"0x1f000","page":12,"type":"ptes"}',
      ],
    ],
    [
      'KD-31',
      'gp100',
      [
        SPACE,
        M4,
        '{"op":"get","id":"a","size":"0x4000"}',
        '{"op":"map","vma":"a","mem":"s"}',
        '{"op":"map","vma":"a","mem":"s","kind":255}',
      ],
    ],
    [
      'mixed-sizes',
      'gp100',
      [
        SPACE,
        M64,
        M4,
        '{"op":"get","id":"a","size":"0x10000","page":16}',
        '{"op":"get","id":"b","size":"0x1000","page":12}',
        '{"op":"map","vma":"a","mem":"m"}',
        '{"op":"map","vma":"b","mem":"s"}',
      ],
    ],
    ['sparse-left', 'gm200', [SPACE, '{"op":"get","id":"a","size":"0x20000","page":17,"sparse":true}']],
    ['tables-left', 'gm200', [SPACE, '{"op":"get","id":"a","size":"0x20000","page":17,"type":"ptes"}']],
    ['references-left', 'gp100', [RAW, '{"op":"rawget","addr":"0x0","size":"0x1000","page":12}', '{"op":"close"}']],
    [
      'KD-10',
      'gp100',
      [
        '{"op":"vmm","id":"v","managed":true,"addr":"0x10000000","size":"0x1000000"}',
        '{"op":"pfnmap","addr":"0x400000","page":21,"pfns":["0x3"]}',
        '{"op":"pfnmap","addr":"0x600000","page":12,"pfns":["0x3"]}',
      ],
    ],
  ])('finds %s on %s', (rule, chip, script) => {
    expect(rules(lint(chip, ...script))).toContain(rule);
  });

  test('says of raw references under a live large map that they reset it, and not when the map is gone', () => {
    const range = '"addr":"0x0","size":"0x10000"';
    const start = [RAW, M64, `{"op":"rawget",${range},"page":16}`, `{"op":"rawmap",${range},"page":16,"mem":"m"}`];
    const small = [`{"op":"rawget",${range},"page":12}`, `{"op":"rawput",${range},"page":12}`];
    const end = [`{"op":"rawunmap",${range},"page":16}`, `{"op":"rawput",${range},"page":16}`];
    expect(rules(lint('gp100', ...start, ...small, ...end))).toEqual(['KD-07']);
    expect(lint('gp100', ...start, end[0] ?? '', ...small, end[1] ?? '')).toEqual([]);
  });

  test('does not report what the script put back', () => {
    expect(
      lint('gm200', SPACE, '{"op":"get","id":"a","size":"0x20000","page":17,"sparse":true}', '{"op":"put","vma":"a"}'),
    ).toEqual([]);
  });
});
