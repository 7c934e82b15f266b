// What calls that are refused say: the value, the place and what would do. The state is as before.

import { BumpProvider } from '@nvmmu/ptcache';
import { findChip } from '@nvmmu/script';
import { MemoryObject, Mmu, VmmError, type MmuOptions, type SpaceOptions, type Vmm } from '@nvmmu/vmm-core';
import { describe, expect, test } from 'vitest';
import { snapshot } from './support/snapshot.js';

const MIB = 2n ** 20n;
const WINDOW = { addr: 2n ** 33n, size: 16n * MIB } as const;

class World {
  readonly provider: BumpProvider = new BumpProvider();
  /** Tables that can still be had. */
  left = Infinity;
  readonly mmu: Mmu;
  readonly vmm: Vmm;

  constructor(chip: string, options: SpaceOptions = {}, device: MmuOptions = {}) {
    const { provider } = this;
    this.mmu = new Mmu(findChip(chip)!, {
      provider: {
        allocate: (size, align, zero) => (this.left-- > 0 ? provider.allocate(size, align, zero) : undefined),
        free: (memory) => {
          provider.free(memory);
        },
      },
      ...device,
    });
    this.vmm = this.mmu.createSpace(options);
  }

  /** Holds a call to the code and message that it is refused with, and to changing nothing. */
  refuses(call: (vmm: Vmm) => unknown, code: string, message: string): void {
    const { left } = this;
    this.left = Infinity;
    const before = snapshot(this.mmu, this.vmm, this.provider);
    this.left = left;
    expect(refusal(() => call(this.vmm))).toBe(`${code} ${message}`);
    expect(snapshot(this.mmu, this.vmm, this.provider)).toEqual(before);
    this.vmm.verify();
  }
}

function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof VmmError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'nothing';
}

const raw = (chip = 'gp100'): World => new World(chip, { type: 'raw', ...WINDOW });
const managed = (chip = 'gp100'): World => new World(chip, { type: 'managed', ...WINDOW });
const host = (pages = 16): MemoryObject => MemoryObject.pageRange('ncoh', 0x2_0000_0000n, pages);

