// Every allocation inside every kind of operation fails once: the call throws ENOMEM, everything is as before, and the
// same call succeeds when memory is there.

import { BumpProvider, type MemoryProvider, type TableMemory } from '@nvmmu/ptcache';
import { CHIPS, findChip } from '@nvmmu/script';
import { MemoryObject, Mmu, VmmError, type Chip, type Vmm } from '@nvmmu/vmm-core';
import { describe, expect, test } from 'vitest';
import { ATTEMPTS, FRAME_ATTEMPT, WINDOW, type Attempt } from './support/injection.js';
import { snapshot } from './support/snapshot.js';
import { translate } from './support/walks.js';

interface World {
  readonly mmu: Mmu;
  readonly vmm: Vmm;
  readonly provider: BumpProvider;
}

function world(chip: Chip, { type = 'managed', size = 0n }: Pick<Attempt, 'type' | 'size'>, plain: boolean): World {
  const provider = new BumpProvider({ target: chip.tableTarget });
  const mmu = new Mmu(chip, { provider, tags: 64 });
  const options = plain ? { size } : { type, ...WINDOW };
  const vmm = mmu.createSpace(options);
  vmm.join(mmu.createInstanceBlock(vmm.state.template.instanceBytes));
  return { mmu, vmm, provider };
}

function codeOf(call: () => void): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof VmmError) return error.code;
    throw error;
  }
}

let injected = 0;

describe.each(CHIPS.map((chip) => [chip.name, chip] as const))('%s', (_name, chip) => {
  test.each(ATTEMPTS.map((attempt) => [attempt.name, attempt] as const))('%s', (_what, attempt) => {
    const plain = attempt.type === undefined;
    const first = world(chip, attempt, plain);
    if (attempt.suits?.(first.vmm, chip) === false) return;
    for (let after = 0; ; after++) {
      const { mmu, vmm, provider } = world(chip, attempt, plain);
      attempt.prepare?.(vmm);
      const before = snapshot(mmu, vmm, provider);
      provider.failAfter(after);
      const code = codeOf(() => attempt.run(vmm));
      // All allocations of the operation have failed in their turn. Where one table covers much, there may be none.
      if (code === undefined) break;
      injected++;
      expect(code).toBe('ENOMEM');
      expect(snapshot(mmu, vmm, provider)).toEqual(before);
      vmm.verify();
      attempt.run(vmm);
      vmm.verify();
      vmm.close();
      mmu.dumpTableCache();
      expect(mmu.pool.stats()).toMatchObject({ live: 0, bytes: 0 });
    }
  });

  test('createSpace', () => {
    const provider = new BumpProvider();
    const mmu = new Mmu(chip, { provider });
    const hasDirectory = mmu.createSpace().state.directory !== undefined;
    const before = provider.allocations().length;
    provider.failAfter(0);
    expect(codeOf(() => void mmu.createSpace())).toBe(hasDirectory ? 'ENOMEM' : undefined);
    if (hasDirectory) {
      injected++;
      expect(provider.allocations()).toHaveLength(before);
      expect(codeOf(() => void mmu.createSpace())).toBe(undefined);
    }
  });

  test('page frames', () => {
    const sample = world(chip, {}, false);
    if (!FRAME_ATTEMPT.suits(sample.vmm)) {
      expect(codeOf(() => sample.vmm.pfnMap(0x3f_f000n, 12, FRAME_ATTEMPT.frames(2)))).toBe('EINVAL');
      return;
    }
    for (let after = 0; ; after++) {
      const { mmu, vmm, provider } = world(chip, {}, false);
      const before = snapshot(mmu, vmm, provider);
      provider.failAfter(after);
      const frames = FRAME_ATTEMPT.frames(1024);
      vmm.pfnMap(0x30_0000n, 12, frames);
      if (frames.every((word) => word !== 0n)) {
        expect(after).toBeGreaterThan(1);
        break;
      }
      injected++;
      // One window, refused as a whole.
      expect(frames.every((word) => word === 0n)).toBe(true);
      expect(snapshot(mmu, vmm, provider)).toEqual(before);
      vmm.verify();
      vmm.pfnMap(0x30_0000n, 12, FRAME_ATTEMPT.frames(1024));
      expect(translate(vmm, provider, 0x30_0000n)).toBe('0x40000000');
      vmm.verify();
      vmm.close();
    }
  });
});

