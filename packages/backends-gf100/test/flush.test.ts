import { InvariantError, type BoundSpace, type Chip, type MemoryTarget } from '@nvmmu/vmm-core';
import { describe, expect, it } from 'vitest';
import { gf100Chips, gk104 } from '../src/index.js';
import { boundSpace, tableAt, type SpaceLog } from '../../../tools/testing/space.js';
import { templateOf } from './support.js';

function flushed(parts: Partial<BoundSpace>, chip: Chip = gk104, depth = 0): string[] {
  const log: SpaceLog = { writes: [] };
  const directory = tableAt(0x10_0000, 0x1_0000, 'vram');
  templateOf(chip).flush!(boundSpace({ directory, ...parts }, log), depth);
  return log.writes;
}

function writes(parts: Partial<BoundSpace>, chip?: Chip, depth?: number): string[] {
  return flushed(parts, chip, depth).filter((line) => !line.startsWith('wait'));
}

describe('flush', () => {
  it.each<[MemoryTarget, string]>([
    ['vram', '100cb8 1000'],
    ['host', '100cb8 1002'],
    ['ncoh', '100cb8 1003'],
  ])('names a directory in %s', (target, line) => {
    const directory = tableAt(0x10_0000, 0x1_0000, target);
    expect(writes({ directory })).toEqual([line, '100cbc 80000001']);
  });

  it('makes the same two writes on all chips, at any depth, whoever uses the space', () => {
    for (const chip of gf100Chips) {
      for (const depth of [0, 1]) {
        const engineUse = (engine: string): number => (engine === 'bar' ? 0 : 1);
        expect(writes({ engineUse }, chip, depth)).toEqual(['100cb8 1000', '100cbc 80000001']);
      }
    }
  });

  it.each([1, 5, -1])('is limited to the hub while a BAR uses the space (%i times)', (uses) => {
    expect(writes({ engineUse: (engine) => (engine === 'bar' ? uses : 1) })).toEqual([
      '100cb8 1000',
      '100cbc 80000005',
    ]);
  });

  it('cuts the name of a directory to 32 bits', () => {
    // Address bits 39:12 just fit; anything above is lost.
    const top = tableAt(0xff_fff0_0000, 0x1_0000, 'ncoh');
    expect(writes({ directory: top })[0]).toBe('100cb8 fffff003');
    const beyond = tableAt(0x1ff_fff0_0000, 0x1_0000, 'ncoh');
    expect(writes({ directory: beyond })[0]).toBe('100cb8 fffff003');
  });

  it('waits for a free slot before it writes, and for the end', () => {
    const done = 'wait 100c80 8000 8000';
    expect(flushed({})).toEqual(['wait 100c80 any of ff0000', '100cb8 1000', '100cbc 80000001', done]);
  });

  it('needs a directory', () => {
    expect(() => flushed({ directory: undefined })).toThrow(InvariantError);
  });
});
