// Every known defect of the reference driver by its number, with the right outcome: what the hardware finds in the bytes
// afterwards. The scripts are the ones that docs/reference-defects.md tells about.

import { readFileSync } from 'node:fs';
import { BumpProvider } from '@nvmmu/ptcache';
import { findChip, parseScript, ScriptRunner, type StepResult } from '@nvmmu/script';
import { MemoryObject, Mmu, type Vmm } from '@nvmmu/vmm-core';
import { describe, expect, test } from 'vitest';
import { translate, walkBytes } from './support/walks.js';

const FOLDER = new URL('../../../examples/defects/', import.meta.url);

/** A script that has been run, as far as asked. */
class Replay {
  readonly runner: ScriptRunner = new ScriptRunner({ verify: true, hash: false });
  readonly results: StepResult[] = [];
  readonly #operations;

  constructor(name: string) {
    const text = readFileSync(new URL(`${name}.vmm.jsonl`, FOLDER), 'utf8');
    this.#operations = parseScript(text).operations;
  }

  /** Runs up to operation `last`, or to the end. */
  to(last: number = this.#operations.length - 1): this {
    while (this.results.length <= last) {
      const operation = this.#operations[this.results.length];
      if (operation === undefined) throw new Error(`there is no operation ${last}`);
      this.results.push(this.runner.step(operation));
    }
    return this;
  }

  get vmm(): Vmm {
    return this.runner.current!.vmm;
  }

  /** Translations of the first address of pages. */
  at(...addrs: number[]): string[] {
    return addrs.map((addr) => translate(this.vmm, this.runner.provider!, BigInt(addr)));
  }

  /** The numbers of results that are not 0. */
  refusals(): [index: number, ret: number][] {
    return this.results.filter(({ ret }) => ret !== 0).map(({ index, ret }) => [index, ret]);
  }

  /** Live allocations of page-table memory. */
  get tables(): number {
    return this.runner.provider!.allocations().length;
  }

  events(index: number, type: string): number {
    return this.results[index]!.events.items.filter((event) => event[0] === type).length;
  }
}

const replay = (name: string): Replay => new Replay(name);

