import { describe, expect, test } from 'vitest';
import type { FaultCancel } from '@nvmmu/vmm-core';
import { gp100, gp10b, gv100, tu102 } from '../src/index.js';
import { hex, SpySpace, templateOf } from './support.js';

const CONTEXT = 0x409b00;
const INST = 0x12345200n;
const INST_GR = 0xa0012345;

function cancel(chip: typeof gp100, fault: Partial<FaultCancel>, space = new SpySpace()): SpySpace {
  space.registers[CONTEXT] ??= INST_GR;
  const inst = templateOf(chip).faultCancel?.(space, { hub: false, gpc: 0, client: 0, inst: INST, ...fault });
  expect(inst === undefined ? inst : hex(inst)).toBe('0xa0012345');
  return space;
}

describe.each([gp100, gp10b, gv100, tu102])('$name', (chip) => {
  test('replay goes to every directory', () => {
    const space = new SpySpace();
    templateOf(chip).faultReplay?.(space);
    expect(space.trace).toEqual([
      'wait 0x100c80 any of 0xff0000',
      'wr32 0x100cbc 0x8000000b',
      'wait 0x100c80 0x8000 0x8000',
    ]);
  });

  test.each([
    [{ gpc: 2, client: 0x11 }, '0x8001221b'],
    [{ hub: true, client: 5 }, '0x80100a1b'],
    // Client numbers of seven bits run into the GPC.
    [{ gpc: 2, client: 0x60 }, '0x8001c01b'],
  ])('cancelling %o is command %s', (fault, command) => {
    expect(cancel(chip, fault).writes).toEqual([`0x100cbc ${command}`]);
  });

  test('graphics is paused around the cancel', () => {
    const { trace } = cancel(chip, {});
    expect(trace[0]).toBe('pause');
    expect(trace[1]).toBe(`rd32 ${hex(CONTEXT)}`);
    expect(trace.at(-1)).toBe('resume');
  });

  test('nothing is cancelled when another context runs', () => {
    const space = new SpySpace();
    space.registers[CONTEXT] = INST_GR + 1;
    expect(cancel(chip, {}, space).trace).toEqual(['pause', `rd32 ${hex(CONTEXT)}`, 'resume']);
  });

  test('nothing is cancelled when graphics does not pause', () => {
    const space = new SpySpace();
    space.canPause = false;
    expect(cancel(chip, {}, space).trace).toEqual(['pause']);
  });

  test('graphics resumes even if a register access throws', () => {
    const space = new SpySpace();
    space.rd32 = () => {
      throw new Error('bus error');
    };
    expect(() => cancel(chip, {}, space)).toThrow('bus error');
    expect(space.trace).toEqual(['pause', 'resume']);
  });

  test.each([
    [0x12345200n, '0xa0012345'],
    [0x12345000n, '0x80012345'],
    [0x12345300n, '0xb0012345'],
    // An address above 2^40 runs into the aperture; the caller gets all of it back.
    [0x12345678901200n, '0x123e5678901'],
  ])('instance %s is %s for the graphics engine', (inst, expected) => {
    const space = new SpySpace();
    const gr = templateOf(chip).faultCancel?.(space, { hub: false, gpc: 0, client: 0, inst });
    expect(hex(gr ?? -1n)).toBe(expected);
  });
});
