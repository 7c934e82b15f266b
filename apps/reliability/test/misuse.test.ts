// Calls that make no sense, and outsiders who misbehave: each is a clear error, and nothing has changed.

import { BumpProvider, type MemoryProvider } from '@nvmmu/ptcache';
import { findChip } from '@nvmmu/script';
import { MemoryObject, Mmu, VmmError, type MmuOptions, type Observer, type Vmm } from '@nvmmu/vmm-core';
import { describe, expect, test } from 'vitest';
import { snapshot } from './support/snapshot.js';
import { translate } from './support/walks.js';

const gp100 = findChip('gp100')!;
const page = (): MemoryObject => MemoryObject.video([[0x1000_0000n, 0x10_0000n]]);

interface World {
  readonly mmu: Mmu;
  readonly vmm: Vmm;
  readonly provider: BumpProvider;
}

function world(options: MmuOptions = {}): World {
  const provider = new BumpProvider();
  const mmu = new Mmu(gp100, { provider, ...options });
  return { mmu, vmm: mmu.createSpace({ type: 'managed', addr: 2n ** 33n, size: 2n ** 24n }), provider };
}

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return error instanceof VmmError ? error.code : String(error);
  }
}

/** Every call of a space, with arguments that would do if it were not for the circumstances. */
const calls = (vmm: Vmm, addr: bigint): readonly [string, () => unknown][] => [
  ['get', () => vmm.get(0x1000n)],
  ['put', () => vmm.put(addr)],
  ['map', () => vmm.map(addr, page(), { size: 0x1000n })],
  ['unmap', () => vmm.unmap(addr)],
  ['pfnMap', () => vmm.pfnMap(0x1000n, 12, BigUint64Array.of(0x13n))],
  ['pfnClear', () => vmm.pfnClear(0x1000n, 0x1000n)],
  ['boot', () => vmm.boot()],
  ['engine', () => vmm.engine('gr', 1)],
  ['join', () => vmm.join({ addr: 0, size: 0x1000, target: 'vram', words: new Uint32Array(0x400) })],
  ['part', () => vmm.part({ addr: 0, size: 0x1000, target: 'vram', words: new Uint32Array(0x400) })],
  ['faultReplay', () => vmm.faultReplay()],
  ['faultCancel', () => vmm.faultCancel({ hub: false, gpc: 0, client: 0, inst: 0n })],
  ['raw.get', () => vmm.raw.get(0x1000n, 0x1000n, 12)],
  ['raw.put', () => vmm.raw.put(0x1000n, 0x1000n, 12)],
  ['raw.map', () => vmm.raw.map(0x1000n, 0x1000n, 12, page())],
  ['raw.unmap', () => vmm.raw.unmap(0x1000n, 0x1000n, 12)],
  ['raw.sparse', () => vmm.raw.sparse(0x1000n, 0x1000n, true)],
];

const NAMES = calls(world().vmm, 0n).map(([name], i) => [name, i] as const);

describe('after close', () => {
  test.each(NAMES)('%s is refused', (_name, i) => {
    const { mmu, vmm, provider } = world();
    const addr = vmm.get(0x10000n);
    vmm.map(addr, page(), { size: 0x1000n });
    vmm.close();
    mmu.dumpTableCache();
    const [, call] = calls(vmm, addr)[i]!;
    expect(codeOf(call)).toBe('EINVAL');
    expect(call).toThrow(/closed/);
    expect(provider.allocations()).toEqual([]);
  });

  test('closing again does nothing, and the rest can be asked', () => {
    const { vmm } = world();
    vmm.close();
    vmm.close();
    vmm.verify();
    expect(vmm.isClosed).toBe(true);
    expect(() => [...vmm.regions()]).not.toThrow();
    expect(() => vmm.page(0)).not.toThrow();
  });

  test('the memory object is free for another device', () => {
    const { vmm } = world();
    const memory = page();
    const addr = vmm.get(0x10_0000n);
    vmm.map(addr, memory);
    vmm.close();
    expect(memory.references).toBe(0);
    const other = world().vmm;
    other.map(other.get(0x10_0000n), memory);
    expect(memory.references).toBe(1);
  });
});