describe('raw calls', () => {
  test.each<[string, string, (vmm: Vmm) => unknown]>([
    [
      'a range that reaches into the window',
      '[0x1fffff000, 0x200001000) is not inside a range of the client',
      (vmm) => vmm.raw.get(2n ** 33n - 0x1000n, 0x2000n, 12),
    ],
    [
      'the last page of the window',
      '[0x200fff000, 0x201000000) is not inside a range of the client',
      (vmm) => vmm.raw.get(2n ** 33n + 16n * MIB - 0x1000n, 0x1000n, 12),
    ],
    [
      'the page behind the end',
      '[0x2000000000000, 0x2000000001000) is not inside a range of the client',
      (vmm) => vmm.raw.get(2n ** 49n, 0x1000n, 12),
    ],
    ['no page size', 'a raw call needs a page size', (vmm) => vmm.raw.get(0x1000n, 0x1000n, 0)],
    [
      'a page size that there is not',
      '0x2000 bytes are not whole pages of a page size 2^13 that the chip has',
      (vmm) => vmm.raw.put(0x2000n, 0x2000n, 13),
    ],
    [
      'a size that is not whole pages',
      '0x1800 bytes are not whole pages of a page size 2^12 that the chip has',
      (vmm) => vmm.raw.unmap(0x1000n, 0x1800n, 12),
    ],
    ['no size', 'a raw call needs a size', (vmm) => vmm.raw.map(0x1000n, 0n, 12, host())],
    [
      'an address inside a page',
      'address 0x1800 is not a multiple of the page size 2^12',
      (vmm) => vmm.raw.get(0x1800n, 0x1000n, 12),
    ],
    [
      'an entry without a reference',
      'no reference on the page table entry for 0x12000',
      (vmm) => vmm.raw.put(0x10000n, 0x4000n, 12),
    ],
    [
      'no reference to clear with',
      'no reference on the page table entry for 0x12000',
      (vmm) => vmm.raw.unmap(0x11000n, 0x2000n, 12),
    ],
    [
      'the last reference of a mapped entry',
      'the last reference on the entry for 0x11000, which is mapped',
      (vmm) => {
        vmm.raw.map(0x11000n, 0x1000n, 12, host(1));
        try {
          vmm.raw.put(0x10000n, 0x2000n, 12);
        } finally {
          vmm.raw.unmap(0x11000n, 0x1000n, 12);
        }
      },
    ],
    ['sparseness without a size', 'a sparse range needs a size', (vmm) => vmm.raw.sparse(0x1000n, 0n, true)],
    [
      'sparseness of parts of pages',
      '[0x1800, 0x2000) is not in whole pages of 2^12 bytes',
      (vmm) => vmm.raw.sparse(0x1800n, 0x800n, true),
    ],
    [
      'sparseness of a part of the last page',
      '[0x1000, 0x1800) is not in whole pages of 2^12 bytes',
      (vmm) => vmm.raw.sparse(0x1000n, 0x800n, true),
    ],
    [
      'sparseness in the window',
      '[0x200000000, 0x200001000) is not inside a range of the client',
      (vmm) => vmm.raw.sparse(2n ** 33n, 0x1000n, true),
    ],
    [
      'the end of sparseness that is none',
      '[0x40000, 0x41000) is not a range that was made sparse',
      (vmm) => vmm.raw.sparse(0x40000n, 0x1000n, false),
    ],
    [
      'sparseness twice',
      '0x4f000 overlaps the sparse range [0x40000, 0x50000)',
      (vmm) => vmm.raw.sparse(0x4f000n, 0x1000n, true),
    ],
    [
      'an address that no number holds',
      '0x1000 bytes at 0x20000000000001 are not whole pages',
      (vmm) => vmm.raw.get(2n ** 53n + 1n, 0x1000n, 12),
    ],
    [
      'a size that no number holds',
      '0x20000000000001 bytes at 0x1000 are not whole pages',
      (vmm) => vmm.raw.get(0x1000n, 2n ** 53n + 1n, 12),
    ],
  ])('%s', (_what, message, call) => {
    const self = raw();
    self.vmm.raw.get(0x10000n, 0x2000n, 12);
    self.vmm.raw.sparse(0x40000n, 0x10000n, true);
    self.refuses(call, 'EINVAL', message);
  });

  test('ranges of the client end exactly where the window begins, and begin where it ends', () => {
    const { vmm } = raw();
    for (const addr of [WINDOW.addr - 0x1000n, WINDOW.addr + WINDOW.size, 2n ** 49n - 0x1000n]) {
      vmm.raw.get(addr, 0x1000n, 12);
      vmm.raw.put(addr, 0x1000n, 12);
      vmm.raw.sparse(addr, 0x1000n, true);
      vmm.raw.sparse(addr, 0x1000n, false);
    }
    vmm.verify();
  });

  test('a sparse range may begin and end where others do', () => {
    const { vmm } = raw();
    for (const addr of [0x41000n, 0x43000n, 0x42000n, 0x40000n]) vmm.raw.sparse(addr, 0x1000n, true);
    expect(refusal(() => vmm.raw.sparse(0x3f000n, 0x2000n, true))).toBe(
      'EINVAL 0x3f000 overlaps the sparse range [0x40000, 0x41000)',
    );
    vmm.verify();
  });

  test('pages that can not be sparse, in calls and in ranges', () => {
    const self = raw('nv50');
    self.vmm.raw.get(0x10000n, 0x1000n, 12);
    self.refuses((vmm) => vmm.raw.unmap(0x10000n, 0x1000n, 12, true), 'EINVAL', "pages of shift 12 can't be sparse");
    self.refuses((vmm) => vmm.raw.sparse(0x10000n, 0x1000n, true), 'EINVAL', "pages of shift 12 can't be sparse");
  });

  test('no memory for tables, at the first of them and in the middle', () => {
    for (let left = 0; left < 5; left++) {
      const self = raw();
      self.left = left;
      self.refuses((vmm) => vmm.raw.get(0x3f_0000n, 4n * MIB, 12), 'ENOMEM', 'no memory for page tables at 0x3f0000');
    }
    for (let left = 0; left < 5; left++) {
      const self = raw();
      self.left = left;
      // One page in each of two tables.
      self.refuses(
        (vmm) => vmm.raw.sparse(0x3f_f000n, 0x2000n, true),
        'ENOMEM',
        'no memory for page tables of the sparse range at 0x3ff000',
      );
    }
  });
});

