import { describe, expect, test } from 'vitest';
import { type Chip, InvariantError, type MemoryTarget } from '@nvmmu/vmm-core';
import { gh100, gp100, gp100Chips, gp10b, gv100, tu102 } from '../src/index.js';
import { wordPair } from '../../../tools/testing/lanes.js';
import { hex, instance, SpySpace, table, templateOf } from './support.js';

const CLEAN = 0xcccccccc;

function joined(chip: Chip, target: MemoryTarget = 'vram', replay = false, space = new SpySpace()): Uint32Array {
  space.directory = table(0x100000, target);
  const template = templateOf(chip, { replay });
  const inst = instance(template.instanceBytes);
  expect(template.join?.(space, inst)).toBeUndefined();
  expect(space.trace).toEqual([]);
  return inst.words;
}

describe.each(gp100Chips.map((chip) => [chip.name, chip] as const))('%s', (_name, chip) => {
  test.each<[MemoryTarget, boolean, string]>([
    ['vram', false, '0x100c00'],
    ['vram', true, '0x100c30'],
    ['host', false, '0x100c06'],
    ['host', true, '0x100c36'],
    ['ncoh', false, '0x100c03'],
    ['ncoh', true, '0x100c33'],
  ])('join names a directory in %s, replay %s, as %s', (target, replay, value) => {
    expect(hex(wordPair(joined(chip, target, replay), 0x80))).toBe(value);
  });

  test.each([
    [2 ** 49, '0x1ffffffffffff'],
    [2 ** 57, '0x1ffffffffffffff'],
    [0x1_0000_1000, '0x100000fff'],
    [0x1_0000_0000, '0xffffffff'],
    [0x1000, '0xfff'],
  ])('the limit %d is stored less one', (limit, value) => {
    const space = new SpySpace();
    space.limit = limit;
    expect(hex(wordPair(joined(chip, 'vram', false, space), 0x82))).toBe(value);
  });

  test('join keeps the high half of a directory address', () => {
    const template = templateOf(chip);
    const space = new SpySpace();
    space.directory = table(0x30012345000);
    const inst = instance(template.instanceBytes);
    template.join?.(space, inst);
    expect(hex(wordPair(inst.words, 0x80))).toBe('0x30012345c00');
  });

  test('part clears directory and limit, and nothing else', () => {
    const words = joined(chip);
    const expected = Uint32Array.from(words).fill(0, 0x80, 0x84);
    templateOf(chip).part?.(new SpySpace(), { addr: 0, size: words.length * 4, target: 'vram', words });
    expect(words).toEqual(expected);
  });

  test('join without a directory is a broken invariant', () => {
    const space = new SpySpace();
    space.directory = undefined;
    const template = templateOf(chip);
    expect(() => template.join?.(space, instance(template.instanceBytes))).toThrow(InvariantError);
  });
});

test.each([gp100, gp10b])('$name writes four words', (chip) => {
  const words = joined(chip);
  expect(words.length).toBe(0x84);
  expect(words.subarray(0, 0x80).every((word) => word === CLEAN)).toBe(true);
});

test.each([gv100, tu102, gh100])('$name binds the first subcontext alone', (chip) => {
  const words = joined(chip, 'host', true);
  expect(words.length).toBe(0x1a8);
  const untouched = new Set(words.keys());
  for (const at of [0x200, 0x204, 0x208, 0x20c, 0x21c, 0x298, 0x29c]) untouched.delete(at / 4);
  expect(words[0x21c / 4]).toBe(0);
  expect([words[0x298 / 4], words[0x29c / 4]]).toEqual([1, 0]);
  for (let i = 0; i < 64; i++) {
    const at = (0x2a0 + 0x10 * i) / 4;
    expect([...words.subarray(at, at + 4)]).toEqual(i === 0 ? [0x100c36, 0, 0, CLEAN] : [1, 1, 0, CLEAN]);
    for (let n = 0; n < 3; n++) untouched.delete(at + n);
  }
  for (const at of untouched) expect(words[at]).toBe(CLEAN);
});