describe('from inside a callback of the device', () => {
  /** Runs `call` from each place that the device calls, while it maps, remaps and unmaps. */
  function reenter(call: (world: World) => unknown): (string | undefined)[] {
    const codes: (string | undefined)[] = [];
    let self: World | undefined;
    let isInside = false;
    const enter = (): void => {
      if (self === undefined || isInside) return;
      isInside = true;
      codes.push(codeOf(() => call(self!)));
      isInside = false;
    };
    const good = new BumpProvider();
    const provider: MemoryProvider = {
      allocate: (size, align, zero) => {
        enter();
        return good.allocate(size, align, zero);
      },
      free: (memory) => {
        enter();
        good.free(memory);
      },
    };
    const observer: Observer = { logLevel: 'spam', log: enter, event: enter };
    const mmu = new Mmu(gp100, {
      provider,
      observer,
      registers: {
        wr32: enter,
        rd32: () => {
          enter();
          return 0;
        },
        wait: () => {
          enter();
          return true;
        },
        waitAny: () => {
          enter();
          return true;
        },
      },
      hostPages: {
        map: (addr) => {
          enter();
          return addr;
        },
        unmap: enter,
      },
    });
    const vmm = mmu.createSpace({ type: 'managed', addr: 2n ** 33n, size: 2n ** 24n });
    const addr = vmm.get(0x10_0000n);
    self = { mmu, vmm, provider: good };
    vmm.map(addr, page());
    expect(translate(vmm, good, addr)).toBe('0x10000000');
    vmm.pfnMap(0x1000n, 12, BigUint64Array.of(0x3000_0003n));
    vmm.pfnClear(0x1000n, 0x1000n);
    vmm.unmap(addr);
    vmm.put(addr);
    mmu.dumpTableCache();
    self = undefined;
    vmm.verify();
    expect([...vmm.regions()].filter(({ used }) => used)).toHaveLength(2);
    vmm.close();
    mmu.dumpTableCache();
    expect(good.allocations()).toEqual([]);
    return codes;
  }

  test.each(NAMES)('%s is refused with EBUSY', (_name, i) => {
    const codes = reenter(({ vmm }) => calls(vmm, 2n ** 33n)[i]![1]());
    expect(codes.length).toBeGreaterThan(20);
    expect(new Set(codes)).toEqual(new Set(['EBUSY']));
  });

  test.each<[string, (world: World) => unknown]>([
    ['close', ({ vmm }) => vmm.close()],
    ['createSpace', ({ mmu }) => mmu.createSpace()],
    ['createInstanceBlock', ({ mmu }) => mmu.createInstanceBlock(0x1000)],
    ['dumpTableCache', ({ mmu }) => mmu.dumpTableCache()],
  ])('%s is refused with EBUSY', (_name, call) => {
    expect(new Set(reenter(call))).toEqual(new Set(['EBUSY']));
  });

  test('questions may be asked', () => {
    const codes = reenter(({ vmm }) => [vmm.regionAt(0n), vmm.page(0), [...vmm.regions()].length, vmm.limit]);
    expect(new Set(codes)).toEqual(new Set([undefined]));
  });

  test('another device may be called', () => {
    const other = world();
    const codes = reenter(() => other.vmm.get(0x1000n));
    expect(new Set(codes)).toEqual(new Set([undefined]));
    other.vmm.verify();
  });
});