describe('the number of references that an entry has room for', () => {
  /** Takes references until that is refused, and then gives one back. */
  function countRefs(self: World, addr: bigint, size: bigint, shift: number, message: string): number {
    const { raw } = self.vmm;
    let n = 0;
    while (n <= 0x1_0000 && refusal(() => raw.get(addr, size, shift)) === 'nothing') n++;
    self.refuses(() => raw.get(addr, size, shift), 'EINVAL', message);
    raw.put(addr, size, shift);
    self.vmm.verify();
    raw.get(addr, size, shift);
    self.vmm.verify();
    return n;
  }

  test('16 bits, of a page in a table of its own', () => {
    expect(countRefs(raw('nv50'), 0x3000n, 0x1000n, 12, 'too many references at 0x3000')).toBe(0xffff);
  });

  test('16 bits, of a large page', () => {
    expect(countRefs(raw(), 0x3_0000n, 0x10000n, 16, 'too many references at 0x30000')).toBe(0xffff);
  });

  test('16 bits for the small pages below one large page together, with room for one more of each', () => {
    expect(countRefs(raw(), 0x10000n, 0x10000n, 12, 'too many references at 0x10000')).toBe(0xfff);
    const self = raw('gm200');
    self.vmm.raw.get(0n, 0x40000n, 12);
    expect(countRefs(self, 0x2_0000n, 0x20000n, 12, 'too many references at 0x20000')).toBe(0x7fe);
    self.refuses((vmm) => vmm.raw.get(0n, 0x40000n, 12), 'EINVAL', 'too many references at 0x20000');
    self.vmm.raw.get(0n, 0x20000n, 12);
  });
});

// One directory entry of the nv50 family holds one table, for 512 MiB of small or of large pages.
describe('a table of another page size', () => {
  const TABLE = 512n * MIB;

  function withLarge(): World {
    const self = raw('nv50');
    self.vmm.raw.get(TABLE, 0x10000n, 16);
    return self;
  }

  test.each([
    ['in the table of the large page', TABLE + 0x1000_0000n, 0x1000n],
    ['at its end', 2n * TABLE - 0x1000n, 0x1000n],
    ['from the table before', TABLE - 0x1000n, 0x2000n],
    ['from two tables before', 0n, TABLE + 0x1000n],
  ])('is in the way of a raw call %s', (_where, addr, size) => {
    withLarge().refuses(
      (vmm) => vmm.raw.get(addr, size, 12),
      'EINVAL',
      `a table of another page size than 2^12 is in the way at 0x${addr.toString(16)}`,
    );
  });

  test('is not in the way of ranges that end where it begins and begin where it ends', () => {
    const { vmm } = withLarge();
    for (const addr of [TABLE - 0x1000n, 2n * TABLE]) {
      vmm.raw.get(addr, 0x1000n, 12);
      vmm.raw.put(addr, 0x1000n, 12);
    }
    vmm.verify();
  });

  test('has no references for pages of another size', () => {
    const self = withLarge();
    const message = 'no reference on the page table entry for 0x20000000';
    self.refuses((vmm) => vmm.raw.put(TABLE, 0x1000n, 12), 'EINVAL', message);
    self.refuses((vmm) => vmm.raw.unmap(TABLE, 0x1000n, 12), 'EINVAL', message);
    self.refuses(
      (vmm) => vmm.raw.map(TABLE, 0x1000n, 12, host()),
      'EINVAL',
      'a table of another page size than 2^12 is in the way at 0x20000000',
    );
  });

  test('is in the way of bootstrapping', () => {
    const self = new World('nv50', { addr: TABLE - MIB, size: 2n * MIB });
    self.vmm.get(0x10000n, { type: 'ptes', page: 16, align: 29 });
    self.refuses((vmm) => vmm.boot(), 'EINVAL', 'tables of larger pages are in the way of bootstrapping');
  });
});

test('a sparse allocation that is not whole pages', () => {
  managed().refuses(
    (vmm) => vmm.get(0x1800n, { sparse: true }),
    'EINVAL',
    'sparse range ends with 0x800 bytes, less than a page',
  );
});

describe('page frames', () => {
  const FRAME = 0x4000_0013n;

  test.each<[string, string, (vmm: Vmm) => unknown]>([
    [
      'at a page size that takes none',
      "EINVAL page frames can't be mapped at 2^16 bytes a page",
      (vmm) => vmm.pfnMap(0x10000n, 16, BigUint64Array.of(FRAME)),
    ],
    [
      'at an address inside a page',
      'EINVAL frames at [0x1800, 0x2800) are not whole pages of the address space',
      (vmm) => vmm.pfnMap(0x1800n, 12, BigUint64Array.of(FRAME)),
    ],
    [
      'behind the end',
      'EINVAL frames at [0x1fffffffff000, 0x2000000001000) are not whole pages of the address space',
      (vmm) => vmm.pfnMap(2n ** 49n - 0x1000n, 12, BigUint64Array.of(FRAME, FRAME)),
    ],
    [
      'cleared from inside a large one',
      'EINVAL [0x201000, 0x400000) cuts through mapped pages of 2^21 bytes',
      (vmm) => vmm.pfnClear(0x20_1000n, 0x40_0000n),
    ],
    [
      'cleared up to the inside of a large one',
      'EINVAL [0x200000, 0x3ff000) cuts through mapped pages of 2^21 bytes',
      (vmm) => vmm.pfnClear(0n, 0x3f_f000n),
    ],
  ])('%s', (_what, message, call) => {
    const self = managed();
    self.vmm.pfnMap(0x20_0000n, 21, BigUint64Array.of(FRAME));
    const [code, ...words] = message.split(' ');
    self.refuses(call, code!, words.join(' '));
  });

  test('before the first address', () => {
    const self = new World('gp100', { addr: 0x10_0000n, size: 0x10_0000n });
    self.refuses((vmm) => vmm.pfnMap(0x1000n, 12, BigUint64Array.of(FRAME)), 'ENOENT', 'no region at 0x1000');
    self.refuses((vmm) => vmm.pfnClear(0x1000n, 0x1000n), 'EINVAL', 'no region at 0x1000');
  });

  test('on a chip without', () => {
    managed('gm200').refuses(
      (vmm) => vmm.pfnMap(0x1000n, 12, BigUint64Array.of(FRAME)),
      'EINVAL',
      "page frames can't be mapped at 2^12 bytes a page",
    );
  });
});

