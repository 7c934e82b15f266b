// Scenarios of a peer implementation's page-tree tests, restated: shape of the tree and counts (A), depth of
// invalidations (B), ranges against table borders (C), partial release (D), dual tables (E), and behaviour of its
// walker library (F). Page frames in a managed space reserve and write single entries at chosen addresses.

import { BumpProvider } from '@nvmmu/ptcache';
import { CHIPS, findChip } from '@nvmmu/script';
import { listTree, MemoryObject, Mmu, type TableNode, type Vmm } from '@nvmmu/vmm-core';
import { describe, expect, test } from 'vitest';
import { ProviderReader } from '../src/reader.js';
import { translate, walkBytes } from './support/walks.js';

const KIB = 1024n;
const MIB = 1024n * KIB;
const GIB = 1024n * MIB;
const TIB = 1024n * GIB;

class World {
  readonly provider: BumpProvider = new BumpProvider();
  readonly mmu: Mmu;
  readonly vmm: Vmm;
  readonly large: MemoryObject = MemoryObject.video([[0x2000_0000n, 512n * MIB]], { page: 16 });
  readonly #lines: string[] = [];

  /** The window of the driver is at the top: everything else is the client's. */
  constructor(chip = 'gp100', type: 'managed' | 'raw' = 'managed') {
    this.mmu = new Mmu(findChip(chip)!, {
      provider: this.provider,
      observer: { logLevel: 'trace', log: (line) => this.#lines.push(line) },
    });
    const probe = this.mmu.createSpace();
    const { limit } = probe;
    probe.close();
    this.vmm = this.mmu.createSpace({ type, addr: limit - GIB, size: GIB });
    this.#lines.length = 0;
  }

  /** Flush depths since the last call. */
  flushes(): number[] {
    return this.#lines
      .splice(0)
      .flatMap((line) => /flush: (\d+)$/.exec(line)?.[1] ?? [])
      .map(Number);
  }

  /** The tables that the hardware finds, as `PD0@index` from the top. */
  tables(): TableNode[] {
    const { directory, template } = this.vmm.state;
    const root = { kind: 'root', target: directory!.target, addr: BigInt(directory!.addr) } as const;
    return [...listTree(template.format, new ProviderReader(this.provider), root)].filter(
      (node) => node.kind === 'table',
    );
  }

  shape(): string {
    return this.tables()
      .slice(1)
      .map(({ level, index }) => `${level}[${index}]`)
      .join(' ');
  }

  get live(): number {
    return this.mmu.pool.stats().live;
  }

  frames(addr: bigint, count = 1, shift = 12): void {
    const words = BigUint64Array.from({ length: count }, (_, i) => 0x4000_0013n + (BigInt(i) << BigInt(shift)));
    this.vmm.pfnMap(addr, shift, words);
    expect(words.every((word) => word !== 0n)).toBe(true);
  }

  clear(addr: bigint, size: bigint = 4n * KIB): void {
    this.vmm.pfnClear(addr, size);
  }

  at(addr: bigint): string {
    return translate(this.vmm, this.provider, addr);
  }
}

function map64(world: World, addr: bigint, size: bigint = 64n * KIB): void {
  world.vmm.map(addr, world.large, { size });
}

describe('A, shape', () => {
  test('A1 a space without mappings has its directory and nothing else', () => {
    const world = new World();
    expect(world.live).toBe(1);
    expect(world.flushes()).toEqual([]);
    world.vmm.close();
    expect(world.live).toBe(0);
    expect(world.flushes()).toEqual([]);
  });

  test('A2 one large page has one path, which goes with it', () => {
    const world = new World();
    map64(world, 0n);
    expect(world.shape()).toBe('PD2[0] PD1[0] PD0[0] LPT[0]');
    world.vmm.unmap(0n);
    expect(world.live).toBe(1);
    expect(world.shape()).toBe('');
  });

  test('A3 two pages of one table allocate it once, in any order', () => {
    const world = new World();
    map64(world, 64n * KIB);
    const { live } = world;
    map64(world, 0n);
    expect(world.live).toBe(live);
    expect(world.at(64n * KIB)).toBe('0x20000000');
  });

  test('A4 tables of neighbouring directory entries share a page of memory', () => {
    const world = new World();
    map64(world, 0n);
    map64(world, 2n * MIB);
    const [first, second] = world.tables().filter(({ level }) => level === 'LPT');
    expect([first?.index, second?.index]).toEqual([0, 1]);
    expect(second!.addr - first!.addr).toBe(0x100n);
  });

  test('A5 the order of creation does not matter', () => {
    const world = new World();
    map64(world, 6n * MIB);
    map64(world, 2n * MIB);
    expect(world.shape()).toBe('PD2[0] PD1[0] PD0[0] LPT[1] LPT[3]');
  });

  test.each([
    ['A6', 512n * MIB, 'PD2[0] PD1[0] PD0[1]', 1],
    ['A7', 128n * TIB + 256n * GIB + 248n * 2n * MIB, 'PD2[1] PD1[1] PD0[0]', 2],
  ])('%s sixteen pages 2 MiB apart', (_id, base, path, directories) => {
    const world = new World();
    for (let i = 0n; i < 16n; i++) map64(world, base + i * 2n * MIB);
    expect(world.shape().startsWith(path)).toBe(true);
    expect(world.tables().filter(({ level }) => level === 'PD0')).toHaveLength(directories);
    const leaves = world.tables().filter(({ level }) => level === 'LPT');
    expect(leaves).toHaveLength(16);
    if (directories === 2) {
      expect(leaves.map(({ index }) => index)).toEqual([
        248, 249, 250, 251, 252, 253, 254, 255, 0, 1, 2, 3, 4, 5, 6, 7,
      ]);
    }
    for (let i = 0n; i < 16n; i++) {
      expect(world.live).toBeGreaterThan(1);
      world.vmm.unmap(base + i * 2n * MIB);
    }
    expect(world.live).toBe(1);
  });

  test('A8 a 2 MiB page is an entry of PD0', () => {
    const world = new World();
    const addr = 34983n * 2n * MIB;
    world.frames(addr, 1, 21);
    expect(world.shape()).toBe('PD2[0] PD1[0] PD0[136]');
    expect(walkBytes(world.vmm, world.provider, addr).steps.at(-1)).toMatchObject({ level: 'PD0', index: 167 });
  });

  test('A9 2 MiB of small pages fill one table', () => {
    const world = new World();
    world.frames(2n ** 47n, 512);
    expect(world.shape()).toBe('PD2[1] PD1[0] PD0[0] SPT[0]');
    expect(world.at(2n ** 47n + 511n * 4n * KIB)).toBe('0x401ff000');
  });

  test('A10 512 MiB of 2 MiB pages fill one directory', () => {
    const world = new World();
    world.frames(512n * MIB, 256, 21);
    expect(world.shape()).toBe('PD2[0] PD1[0] PD0[1]');
  });

  test('A11 half a table stays when the other half goes', () => {
    const world = new World();
    world.frames(MIB, 256);
    world.frames(0n, 256);
    const { live } = world;
    world.clear(MIB, MIB);
    expect(world.live).toBe(live);
    expect([world.at(0n), world.at(MIB)]).toEqual(['0x40000000', 'fault']);
  });
});

describe('B, invalidation depth', () => {
  test('of the shallowest entry written, and of the one cleared in the directory that survives', () => {
    const world = new World();
    const { vmm } = world;
    const steps: [() => void, number[]][] = [
      [() => world.frames(0n), [0]],
      [() => world.clear(0n), [0]],
      [() => world.frames(0n), [0]],
      [() => world.clear(0n), [0]],
      [() => world.frames(0n), [0]],
      [() => world.frames(2n * MIB - 4n * KIB), [4]],
      [() => world.clear(2n * MIB - 4n * KIB), [4]],
      [() => map64(world, MIB), [3]],
      [() => world.frames(512n * MIB), [2]],
      [() => world.frames(256n * GIB), [1]],
      [() => world.frames(128n * TIB), [0]],
      [() => world.clear(128n * TIB), [0]],
      [() => world.clear(256n * GIB), [1]],
      [() => world.clear(512n * MIB), [2]],
      [() => world.clear(0n), [3]],
      [() => vmm.unmap(MIB), [0]],
      [() => map64(world, 0n), [0]],
      [() => world.frames(2n * MIB), [3]],
    ];
    steps.forEach(([step, depths], i) => {
      step();
      expect([i, ...world.flushes()]).toEqual([i, ...depths]);
    });
  });

  test('one level deeper on six levels', () => {
    const world = new World('gh100');
    const page = MemoryObject.video([[0x1000_0000n, 64n * KIB]], { page: 12 });
    const map = (addr: bigint): void => world.vmm.map(addr, page, { size: 4n * KIB });
    const depths = [0n, 4n * KIB, 2n * MIB, 512n * MIB, 256n * GIB, 2n ** 47n, 2n ** 56n].map((addr) => {
      map(addr);
      return world.flushes();
    });
    expect(depths).toEqual([[0], [5], [4], [3], [2], [1], [0]]);
  });

  test('the flush comes before the memory of the table goes', () => {
    const order: string[] = [];
    const mmu = new Mmu(findChip('gp100')!, {
      observer: { logLevel: 'trace', log: (line) => order.push(line), event: ({ type }) => order.push(type) },
    });
    const vmm = mmu.createSpace({ type: 'managed', addr: 2n ** 40n, size: GIB });
    // More tables than are cached.
    for (let i = 0n; i < 12n; i++) vmm.pfnMap(i * 512n * MIB, 12, BigUint64Array.of(0x13n));
    order.length = 0;
    vmm.pfnClear(0n, 12n * 512n * MIB);
    let flushed = false;
    let freed = 0;
    for (const line of order) {
      if (line.includes('flush:')) flushed = true;
      if (line.includes('unmap + unref: ')) flushed = false;
      if (line === 'ptfree') {
        freed++;
        expect(flushed).toBe(true);
      }
    }
    expect(freed).toBeGreaterThan(0);
  });
});

describe('C, ranges against table borders', () => {
  const sizes = [
    [12, 512],
    [16, 32],
    [21, 256],
  ] as const;

  test.each(sizes)('pages of 2^%i, %i in a table', (shift, n) => {
    const page = 2n ** BigInt(shift);
    const cover = BigInt(n) * page;
    // Start and length in pages.
    const ranges: [number, number][] = [
      ...[0, 1, n / 2, n - 1].map((i): [number, number] => [i, 1]),
      ...[1, n / 2, n - 1].map((i): [number, number] => [n + i, n]),
      [n - 1, 2],
      [n - 2, n + 4],
      [0, n],
      [0, 2 * n],
      [2, n - 2],
    ];
    for (const [start, length] of ranges) {
      const world = new World();
      const object = MemoryObject.video([[0x1_0000_0000n, BigInt(length) * page]], { page: shift });
      const addr = 4n * cover + BigInt(start) * page;
      const size = BigInt(length) * page;
      const neighbours = MemoryObject.video([[0x10_0000_0000n, page]], { page: shift });
      world.vmm.map(addr - page, neighbours, { size: page });
      world.vmm.map(addr + size, neighbours, { size: page });
      for (let round = 0; round < 2; round++) {
        world.vmm.map(addr, object, { size });
        // Once more over what is there.
        world.vmm.map(addr, object, { size });
        for (let k = 0n; k < BigInt(length); k++) {
          const found = walkBytes(world.vmm, world.provider, addr + k * page);
          if (found.kind !== 'mapped' || found.addr !== 0x1_0000_0000n + k * page || found.shift !== shift) {
            throw new Error(`page ${k} of [${start}, +${length}) is ${found.kind}`);
          }
        }
        world.vmm.unmap(addr);
        for (let k = 0n; k < BigInt(length); k++) {
          if (world.at(addr + k * page) !== 'fault') throw new Error(`page ${k} of [${start}, +${length}) is left`);
        }
        expect([world.at(addr - page), world.at(addr + size)]).toEqual(['0x1000000000', '0x1000000000']);
        world.vmm.verify();
      }
    }
  });

  test('a write and a clear in one table flush once each, at its depth', () => {
    const world = new World();
    world.frames(0n);
    world.flushes();
    world.frames(4n * KIB, 100);
    expect(world.flushes()).toEqual([4]);
    world.clear(4n * KIB, 400n * KIB);
    expect(world.flushes()).toEqual([4]);
  });
});

describe('D, partial release', () => {
  test.each([0, 1, 509])('a range of 3 pages at entry %i shrinks to nothing', (start) => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
    ]) {
      const world = new World();
      const addr = BigInt(start) * 4n * KIB;
      world.frames(addr, 3);
      const left = new Set([0, 1, 2]);
      for (const i of order) {
        world.clear(addr + BigInt(i) * 4n * KIB);
        left.delete(i);
        for (let k = 0; k < 3; k++) {
          const expected = left.has(k) ? `0x4000${k}000` : 'fault';
          expect(world.at(addr + BigInt(k) * 4n * KIB)).toBe(expected);
        }
        world.vmm.verify();
      }
      expect(world.live).toBe(1);
    }
  });

  test.each(['upper part first', 'whole first'])('a second reference on the upper pages, %s', (order) => {
    const world = new World('gp100', 'raw');
    const { raw } = world.vmm;
    raw.get(0n, 16n * KIB, 12);
    raw.get(8n * KIB, 8n * KIB, 12);
    const live = world.live;
    if (order === 'whole first') {
      raw.put(0n, 16n * KIB, 12);
      expect(world.live).toBe(live);
      expect(() => raw.put(0n, 4n * KIB, 12)).toThrow(/no reference/);
      raw.put(8n * KIB, 8n * KIB, 12);
    } else {
      raw.put(8n * KIB, 8n * KIB, 12);
      expect(world.live).toBe(live);
      raw.put(0n, 16n * KIB, 12);
    }
    expect(world.live).toBe(1);
    world.vmm.verify();
  });
});