describe('what throws outside does not break what is inside', () => {
  const boom = (): never => {
    throw new Error('boom');
  };

  test.each<[string, MmuOptions]>([
    ['a log listener', { observer: { logLevel: 'spam', log: boom } }],
    ['an event listener', { observer: { event: boom } }],
    ['registers', { registers: { wr32: boom, rd32: boom, wait: boom, waitAny: boom, pauseGraphics: boom } }],
    ['a page mapper', { hostPages: { map: boom, unmap: boom } }],
  ])('%s', (_who, options) => {
    const provider = new BumpProvider();
    const mmu = new Mmu(gp100, { provider, ...options });
    const attempt = <T>(call: () => T): T | undefined => {
      try {
        return call();
      } catch (error) {
        expect(String(error)).toBe('Error: boom');
        return undefined;
      }
    };
    // A space whose creation is reported by an exception exists no less; the caller just has no handle.
    mmu.observer = undefined;
    const vmm = mmu.createSpace({ type: 'managed', addr: 2n ** 33n, size: 2n ** 24n });
    const addr = vmm.get(0x10_0000n);
    mmu.observer = options.observer;
    attempt(() => vmm.map(addr, page()));
    expect(translate(vmm, provider, addr)).toBe('0x10000000');
    attempt(() => vmm.pfnMap(0x1000n, 12, BigUint64Array.of(0x3000_0003n)));
    attempt(() => vmm.pfnClear(0x1000n, 0x1000n));
    expect(translate(vmm, provider, 0x1000n)).toBe('fault');
    attempt(() => vmm.unmap(addr));
    expect(translate(vmm, provider, addr)).toBe('fault');
    vmm.verify();
    attempt(() => vmm.close());
    expect(vmm.isClosed).toBe(true);
    attempt(() => mmu.dumpTableCache());
    expect(provider.allocations()).toEqual([]);
  });

  test('a provider that can not take memory back', () => {
    const good = new BumpProvider();
    const provider: MemoryProvider = { allocate: good.allocate.bind(good), free: boom };
    const mmu = new Mmu(gp100, { provider });
    const vmm = mmu.createSpace();
    const addr = vmm.get(0x10_0000n);
    vmm.map(addr, page());
    vmm.unmap(addr);
    expect(() => mmu.dumpTableCache()).toThrow('boom');
    vmm.verify();
    mmu.pool.verify();
    vmm.map(addr, page());
    expect(() => vmm.close()).toThrow('boom');
    expect(mmu.pool.stats().live).toBe(0);
  });

  test('an exception is reported once, by the call that met it', () => {
    const { mmu, vmm } = world();
    mmu.observer = { logLevel: 'debug', log: boom };
    expect(() => vmm.put(0x5000n)).toThrow('boom');
    mmu.observer = undefined;
    expect(() => vmm.get(0x1000n)).not.toThrow();
  });

  test('so is one from a call that is refused while it makes a space', () => {
    const provider = new BumpProvider();
    const mmu = new Mmu(gp100, { provider, observer: { event: boom } });
    expect(() => mmu.createSpace({ addr: 2n ** 60n })).toThrow('boom');
    mmu.observer = undefined;
    expect(() => mmu.createSpace()).not.toThrow();
  });
});

describe('things that are not there, or not ours', () => {
  function refused(self: World, call: () => unknown, code: string): void {
    const before = snapshot(self.mmu, self.vmm, self.provider);
    expect(codeOf(call)).toBe(code);
    expect(snapshot(self.mmu, self.vmm, self.provider)).toEqual(before);
    self.vmm.verify();
  }

  test('double put', () => {
    const self = world();
    const addr = self.vmm.get(0x4000n);
    self.vmm.put(addr);
    refused(self, () => self.vmm.put(addr), 'ENOENT');
  });

  test('double unmap', () => {
    const self = world();
    const addr = self.vmm.get(0x4000n);
    self.vmm.map(addr, page(), { size: 0x1000n });
    self.vmm.unmap(addr);
    refused(self, () => self.vmm.unmap(addr), 'EINVAL');
  });

  test('an address of another space', () => {
    const self = world();
    const other = self.mmu.createSpace({ addr: 2n ** 40n });
    const addr = other.get(0x4000n);
    refused(self, () => self.vmm.put(addr), 'ENOENT');
    refused(self, () => self.vmm.unmap(addr), 'ENOENT');
    other.put(addr);
  });

  test('a memory object that another device has mapped', () => {
    const self = world();
    const other = world();
    const memory = page();
    other.vmm.map(other.vmm.get(0x1000n), memory, { size: 0x1000n });
    const addr = self.vmm.get(0x1000n);
    refused(self, () => self.vmm.map(addr, memory, { size: 0x1000n }), 'EINVAL');
    const raw = self.mmu.createSpace({ type: 'raw', addr: 2n ** 33n, size: 2n ** 20n });
    raw.raw.get(0x1000n, 0x1000n, 12);
    expect(codeOf(() => raw.raw.map(0x1000n, 0x1000n, 12, memory))).toBe('EINVAL');
  });

  test('a page table given back to the wrong pool', () => {
    const self = world();
    const other = world();
    const table = other.mmu.pool.get(0x1000, 0x1000, true);
    expect(() => self.mmu.pool.put(table, false)).toThrow(/another pool/);
    self.mmu.pool.verify();
  });

  test('an instance block that is too small, or whose words are missing', () => {
    const self = world();
    const small = self.mmu.createInstanceBlock(0x100);
    refused(self, () => self.vmm.join(small), 'EINVAL');
    refused(self, () => self.vmm.part(small), 'EINVAL');
    const { vmm } = self;
    refused(self, () => vmm.join({ addr: 0x1000, size: 0x1000, target: 'vram', words: new Uint32Array(4) }), 'EINVAL');
  });

  test.each<[string, (vmm: Vmm) => unknown]>([
    ['a negative address', (vmm) => vmm.put(-1n)],
    ['an address beyond 64 bits', (vmm) => vmm.unmap(2n ** 64n)],
    ['a negative size', (vmm) => vmm.get(-0x1000n)],
    ['a size beyond 64 bits', (vmm) => vmm.get(2n ** 64n)],
    ['a page shift that is no integer', (vmm) => vmm.get(0x1000n, { page: 12.5 })],
    ['a negative alignment', (vmm) => vmm.get(0x1000n, { align: -1 })],
    ['a page shift that is not a number', (vmm) => vmm.pfnMap(0x1000n, Number.NaN, BigUint64Array.of(1n))],
    ['an offset beyond 64 bits', (vmm) => vmm.map(0x1000n, page(), { size: 0x1000n, offset: 2n ** 65n })],
    ['a page index that there is not', (vmm) => vmm.page(99)],
    ['a raw call in a space that is not raw', (vmm) => vmm.raw.get(0x1000n, 0x1000n, 12)],
  ])('%s', (_what, call) => {
    const self = world();
    refused(self, () => call(self.vmm), 'EINVAL');
  });
});