describe('part A, wrong translations', () => {
  test('KD-01 small references never touch the other facts of a large entry', () => {
    const run = replay('kd-01-counter-overflow').to(9);
    expect(run.at(0x20000, 0x2f000, 0x30000, 0x3f000)).toEqual([
      '0x10000000',
      '0x1000f000',
      '0x10010000',
      '0x1001f000',
    ]);
    run.to(11);
    expect(run.at(0x20000, 0x2f000, 0x30000, 0x3f000)).toEqual(Array(4).fill('sparse'));
    run.to();
    expect(run.at(0x0, 0x1f000, 0x20000, 0x3f000)).toEqual(['0x40000000', '0x4001f000', 'fault', 'fault']);
  });

  test('KD-01 a large-page table that comes last finds the small pages', () => {
    const run = replay('kd-01-large-table-later').to();
    expect(run.at(0x20000, 0x30000, 0x0)).toEqual(['0x10000000', '0x10010000', '0x40000000']);
  });

  test('KD-01 the references of a bootstrapped space count too', () => {
    expect(replay('kd-01-boot').to().at(0x0, 0x1f000, 0x20000)).toEqual(['0x10000000', '0x1001f000', '0x40000000']);
  });

  test('KD-02 a large-page table made later inherits sparseness', () => {
    const run = replay('kd-02-inherited-sparse').to(7);
    expect(run.at(0x0, 0xf000, 0x10000, 0x20000)).toEqual(['sparse', 'sparse', '0x20000000', 'sparse']);
    expect(run.to(8).at(0x20000, 0x21000, 0x2f000)).toEqual(['0x10000000', 'sparse', 'sparse']);
    expect(run.to().at(0x20000, 0x2f000)).toEqual(['sparse', 'sparse']);
  });

  test('KD-03 small entries do not stay sparse when the range is gone', () => {
    const run = replay('kd-03-sparse-residue').to();
    expect(run.at(0x0, 0x1000, 0xf000, 0x10000)).toEqual(['fault', 'fault', 'fault', '0x10020000']);
  });

  test('KD-03 nor do the neighbours of the next allocation', () => {
    const run = replay('kd-03-sparse-neighbours').to();
    expect(run.at(0x0, 0x1000, 0xf000)).toEqual(['0x10030000', 'fault', 'fault']);
    expect(run.at(0x10000, 0x20000)).toEqual(['0x10020000', '0x20000000']);
  });

  test('KD-04 a failed map leaves a sparse range sparse', () => {
    const run = replay('kd-04-failed-map-in-sparse').to();
    expect(run.refusals()).toEqual([[6, -12]]);
    expect(run.at(0x0, 0x1000, 0x1ff000, 0x200000, 0x3ff000)).toEqual([
      '0x10000000',
      ...Array<string>(4).fill('sparse'),
    ]);
  });

  test('KD-05 a large page is cleared to what its small references need', () => {
    expect(replay('kd-05-clear-over-small').to().at(0x20000, 0x2f000, 0x30000)).toEqual([
      '0x10000000',
      '0x1000f000',
      'fault',
    ]);
  });

  test('KD-06 a page size other than the table’s is refused', () => {
    const run = replay('kd-06-two-page-sizes').to();
    expect(run.refusals()).toEqual([
      [6, -22],
      [7, -22],
    ]);
    expect(run.at(0x400000, 0x600000, 0x6000000, 0x10000000)).toEqual(['0x20000000', 'fault', 'fault', 'fault']);
  });

  test.each([
    ['kd-07-row-1', ['0x20000000', 'fault']],
    ['kd-07-row-2', ['fault', '0x20000000']],
    ['kd-07-row-3', ['0x20000000', 'fault']],
    ['kd-07-row-4', ['0x20000000', 'fault']],
    ['kd-07-row-5', ['0x10000000', 'fault']],
  ])('KD-07 small references under a live large mapping: %s', (name, expected) => {
    const run = replay(name).to();
    expect(run.at(0x400000, 0x410000)).toEqual(expected);
    expect(run.at(0x5f0000)).toEqual(['0x20100000']);
  });

  test('KD-07 row 4 holds until the large mapping ends', () => {
    const run = replay('kd-07-row-4').to();
    run.vmm.raw.unmap(0x400000n, 0x10000n, 16);
    expect(run.at(0x400000)).toEqual(['fault']);
  });

  test('KD-07 bootstrapping keeps a live large mapping', () => {
    const run = replay('kd-07-boot').to();
    expect(run.at(0x0, 0xf000)).toEqual(['0x20000000', '0x2000f000']);
    run.vmm.unmap(0n);
    expect(run.at(0x0)).toEqual(['fault']);
  });

  test('KD-08 sparseness and references are counted apart', () => {
    const run = replay('kd-08-sparse-wipes-counts').to(5);
    expect(run.at(0x400000, 0x40f000)).toEqual(['sparse', 'sparse']);
    expect(run.to(6).at(0x400000)).toEqual(['fault']);
    expect(run.to().tables).toBe(0);
    expect(run.results[7]!.events.items.some(([type]) => type === 'leak')).toBe(false);
  });

  test('KD-09 tables below a 2 MiB page are found again when it ends', () => {
    const run = replay('kd-09-wide-page-over-tables').to(6);
    expect(run.at(0x0, 0x1ff000)).toEqual(['0x80000000', '0x801ff000']);
    expect(run.to().at(0x0, 0x1000)).toEqual(['0x10000000', 'fault']);
  });

  test('KD-09 a 2 MiB page stays when tables appear below it', () => {
    expect(replay('kd-09-tables-under-wide-page').to().at(0x0, 0x1ff000, 0x200000)).toEqual([
      '0x80000000',
      '0x801ff000',
      'fault',
    ]);
  });

  test('KD-09 a sparse directory entry keeps its tables', () => {
    const run = replay('kd-09-sparse-directory-entry').to(3);
    expect(run.at(0x0, 0x7fff000)).toEqual(['sparse', 'sparse']);
    expect(run.to().tables).toBe(0);
  });
});