describe('E, dual tables', () => {
  const BLOCKED = 0x20n;
  const OPEN = 0n;
  const SPARSE = 0x8n;
  const GROUP = 64n * KIB;

  /** Entries of the large-page table for groups of 16 small pages, from memory. */
  function entries(world: World, count = 4): bigint[] {
    const table = world.tables().find(({ level }) => level === 'LPT');
    const memory = world.provider.find(Number(table!.addr))!;
    const at = (Number(table!.addr) - memory.addr) / 4;
    return Array.from({ length: count }, (_, i) => BigInt(memory.words[at + 2 * i] as number));
  }

  /** A world whose large-page table is kept by a page at its end. */
  function dual(): World {
    const world = new World();
    map64(world, 2n * MIB - GROUP);
    return world;
  }

  test('E1 to E5 an entry opens with the first small page of its group and is blocked after the last', () => {
    const world = dual();
    expect(entries(world)).toEqual([BLOCKED, BLOCKED, BLOCKED, BLOCKED]);
    world.frames(GROUP);
    expect(entries(world)).toEqual([BLOCKED, OPEN, BLOCKED, BLOCKED]);
    world.frames(GROUP + 4n * KIB);
    expect(entries(world)).toEqual([BLOCKED, OPEN, BLOCKED, BLOCKED]);
    world.clear(GROUP);
    expect(entries(world)).toEqual([BLOCKED, OPEN, BLOCKED, BLOCKED]);
    world.clear(GROUP + 4n * KIB);
    expect(entries(world)).toEqual([BLOCKED, BLOCKED, BLOCKED, BLOCKED]);
  });

  test('E6 and E7 a clear over several groups blocks those that are left empty', () => {
    const world = dual();
    world.frames(0n, 64);
    expect(entries(world)).toEqual([OPEN, OPEN, OPEN, OPEN]);
    world.clear(GROUP / 2n, 2n * GROUP);
    expect(entries(world)).toEqual([OPEN, BLOCKED, OPEN, OPEN]);
    world.clear(3n * GROUP, 4n * KIB);
    expect(entries(world)).toEqual([OPEN, BLOCKED, OPEN, OPEN]);
    world.vmm.verify();
  });

  test('E8 a large-page table made later is open where small pages are', () => {
    const world = new World();
    world.frames(GROUP);
    world.frames(3n * GROUP + 8n * KIB);
    map64(world, 2n * MIB - GROUP);
    expect(entries(world)).toEqual([BLOCKED, OPEN, BLOCKED, OPEN]);
    expect(world.at(GROUP)).toBe('0x40000000');
  });

  test('E9 a large page is valid, then blocked', () => {
    const world = dual();
    map64(world, 0n);
    expect(entries(world)[0]! & 1n).toBe(1n);
    world.vmm.unmap(0n);
    expect(entries(world)[0]).toBe(BLOCKED);
  });

  test('E9 to E11 in a sparse range it is sparse again, and small pages start sparse', () => {
    const world = new World();
    const { vmm } = world;
    const base = vmm.get(2n * MIB + GROUP, { sparse: true, align: 21 });
    vmm.map(base + 2n * MIB, world.large, { size: GROUP });
    const all = (): string[] => [0n, 4n * KIB, 15n * 4n * KIB].map((delta) => world.at(base + 2n * MIB + delta));
    expect(all()).toEqual(['0x20000000', '0x20001000', '0x2000f000']);
    vmm.unmap(base + 2n * MIB);
    expect(all()).toEqual(['sparse', 'sparse', 'sparse']);
    expect(entries(world)[0]).toBe(SPARSE);
    vmm.map(base + 2n * MIB, MemoryObject.video([[0x1000_0000n, 4n * KIB]]), { size: 4n * KIB });
    expect(entries(world)[0]).toBe(OPEN);
    expect(all()).toEqual(['0x10000000', 'sparse', 'sparse']);
    vmm.unmap(base + 2n * MIB);
    expect(entries(world)[0]).toBe(SPARSE);
    expect(all()).toEqual(['sparse', 'sparse', 'sparse']);
    vmm.verify();
  });
});