describe('devices and objects that can not be', () => {
  test.each<[string, () => unknown]>([
    ['negative tags', () => new Mmu(gp100, { tags: -1 })],
    ['half a tag', () => new Mmu(gp100, { tags: 0.5 })],
    ['stolen memory beyond all memory', () => new Mmu(gp100, { stolen: 2n ** 70n })],
    ['an instance block of no bytes', () => new Mmu(gp100).createInstanceBlock(0)],
    ['an instance block of 3 bytes', () => new Mmu(gp100).createInstanceBlock(3)],
    ['a space that starts at a negative address', () => new Mmu(gp100).createSpace({ addr: -1n })],
    ['a space beyond the limit', () => new Mmu(gp100).createSpace({ addr: 0n, size: 2n ** 63n })],
    ['a big page on a chip that takes none', () => new Mmu(gp100).createSpace({ bigPage: 16 })],
    ['a big page that there is not', () => new Mmu(findChip('gm200')!).createSpace({ bigPage: 15 })],
  ])('%s', (_what, call) => {
    expect(codeOf(call)).toMatch(/^(?:EINVAL|ENOSYS)$/);
  });

  test('sizes that no number holds are refused where addresses have 57 bits', () => {
    const mmu = new Mmu(findChip('gh100')!);
    for (const options of [
      { addr: 1n },
      { addr: 2n ** 30n, size: 0x1001n },
      { type: 'managed', addr: 1n, size: 16n } as const,
      { type: 'raw', addr: 0x1000n, size: 1n } as const,
    ]) {
      expect(codeOf(() => mmu.createSpace(options))).toBe('EINVAL');
    }
    expect(mmu.pool.stats().live).toBe(0);
    const vmm = mmu.createSpace();
    for (const size of [1n, 0x1001n, 0x100_0000_0008n]) expect(codeOf(() => vmm.get(size))).toBe('EINVAL');
    vmm.verify();
    expect(vmm.get(0x10n)).toBe(0n);
    const addr = vmm.get(2n ** 56n);
    expect(codeOf(() => vmm.map(addr, page(), { size: 1n }))).toBe('EINVAL');
    expect(codeOf(() => vmm.map(addr + 8n, page(), { size: 0x1000n }))).toBe('EINVAL');
    vmm.verify();
  });

  test('a space that does not begin on a page can not be bootstrapped', () => {
    for (const options of [
      { addr: 0x800n, size: 0x1000n },
      { addr: 0n, size: 0x1800n },
    ]) {
      const vmm = new Mmu(gp100).createSpace(options);
      expect(codeOf(() => vmm.boot())).toBe('EINVAL');
      vmm.verify();
      vmm.close();
    }
  });
});
