import {
  ExtractorError,
  listRanges,
  MemoryImage,
  readExtractorTree,
  scanRoots,
  walk,
  writeExtractorTree,
} from '@nvmmu/vmm-core';
import { describe, expect, test } from 'vitest';
import { format2 } from '../src/format-2.js';
import { format3 } from '../src/format-3.js';
import { rootAt, Words64 } from '../../../tools/testing/table-image.js';

const gp100 = format2('gp100');
const gh100 = format3();

/** Two 2 MiB pages, some 64 KiB pages and some 4 KiB ones, in tables from 0x201000 on. */
function tables(): Words64 {
  const words = new Words64();
  words.set(0x201000n, 0x20202n);
  words.set(0x202000n, 0x20302n);
  words.set(0x202e00n, 0x23702n);
  words.set(0x203080n, 0x20402n);
  words.set(0x204000n, 0x0600000000040001n);
  words.set(0x204020n, 0x06000000000c0001n);
  words.set(0x237000n, 0x23802n);
  words.set(0x238100n, 0x22422n);
  words.set(0x238108n, 0x22502n);
  words.set(0x224200n, 0x0600000000d80001n);
  words.set(0x224280n, 0x0600000000d90001n);
  words.set(0x225100n, 0x0600000000123401n);
  words.set(0x225108n, 0x0600000000123501n);
  return words;
}

/** Deterministic noise. */
function noise(bytes: number, seed: number): Uint32Array {
  const words = new Uint32Array(bytes / 4);
  let state = seed;
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[i] = state;
  }
  return words;
}

describe('the extractor’s tree', () => {
  const lines = () => [...writeExtractorTree(gp100, tables().image(), rootAt(0x201000n))];

  test('is written in its shape', () => {
    expect(lines()).toEqual([
      'PD3@0x0000201000',
      '    0-->PD2@0x0000202000',
      '        0-->PD1@0x0000203000',
      '            16-->PD0@0x0000204000',
      '                     0-->2MB-Page@0x0000400000     VA: 0x200000000',
      '                     2-->2MB-Page@0x0000c00000     VA: 0x200400000',
      '        448-->PD1@0x0000237000',
      '            0-->PD0@0x0000238000',
      '                16-->PT@0x0000224200',
      '                     0-->64KB-Page@0x000d800000    VA: 0x700002000000',
      '                    16-->64KB-Page@0x000d900000    VA: 0x700002100000',
      '                16-->PT@0x0000225000',
      '                    32-->4KB-Page@0x0001234000     VA: 0x700002020000',
      '                    33-->4KB-Page@0x0001235000     VA: 0x700002021000',
    ]);
  });

  test('is read back to what the walk says', () => {
    const tree = readExtractorTree(lines());
    expect(tree.root).toBe(0x201000n);
    expect(tree.elided).toBe(false);
    expect(tree.pages).toHaveLength(6);
    for (const { va, addr, shift, path, tableAddr } of tree.pages) {
      const result = walk(gp100, tables().image(), rootAt(0x201000n), va);
      expect(result).toMatchObject({ kind: 'mapped', addr, shift });
      const own = result.steps.find((step) => step.entryAddr === (result.kind === 'mapped' ? result.entryAddr : 0n))!;
      expect(tableAddr).toBe(own.tableAddr);
      expect(path.at(-1)).toBe(own.index);
    }
  });

  test('is read as published, with parts left out and columns of its own', () => {
    const tree = readExtractorTree([
      'PD3@0x0000201000',
      '    0-->PD2@0x0000202000',
      '        0-->PD1@0x0000203000',
      '            16-->PD0@0x0000204000',
      '                    27-->2MB-Page@0x027b400000     VA: 0x203600000',
      '        ',
      '        ...',
      '        448-->PD1@0x0000237000',
      '             0-->PD0@0x0000238000',
      '                17-->PT@0x00002bfb00',
      '                    16-->64KB-Page@0x0108b00000    VA: 0x700002300000',
      '        ...',
    ]);
    expect(tree).toMatchObject({
      root: 0x201000n,
      elided: true,
      pages: [
        { line: 5, va: 0x203600000n, addr: 0x27b400000n, shift: 21, path: [0, 0, 16, 27], tableAddr: 0x204000n },
        {
          line: 11,
          va: 0x700002300000n,
          addr: 0x108b00000n,
          shift: 16,
          path: [0, 448, 0, 17, 16],
          tableAddr: 0x2bfb00n,
        },
      ],
    });
  });

  test.each([
    [['hello'], 1],
    [['0-->2MB-Page@0x0 VA: 0x0'], 1],
    [['0-->PD2@0x1000'], 1],
    [['PD3@0x1000', 'PD3@0x2000'], 2],
    [['PD3@0x1000', '0-->3MB-Page@0x0 VA: 0x0'], 2],
    [['', '...'], 2],
  ])('that makes no sense is refused with its line: %j', (text, line) => {
    expect(() => readExtractorTree(text)).toThrow(ExtractorError);
    expect(() => readExtractorTree(text)).toThrow(`line ${line}: `);
  });
});

describe('looking for roots', () => {
  function image(): MemoryImage {
    const words = noise(0x400000, 7);
    words.fill(0, 0, 0x300000 / 4);
    for (const [addr, value] of tables().words) {
      words[Number(addr) / 4] = Number(value & 0xffffffffn);
      words[Number(addr) / 4 + 1] = Number(value >> 32n);
    }
    // The block at 0x5000 names the directory.
    words[0x5200 / 4] = 0x201c00;
    words[0x5208 / 4] = 0xffffffff;
    words[0x520c / 4] = 0x1ffff;
    return new MemoryImage([{ addr: 0, target: undefined, words }]);
  }

  test('finds the instance block and the directory, and no table below it', () => {
    const found = scanRoots(image(), [gp100, gh100]);
    expect(found.map(({ kind, format, addr }) => `${kind} ${format.chip} ${addr.toString(16)}`)).toEqual([
      'instance gp100 5000',
      'directory gp100 201000',
    ]);
    expect(found[0]?.score).toBeGreaterThan(0.85);
    expect(found[0]?.root).toMatchObject({ addr: 0x201000n, limit: 0x1ffffffffffffn });
    expect([...listRanges(gp100, image(), found[0]!.root)].filter(({ kind }) => kind === 'mapped')).toHaveLength(5);
  });

  test('finds nothing in noise or zeros', () => {
    const words = noise(0x200000, 99);
    words.fill(0, 0x80000 / 4, 0x100000 / 4);
    expect(scanRoots(new MemoryImage([{ addr: 0, target: 'vram', words }]), [gp100, gh100])).toEqual([]);
  });

  test('tells how far it is, and returns no more than asked for', () => {
    const told: number[] = [];
    const found = scanRoots(image(), [gp100], {
      limit: 1,
      progress: (_format, done, total) => told.push(done / total),
    });
    expect(found).toHaveLength(1);
    expect(told.length).toBeGreaterThan(0);
    expect(told.every((share) => share > 0 && share <= 1)).toBe(true);
  });
});