describe('spaces and devices', () => {
  test.each<[string, SpaceOptions, string]>([
    ['gp100', { addr: 2n ** 50n }, 'EINVAL [0x4000000000000, 0x4000000000000) is beyond the 49 bits of address space'],
    [
      'gp100',
      { addr: 2n ** 48n, size: 2n ** 48n + 0x1000n },
      'EINVAL [0x1000000000000, 0x2000000001000) is beyond the 49 bits of address space',
    ],
    ['gh100', { addr: 8n, size: 0x1000n }, 'EINVAL [0x8, 0x1008) is not exact in units of 16 bytes'],
    ['gh100', { addr: 0n, size: 0x1008n }, 'EINVAL [0x0, 0x1008) is not exact in units of 16 bytes'],
    ['gp100', { addr: 2n ** 53n + 1n }, 'EINVAL 0x20000000000001 is not the bound of an address space'],
    ['gp100', { bigPage: 16 }, 'ENOSYS gp100 takes no argument "bigPage"'],
    ['gm200', { replay: true }, 'ENOSYS gm200 takes no argument "replay"'],
  ])('on %s: %o', (chip, options, message) => {
    const { mmu } = managed(chip);
    expect(refusal(() => mmu.createSpace(options))).toBe(message);
    expect(mmu.pool.stats().live).toBe(1);
  });

  test('a space may begin and end at the limit', () => {
    const { mmu } = managed();
    expect([...mmu.createSpace({ addr: 2n ** 49n }).regions()]).toEqual([]);
    expect(mmu.createSpace({ addr: 2n ** 48n, size: 2n ** 48n }).limit).toBe(2n ** 49n);
    // Only where addresses have more bits than a number is exact for must bounds be multiples of 16 bytes.
    expect(mmu.createSpace({ addr: 1n, size: 2n }).limit).toBe(3n);
  });

  test('bootstrapping parts of pages, and without memory', () => {
    const odd = new World('gp100', { addr: 0x800n, size: 0x1000n });
    odd.refuses((vmm) => vmm.boot(), 'EINVAL', '[0x800, 0x1800) is not in whole pages of 2^12 bytes');
    const end = new World('gp100', { addr: 0n, size: 0x1800n });
    end.refuses((vmm) => vmm.boot(), 'EINVAL', '[0x0, 0x1800) is not in whole pages of 2^12 bytes');
    for (let left = 0; left < 5; left++) {
      const self = new World('gp100', { addr: 0n, size: 4n * MIB });
      self.left = left;
      self.refuses((vmm) => vmm.boot(), 'ENOMEM', 'no memory for all page tables of the address space');
    }
  });

  test.each<[string, MmuOptions]>([
    ['-1 compression tags', { tags: -1 }],
    ['0.5 compression tags', { tags: 0.5 }],
    ['stolen memory at 0x400000000000000000', { stolen: 2n ** 70n }],
  ])('%s', (message, options) => {
    expect(refusal(() => new Mmu(findChip('nv50')!, options))).toBe(`EINVAL ${message}`);
  });

  test('instance blocks', () => {
    const self = managed();
    for (const size of [0, -4, 3, 4.5]) {
      expect(refusal(() => self.mmu.createInstanceBlock(size))).toBe(`EINVAL instance block of ${size} bytes`);
    }
    expect(self.mmu.createInstanceBlock(4).size).toBeGreaterThanOrEqual(4);
    self.left = 0;
    expect(refusal(() => self.mmu.createInstanceBlock(0x1000))).toBe(
      'ENOMEM no memory for an instance block of 4096 bytes',
    );
  });
});