describe('F, behaviour of a walker library', () => {
  test('F1 a 2 MiB page where small ones were: their tables are gone first', () => {
    const world = new World();
    world.frames(0n, 512);
    world.clear(0n, 2n * MIB);
    world.frames(0n, 1, 21);
    expect(world.tables().some(({ level }) => level === 'SPT')).toBe(false);
    expect(world.at(MIB)).toBe('0x40100000');
  });

  test('F3 sparse takes the largest entry that is aligned inside the range', () => {
    const world = new World();
    const base = world.vmm.get(512n * MIB + 2n * MIB + 64n * KIB + 4n * KIB, { sparse: true, align: 29 });
    const levels = [0n, 512n * MIB, 514n * MIB, 514n * MIB + 64n * KIB].map((delta) => {
      const found = walkBytes(world.vmm, world.provider, base + delta);
      return found.kind === 'sparse' ? found.level : found.kind;
    });
    expect(levels).toEqual(['PD1', 'PD0', 'LPT', 'SPT']);
  });

  test('F4 what was sparse faults afterwards', () => {
    const world = new World();
    const base = world.vmm.get(4n * MIB + 68n * KIB, { sparse: true, align: 21 });
    world.vmm.put(base);
    for (const delta of [0n, 2n * MIB, 4n * MIB, 4n * MIB + 64n * KIB]) expect(world.at(base + delta)).toBe('fault');
    expect(world.live).toBe(1);
  });

  test('F5 sparseness goes down into a table that is made below', () => {
    const world = new World();
    const { vmm } = world;
    const base = vmm.get(2n * MIB, { sparse: true, align: 21 });
    vmm.map(base + MIB, MemoryObject.video([[0x1000_0000n, 4n * KIB]]), { size: 4n * KIB });
    const [high] = walkBytes(vmm, world.provider, base).steps.slice(-1);
    expect(high?.level).toBe('SPT');
    expect([world.at(base), world.at(base + MIB), world.at(base + MIB + 4n * KIB)]).toEqual([
      'sparse',
      '0x10000000',
      'sparse',
    ]);
  });

  test('F7 reserved entries keep their table, mapped or not', () => {
    for (const chip of CHIPS.filter(({ name }) => !['nv50', 'g84', 'mcp77'].includes(name))) {
      const world = new World(chip.name, 'raw');
      const { raw } = world.vmm;
      raw.get(0n, 64n * KIB, 12);
      const { live } = world;
      const object = MemoryObject.pageRange('ncoh', 0x1000n, 16);
      raw.map(0n, 64n * KIB, 12, object);
      expect(() => raw.put(0n, 4n * KIB, 12)).toThrow(/mapped/);
      raw.unmap(0n, 64n * KIB, 12);
      expect(world.live).toBe(live);
      raw.put(0n, 64n * KIB, 12);
      expect(world.live).toBe(1);
    }
  });
});
