import type { BoundSpace } from '@nvmmu/vmm-core';
import { describe, expect, it } from 'vitest';
import { g84, mcp77, nv50 } from '../src/index.js';
import { entry } from '../../../tools/testing/lanes.js';
import { block, boundSpace } from '../../../tools/testing/space.js';
import { templateOf } from './support.js';

/** An address space whose directory entry `index` is `0xabc_0000_0000 + index`. */
function numbered(parts: Partial<BoundSpace> = {}): BoundSpace {
  return boundSpace({
    directoryEntry: (index, out) => {
      out[0] = index;
      out[1] = 0xabc;
      return true;
    },
    ...parts,
  });
}

describe('join', () => {
  it.each([
    [nv50, 0x1400, 0x5400],
    [g84, 0x200, 0x4200],
    [mcp77, 0x200, 0x4200],
  ])('$name puts the whole directory at $1', (chip, offset, end) => {
    const template = templateOf(chip);
    const inst = block(0x6000);
    const space = numbered();
    expect(template.directoryOffset).toBe(offset);
    expect(template.instanceBytes).toBe(end);
    expect(template.join!(space, inst)).toBeUndefined();
    expect(space.joined).toEqual([inst]);
    for (let index = 0; index < 0x800; index++) {
      expect(entry(inst.words, offset / 8 + index)).toBe(0xabc_0000_0000n + BigInt(index));
    }
    expect(inst.words.subarray(0, offset / 4).every((word) => word === 0)).toBe(true);
    expect(inst.words.subarray(end / 4).every((word) => word === 0)).toBe(true);
  });

  it('writes only the entries that the address space reaches', () => {
    const inst = block(0x6000);
    const range = { start: 0x2000_0000 * 3 + 0x1000, limit: 0x2000_0000 * 5 + 1 };
    templateOf(nv50).join!(numbered(range), inst);
    const first = 0x1400 / 8;
    expect(Array.from({ length: 8 }, (_, n) => entry(inst.words, first + n) !== 0n)).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
      false,
      false,
    ]);
    const upToEdge = block(0x6000);
    templateOf(nv50).join!(numbered({ limit: 0x2000_0000 }), upToEdge);
    expect(entry(upToEdge.words, first)).not.toBe(0n);
    expect(entry(upToEdge.words, first + 1)).toBe(0n);
  });

  it('stops at an entry that can not be formed, and the block stays on the list', () => {
    const inst = block(0x6000);
    const space = numbered({
      directoryEntry: (index, out) => {
        out.fill(7);
        return index < 2;
      },
    });
    expect(templateOf(nv50).join!(space, inst)).toEqual({
      code: 'EINVAL',
      message: "directory entry 0x2 of test can't be expressed",
    });
    expect(space.joined).toEqual([inst]);
    expect(entry(inst.words, 0x1400 / 8 + 1)).not.toBe(0n);
    expect(entry(inst.words, 0x1400 / 8 + 2)).toBe(0n);
  });
});

describe('part', () => {
  it('takes the first entry for the block off the list and writes nothing', () => {
    const template = templateOf(nv50);
    const [a, b] = [block(0x6000), block(0x6000)];
    const space = numbered();
    for (const inst of [a, b, a]) template.join!(space, inst);
    const before = Uint32Array.from(a.words);
    template.part!(space, a);
    expect(space.joined.map((inst) => inst === a)).toEqual([false, true]);
    expect(a.words).toEqual(before);
  });

  it('of a block that was never joined does nothing', () => {
    const space = numbered();
    const inst = block(0x6000);
    templateOf(nv50).join!(space, inst);
    templateOf(nv50).part!(space, block(0x6000));
    expect(space.joined).toEqual([inst]);
  });
});