describe('part B, page frames', () => {
  test('KD-10 regions of different page size stay apart', () => {
    const run = replay('kd-10-merged-page-sizes').to();
    expect(run.refusals()).toEqual([]);
    expect(run.at(0x400000, 0x600000)).toEqual(['fault', '0x10000000']);
  });

  test('KD-11 frames over frames of another size are refused', () => {
    const run = replay('kd-11-frames-over-frames').to(3);
    expect(run.results[3]!.pfns).toEqual(BigUint64Array.of(0n));
    expect(run.at(0x400000, 0x5ff000)).toEqual(['0x10000000', '0x101ff000']);
    expect(run.to().at(0x400000, 0x5ff000)).toEqual(['fault', 'fault']);
  });

  test('KD-12 frames that found no memory are not mapped', () => {
    const run = replay('kd-12-frames-out-of-memory').to(4);
    expect(run.results[3]).toMatchObject({ ret: 0, pfns: BigUint64Array.of(0n) });
    expect([...run.vmm.regions()].some(({ mapped }) => mapped)).toBe(false);
    expect([...run.vmm.regions()]).toHaveLength(3);
    expect(run.to().refusals()).toEqual([]);
  });

  test('KD-13 free address space takes no frames', () => {
    const run = replay('kd-13-frames-in-free-space').to(6);
    expect(run.results[4]!.pfns).toEqual(BigUint64Array.of(0x10000013n, 0n));
    expect(run.at(0xfffff000, 0x100000000)).toEqual(['0x10000000', 'fault']);
    expect(run.to().refusals()).toEqual([]);
  });

  test('KD-14 a replaced host frame gives its DMA mapping back', () => {
    const run = replay('kd-14-replaced-host-frame').to();
    const count = (type: string): number => run.results.reduce((sum, { index }) => sum + run.events(index, type), 0);
    expect([count('dmamap'), count('dmaunmap')]).toEqual([2, 2]);
    expect(run.at(0x400000)).toEqual(['fault']);
  });

  test('KD-15 a clear that cuts a page is refused', () => {
    const run = replay('kd-15-part-of-a-page').to();
    expect(run.refusals()).toEqual([
      [3, -22],
      [5, -22],
    ]);
    expect(run.at(0x400000, 0x800000)).toEqual(['0x10000000', '0x80000000']);
  });

  test('KD-16 more than 2 GiB of frames go in one call', () => {
    const run = replay('kd-16-more-than-2-gib').to();
    expect(run.at(0x400000, 0x803ff000, 0x80400000, 0x80401000)).toEqual(['0x0', '0x7ffff000', '0x80000000', 'fault']);
  });

  test('KD-16 and the last one without a valid bit stays unmapped', () => {
    const provider = new BumpProvider();
    const vmm = new Mmu(findChip('gp100')!, { provider }).createSpace({
      type: 'managed',
      addr: 2n ** 40n,
      size: 2n ** 30n,
    });
    const frames = BigUint64Array.from(
      { length: 0x80001 },
      (_, i) => (BigInt(i) << 12n) | (i < 0x80000 ? 0x13n : 0x12n),
    );
    vmm.pfnMap(0x400000n, 12, frames);
    expect(translate(vmm, provider, 0x803ff000n)).toBe('0x7ffff000');
    expect(translate(vmm, provider, 0x80400000n)).toBe('fault');
    expect(vmm.regionAt(0x80400000n)?.mapped).toBe(false);
  });

  test('KD-17 the frame writer keeps words and entries in step', () => {
    for (const [shift, stride] of [
      [12, 2],
      [21, 4],
    ] as const) {
      const vmm = new Mmu(findChip('gp100')!).createSpace();
      const level = vmm.pages.find((page) => page.shift === shift)!.levels[0]!;
      const words = new Uint32Array(4 * stride).fill(0xdead);
      // Valid, not valid, valid: the entry in the middle keeps what it had.
      const frames = Uint32Array.of(0x10000013, 0, 0x10001012, 0, 0x10002013, 0);
      level.frames!.write(words, 0, frames, 0, 3, undefined);
      expect([words[0], words[stride], words[2 * stride]]).toEqual([0x1000001, 0xdead, 0x1000201]);
      expect(words[3 * stride]).toBe(0xdead);
    }
  });

  test('KD-18 frames in a sparse allocation are cleared to sparse', () => {
    const run = replay('kd-18-frames-lose-sparseness').to(3);
    expect(run.at(0x0, 0x1000)).toEqual(['0x10000000', 'sparse']);
    expect(run.to().at(0x0)).toEqual(['sparse']);
  });
});