test('the number of failures injected', () => {
  console.log(`${injected} allocation failures injected`);
  expect(injected).toBeGreaterThan(300);
});

/** A provider whose next allocation is spoilt in some way. */
class Spoilt implements MemoryProvider {
  readonly good = new BumpProvider();
  spoil: ((memory: TableMemory) => TableMemory) | undefined = undefined;
  after = 0;

  allocate(size: number, align: number, zero: boolean): TableMemory | undefined {
    const memory = this.good.allocate(size, align, zero);
    if (memory === undefined || this.spoil === undefined || this.after-- > 0) return memory;
    const { spoil } = this;
    this.spoil = undefined;
    this.good.free(memory);
    return spoil(memory);
  }

  free(memory: TableMemory): void {
    this.good.free(memory);
  }
}

describe('memory that is not what was asked for is refused', () => {
  test.each<[string, RegExp, (memory: TableMemory) => TableMemory]>([
    ['misaligned', /not aligned/, (memory) => ({ ...memory, addr: memory.addr + 8 })],
    ['no address', /no address/, (memory) => ({ ...memory, addr: -0x1000 })],
    ['a fraction', /no address/, (memory) => ({ ...memory, addr: memory.addr + 0.5 })],
    [
      'undersized',
      /were asked for/,
      (memory) => ({ ...memory, size: memory.size - 8, words: memory.words.subarray(2) }),
    ],
    ['with too few words', /words/, (memory) => ({ ...memory, words: memory.words.subarray(1) })],
    ['with words of another kind', /Uint32Array/, (memory) => ({ ...memory, words: [...memory.words] as never })],
    [
      'an exception',
      /out of order/,
      () => {
        throw new Error('out of order');
      },
    ],
  ])('%s', (_what, message, spoil) => {
    for (const chip of [findChip('gp100')!, findChip('gf100')!]) {
      for (let after = 0; after < 5; after++) {
        const provider = new Spoilt();
        const mmu = new Mmu(chip, { provider });
        const vmm = mmu.createSpace();
        const addr = vmm.get(0x60_0000n);
        const before = snapshot(mmu, vmm, provider.good);
        provider.after = after;
        provider.spoil = spoil;
        const map = (): void => vmm.map(addr, MemoryObject.pageRange('ncoh', 0n, 0x600));
        // gf100 has fewer tables than that.
        if (chip.name === 'gf100' && after > 0) continue;
        expect(map).toThrow(message);
        expect(snapshot(mmu, vmm, provider.good)).toEqual(before);
        vmm.verify();
        map();
        vmm.verify();
      }
    }
  });

  test('for the directory of a new space', () => {
    const provider = new Spoilt();
    const mmu = new Mmu(findChip('gp100')!, { provider });
    provider.spoil = (memory) => ({ ...memory, addr: memory.addr + 0x800 });
    expect(() => mmu.createSpace()).toThrow(/not aligned|no memory/);
    expect(mmu.pool.stats().live).toBe(0);
    mmu.createSpace().verify();
  });

  test('for an instance block', () => {
    const provider = new Spoilt();
    const mmu = new Mmu(findChip('gp100')!, { provider });
    provider.spoil = (memory) => ({ ...memory, words: memory.words.subarray(8) });
    expect(() => mmu.createInstanceBlock(0x1000)).toThrow(/words/);
    provider.spoil = () => {
      throw new Error('out of order');
    };
    expect(() => mmu.createInstanceBlock(0x1000)).toThrow('out of order');
    expect(mmu.createInstanceBlock(0x1000).size).toBe(0x1000);
  });

  test('the same memory twice', () => {
    const provider = new Spoilt();
    const mmu = new Mmu(findChip('gp100')!, { provider });
    const vmm = mmu.createSpace();
    const [directory] = provider.good.allocations();
    const addr = vmm.get(0x1000n);
    provider.spoil = (memory) => ({ ...memory, addr: directory!.addr });
    expect(() => vmm.map(addr, MemoryObject.pageRange('ncoh', 0n, 1))).toThrow(/twice|were asked for/);
    vmm.verify();
  });
});
