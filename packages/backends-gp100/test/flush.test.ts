import { describe, expect, test } from 'vitest';
import { type Chip, InvariantError, type MemoryTarget } from '@nvmmu/vmm-core';
import { gh100, gp100, gp100Chips, gp10b, gv100, tu102 } from '../src/index.js';
import { SpySpace, table, templateOf } from './support.js';

function flush(chip: Chip, depth: number, prepare: (space: SpySpace) => void = () => {}): SpySpace {
  const space = new SpySpace();
  prepare(space);
  templateOf(chip).flush?.(space, depth);
  return space;
}

const DEPTHS = [0, 1, 2, 3, 4] as const;

describe.each([gp100, gp10b, gv100])('$name', (chip) => {
  test('the depth decides how far up caches are dropped', () => {
    expect(DEPTHS.map((depth) => flush(chip, depth).writes.at(-1))).toEqual([
      '0x100cbc 0x85000001',
      '0x100cbc 0x84000001',
      '0x100cbc 0x83000001',
      '0x100cbc 0x82000001',
      '0x100cbc 0x81000001',
    ]);
  });

  test.each([1, 2, -1])('a BAR with use count %d restricts it to the hub', (uses) => {
    const withBar = (depth: number) => flush(chip, depth, (space) => (space.engines['bar'] = uses)).writes.at(-1);
    expect(DEPTHS.map(withBar)).toEqual([
      '0x100cbc 0x85000005',
      '0x100cbc 0x84000005',
      '0x100cbc 0x83000005',
      '0x100cbc 0x82000005',
      '0x100cbc 0x81000005',
    ]);
    expect(flush(chip, 0, (space) => (space.engines['gr'] = uses)).writes.at(-1)).toBe('0x100cbc 0x85000001');
  });

  test('it waits for room, names the directory, gives the command and waits for the end', () => {
    expect(flush(chip, 4).trace).toEqual([
      'wait 0x100c80 any of 0xff0000',
      'wr32 0x100cb8 0x1000',
      'wr32 0x100cec 0x0',
      'wr32 0x100cbc 0x81000001',
      'wait 0x100c80 0x8000 0x8000',
    ]);
  });

  test.each<[MemoryTarget, string]>([
    ['vram', '0x100cb8 0x1000'],
    ['host', '0x100cb8 0x1002'],
    ['ncoh', '0x100cb8 0x1003'],
  ])('a directory in %s is named with its target', (target, write) => {
    expect(flush(chip, 0, (space) => (space.directory = table(0x100000, target))).writes[0]).toBe(write);
  });

  test('a directory above 2^40 needs the second register', () => {
    const { writes } = flush(chip, 0, (space) => (space.directory = table(0x30012345000)));
    expect(writes.slice(0, 2)).toEqual(['0x100cb8 0x123450', '0x100cec 0x3']);
    const top = flush(chip, 0, (space) => (space.directory = table(0x7f98_7654_3000, 'host')));
    expect(top.writes.slice(0, 2)).toEqual(['0x100cb8 0x98765432', '0x100cec 0x7f']);
  });
});

describe('tu102', () => {
  test('it has registers of its own and waits at the end only', () => {
    expect(flush(tu102, 1).trace).toEqual([
      'wr32 0xb830a0 0x1000',
      'wr32 0xb830a4 0x0',
      'wr32 0x100e68 0x0',
      'wr32 0xb830b0 0x84000001',
      'wait 0xb830b0 0x80000000 0x0',
    ]);
    const barred = flush(tu102, 4, (space) => (space.engines['bar'] = 1));
    expect(barred.writes.at(-1)).toBe('0xb830b0 0x81000005');
  });

  test('a directory is named by 32 bits and without its target', () => {
    const { writes } = flush(tu102, 0, (space) => (space.directory = table(0x398_7654_3000, 'ncoh')));
    expect(writes.slice(0, 2)).toEqual(['0xb830a0 0x98765430', '0xb830a4 0x0']);
  });
});

describe('gh100', () => {
  test.each([0, 1, 2, 3, 4, 5])('depth %d makes no difference', (depth) => {
    expect(flush(gh100, depth).trace).toEqual([
      'wr32 0xb830a0 0x1000',
      'wr32 0xb830a4 0x0',
      'wr32 0xb830b0 0x80000001',
      'wait 0xb830b0 0x80000000 0x0',
    ]);
  });

  test('a BAR in use makes it all directories of the hub', () => {
    const { writes } = flush(gh100, 5, (space) => (space.engines['bar'] = 1));
    expect(writes.at(-1)).toBe('0xb830b0 0x80000007');
  });
});

test.each(gp100Chips.map((chip) => [chip.name, chip] as const))(
  'a flush of %s without a directory is a broken invariant',
  (_name, chip) => {
    expect(() => flush(chip, 0, (space) => (space.directory = undefined))).toThrow(InvariantError);
  },
);