describe('part C, argument checks', () => {
  test.each([
    ['KD-20', 'kd-20-map-of-nothing', [[4, -22]]],
    ['KD-21', 'kd-21-map-past-2-64', [[4, -22]]],
    ['KD-22', 'kd-22-offset-past-2-64', [[4, -22]]],
    ['KD-23', 'kd-23-align-64', [[3, -22]]],
    ['KD-24', 'kd-24-odd-sparse-size', [[2, -22]]],
    ['KD-26', 'kd-26-clear-past-2-64', [[3, -22]]],
  ])('%s is refused and changes nothing', (_id, name, refusals) => {
    const run = replay(name);
    const [[last]] = refusals as [[number]];
    run.to(last - 1);
    const before = [...run.vmm.regions()];
    run.to(last);
    expect(run.refusals()).toEqual(refusals);
    expect([...run.vmm.regions()]).toEqual(before);
    run.to();
    expect(run.refusals()).toEqual(refusals);
  });

  test('KD-24 keeps the lines of the walks that it takes back', () => {
    const lines = replay('kd-24-odd-sparse-size').to(2).results[2]!.log.items.join('\n');
    expect(lines).toContain('sparse ref: 0000000000000000 0000000000001000');
    expect(lines).toContain('sparse unref: 0000000000000000 0000000000001000');
  });

  test('KD-25 raw calls are refused where references or tables are missing', () => {
    const run = replay('kd-25-raw-checks').to();
    expect(run.refusals()).toEqual([3, 4, 5, 6, 7, 10, 11, 12].map((index) => [index, -22]));
    expect(run.at(0x400000)).toEqual(['0x10000000']);
  });
});

describe('part D, life cycle', () => {
  test('KD-30 what could not be made leaves nothing', () => {
    const run = replay('kd-30-failed-creation').to();
    expect(run.refusals()).toEqual([
      [1, -22],
      [2, -22],
      [4, -12],
    ]);
    expect(run.events(1, 'ptnew')).toBe(1);
    expect(run.events(1, 'ptfree')).toBe(1);
    expect(run.tables).toBe(0);
  });

  test('KD-31 a failed map leaves the mapping that was there', () => {
    const run = replay('kd-31-failed-remap').to();
    expect(run.refusals()).toEqual([
      [6, -22],
      [7, -22],
    ]);
    expect(run.at(0x0, 0x3000)).toEqual(['0x10000000', '0x10003000']);
    expect(run.results[8]!.vmas?.[0]).toBe('0000000000000000 0000000000004000 -R--5--M m4k');
  });

  test('KD-31 also on a part of an allocation', () => {
    const run = replay('kd-31-failed-remap-of-part').to(6);
    expect(run.at(0x0, 0x3000, 0x4000)).toEqual(['0x10000000', '0x10003000', 'fault']);
    expect(run.to().at(0x0)).toEqual(['fault']);
    expect([...run.vmm.regions()]).toHaveLength(1);
  });

  test('KD-33 a failed map gives its compression tags back', () => {
    const run = replay('kd-33-tags-of-a-failed-map').to(5);
    expect(run.refusals()).toEqual([[5, -12]]);
    expect(run.runner.mmu?.freeTags).toBe(128);
    expect(run.to(6).runner.mmu?.freeTags).toBe(64);
    expect(run.to().runner.mmu?.freeTags).toBe(128);
  });

  test('KD-34 put of a range of the client is kept: it becomes free space of the driver', () => {
    const run = replay('kd-34-put-of-client-region').to();
    expect(run.refusals()).toEqual([]);
    expect([...run.vmm.regions()].map(({ used, size }) => [used, size])).toEqual([
      [false, 0x101000000n],
      [true, 0x1fffeff000000n],
    ]);
  });

  test('KD-35 a second bootstrap does nothing', () => {
    const run = replay('kd-35-boot-twice').to();
    expect(run.events(3, 'ptnew')).toBe(0);
    expect(run.tables).toBe(0);
  });

  test('KD-36 tables are cached again after a dump', () => {
    const run = replay('kd-36-dumped-cache').to();
    expect(run.events(7, 'ptnew')).toBe(4);
    expect(run.events(9, 'ptnew')).toBe(0);
  });

  test('KD-37 old flags of a free region are shown and not acted on', () => {
    const run = replay('kd-37-flags-of-free-regions').to();
    expect(run.results[4]!.vmas?.[0]).toBe('0000000000000000 0002000000000000 FRS----- -');
    expect(run.at(0x0)).toEqual(['fault']);
    expect(run.vmm.regionAt(0n)?.sparse).toBe(false);
  });

  test('KD-38 sizes beyond 2^50 and six levels work', () => {
    const run = replay('kd-38-large-regions').to();
    expect(run.results.slice(3, 5).map(({ addr }) => addr)).toEqual([0n, 2n ** 55n]);
    expect(run.at(2 ** 55, 0)).toEqual(['0x10000000', 'fault']);
    expect(walkBytes(run.vmm, run.runner.provider!, 2n ** 55n).steps).toHaveLength(6);
  });

  test('KD-39 a page size that nothing can be written at is refused', () => {
    const run = replay('kd-39-no-writer').to();
    expect(run.refusals()).toEqual([[4, -22]]);
    expect(run.at(0x0)).toEqual(['fault']);
  });

  test('KD-40 a map starts at the right page of an address list', () => {
    expect(replay('kd-40-list-offset').to().at(0x0, 0x1000)).toEqual(['0x30009000', '0x3000c000']);
  });

  test('KD-41 put ends where neighbouring parts are both unmapped', () => {
    const vmm = new Mmu(findChip('gp100')!).createSpace();
    const addr = vmm.get(0x6000n);
    // No call leaves such parts behind: they are made by hand.
    const { regions } = vmm.state;
    const region = regions.find(Number(addr))!;
    regions.split(region, region.addr + 0x2000, 0x2000);
    expect([...vmm.regions()].map(({ part }) => part)).toEqual([false, true, true, false]);
    vmm.put(addr);
    vmm.verify();
    expect([...vmm.regions()]).toHaveLength(1);
  });

  test('KD-43 a pure hand-over is not flushed, the way back to sparse is', () => {
    const run = replay('kd-43-flush-of-hand-over').to();
    // The first small reference writes a directory entry, the second only hands over.
    expect(run.events(5, 'wr32')).toBeGreaterThan(0);
    expect(run.events(6, 'wr32')).toBe(0);
    expect(run.events(9, 'wr32')).toBeGreaterThan(0);
  });

  test('KD-44 the sparse directory page is as large as its entry', () => {
    const run = replay('kd-44-sparse-directory-page').to();
    expect(run.vmm.pages.map(({ shift }) => shift)).toEqual([26, 16, 12]);
    expect(run.at(0x0, 0x4000000, 0x7fff000, 0x8000000)).toEqual(['0x10000000', 'sparse', 'sparse', 'fault']);
  });
});

describe('part E, compression tags', () => {
  const tags = (run: Replay, ...addrs: number[]): number[] =>
    addrs.map((addr) => {
      const result = walkBytes(run.vmm, run.runner.provider!, BigInt(addr));
      return result.kind === 'mapped' ? result.tag : -1;
    });

  test('KD-50 the first tag of a map at an offset counts 64 KiB pages', () => {
    expect(tags(replay('kd-50-tag-offset-gf100').to(), 0x0, 0x10000)).toEqual([3, 4]);
  });

  test('KD-51 and as many tags for each as the compression mode says', () => {
    expect(tags(replay('kd-51-tag-offset-nv50').to(), 0x0, 0x10000)).toEqual([6, 8]);
  });

  test('KD-52 half lines start in the half that the offset is in', () => {
    expect(tags(replay('kd-52-half-lines').to(), 0x0, 0x10000, 0x20000, 0x30000)).toEqual([1.5, 2, 2.5, 3]);
  });
});

test('maps at the last page of an object are right whatever lists it', () => {
  const provider = new BumpProvider();
  const vmm = new Mmu(findChip('gp100')!, { provider }).createSpace();
  const addr = vmm.get(0x1000n);
  vmm.map(addr, MemoryObject.pages('host', [0x1000n, 0x9000n]), { offset: 0x1000n });
  expect(translate(vmm, provider, addr)).toBe('0x9000');
});
