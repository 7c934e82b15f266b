// Small pages below large ones, in sparse ranges and out of them: who of the two the hardware follows, and what it finds,
// after the one or the other has come or gone. Raw calls name the entries.

import { BumpProvider } from '@nvmmu/ptcache';
import { CHIPS } from '@nvmmu/script';
import { MemoryObject, Mmu, PAGE, type Chip, type Vmm } from '@nvmmu/vmm-core';
import { describe, expect, test } from 'vitest';
import { walkBytes } from './support/walks.js';

const MIB = 2n ** 20n;
const SMALL = 0x1000n;

/** Chips whose tables come in pairs and can be sparse, with video memory, which has large pages. */
const DUAL = CHIPS.filter((chip) => {
  const { levels, flags } = chip.template({ fbPage: 17, stolen: 0 }, {}).pages.at(-1)!;
  return levels[0]!.type === 'SPT' && levels[0]!.sparse !== undefined && (flags & PAGE.vram) !== 0;
});

class World {
  readonly provider: BumpProvider = new BumpProvider();
  readonly lines: string[] = [];
  readonly vmm: Vmm;
  readonly large: number;
  /** Bytes of a large page. */
  readonly unit: bigint;
  readonly object: MemoryObject = MemoryObject.video([[2n ** 36n, 64n * MIB]], { page: 17 });

  constructor(chip: Chip) {
    const observer = { logLevel: 'trace', log: (line: string) => this.lines.push(line) } as const;
    this.vmm = new Mmu(chip, { provider: this.provider, observer }).createSpace({
      type: 'raw',
      addr: 2n ** 33n,
      size: 16n * MIB,
    });
    this.large = this.vmm.pages.at(-2)!.shift;
    this.unit = 2n ** BigInt(this.large);
  }

  get(addr: bigint, size: bigint, shift = 12): void {
    this.vmm.raw.get(addr, size, shift);
    this.vmm.verify();
  }
  put(addr: bigint, size: bigint, shift = 12): void {
    this.vmm.raw.put(addr, size, shift);
    this.vmm.verify();
  }
  map(addr: bigint, size: bigint, shift = 12): void {
    this.vmm.raw.map(addr, size, shift, this.object);
    this.vmm.verify();
  }
  unmap(addr: bigint, size: bigint, shift = 12): void {
    this.vmm.raw.unmap(addr, size, shift);
    this.vmm.verify();
  }
  sparse(addr: bigint, size: bigint, ref: boolean): void {
    this.vmm.raw.sparse(addr, size, ref);
    this.vmm.verify();
  }

  /** What each small page is: `M` in a large page, `m` in a small one, `s` sparse, `f` neither; runs with their length. */
  show(addr: bigint, size: bigint): string {
    let text = '';
    let [last, n] = ['', 0];
    for (let at = addr; at < addr + size; at += SMALL) {
      const result = walkBytes(this.vmm, this.provider, at);
      const kind = result.kind === 'mapped' ? (result.shift === 12 ? 'm' : 'M') : result.kind[0]!;
      if (kind !== last) {
        if (n > 0) text += `${last}${n} `;
        [last, n] = [kind, 0];
      }
      n++;
    }
    return `${text}${last}${n}`;
  }

  /** Small pages in a large one. */
  get per(): number {
    return 1 << (this.large - 12);
  }

  /** What is traced of entries since the last time. */
  traced(): string[] {
    return this.lines.splice(0).flatMap((line) => /[SL]PTE .*$/.exec(line)?.[0] ?? []);
  }
}

describe.each(DUAL.map((chip) => [chip.name, chip] as const))('%s', (_name, chip) => {
  test('a large page in a sparse range that goes leaves small ones sparse, of which nobody had been told', () => {
    const self = new World(chip);
    const { unit, large, per } = self;
    self.sparse(0n, 3n * unit, true);
    self.get(0n, 3n * unit, large);
    self.map(0n, 3n * unit, large);
    // The mapping stays: the small entries are not looked at.
    self.get(0n, 3n * unit);
    expect(self.show(0n, 3n * unit)).toBe(`M${3 * per}`);
    self.map(SMALL, SMALL);
    self.unmap(0n, unit, large);
    expect(self.show(0n, 3n * unit)).toBe(`s1 m1 s${per - 2} M${2 * per}`);
    self.unmap(unit, 2n * unit, large);
    expect(self.show(0n, 4n * unit)).toBe(`s1 m1 s${3 * per - 2} f${per}`);
    self.sparse(0n, 3n * unit, false);
    expect(self.show(0n, 4n * unit)).toBe(`f1 m1 f${4 * per - 2}`);
  });

  test('the same one after the other, and with small pages below some of them only', () => {
    const self = new World(chip);
    const { unit, large, per } = self;
    self.sparse(0n, 4n * unit, true);
    self.get(0n, 4n * unit, large);
    self.map(0n, 4n * unit, large);
    self.get(0n, 2n * unit);
    self.get(3n * unit, unit);
    for (const at of [0n, unit, 2n * unit]) {
      self.unmap(at, unit, large);
      expect(self.show(0n, at + 2n * unit)).toBe(`s${Number(at / SMALL) + per} M${per}`);
    }
    self.unmap(3n * unit, unit, large);
    expect(self.show(0n, 5n * unit)).toBe(`s${4 * per} f${per}`);
  });

  test('large pages that go at once, from a range that is sparse in part, leave each part what it is', () => {
    const self = new World(chip);
    const { unit, large, per } = self;
    self.sparse(unit, 2n * unit, true);
    self.get(0n, 5n * unit, large);
    self.map(0n, 5n * unit, large);
    self.get(0n, 5n * unit);
    self.traced();
    self.unmap(0n, 5n * unit, large);
    // One fill for both.
    expect(self.traced()).toEqual([`SPTE ${per.toString(16).padStart(5, '0')}: U -> S ${2 * per} PTEs`]);
    expect(self.show(0n, 5n * unit)).toBe(`f${per} s${2 * per} f${2 * per}`);
  });

  test('small pages that were cleared below a large one do not stay sparse when the range ends', () => {
    const self = new World(chip);
    const { unit, large, per } = self;
    self.sparse(0n, 3n * unit, true);
    self.get(0n, 3n * unit, large);
    self.map(0n, 3n * unit, large);
    self.get(0n, 3n * unit);
    // From the first large page into the second.
    self.map(unit - 2n * SMALL, 4n * SMALL);
    self.unmap(unit - 2n * SMALL, 4n * SMALL);
    self.sparse(0n, 3n * unit, false);
    self.unmap(0n, 3n * unit, large);
    expect(self.show(0n, 3n * unit)).toBe(`f${3 * per}`);
  });

  test('a large page whose small ones are referenced twice does not take over at the first put', () => {
    const self = new World(chip);
    const { unit, large, per } = self;
    self.get(0n, 4n * unit, large);
    self.get(unit, 3n * unit);
    self.get(2n * unit, SMALL);
    self.map(2n * unit, SMALL);
    self.put(unit, 2n * unit);
    expect(self.show(0n, 4n * unit)).toBe(`f${2 * per} m1 f${2 * per - 1}`);
    self.unmap(2n * unit, SMALL);
    self.put(2n * unit, SMALL);
    self.put(3n * unit, unit);
    self.sparse(0n, 4n * unit, true);
    expect(self.show(0n, 4n * unit)).toBe(`s${4 * per}`);
  });

  test('sparse ranges side by side with small pages in them end on their own', () => {
    const self = new World(chip);
    const { unit, per } = self;
    self.get(0n, SMALL, 12);
    for (const at of [0n, 1n, 2n, 3n]) self.sparse(at * unit, unit, true);
    self.get(0n, 4n * unit);
    self.sparse(unit, unit, false);
    expect(self.show(0n, 4n * unit)).toBe(`s${per} f${per} s${2 * per}`);
    self.sparse(0n, unit, false);
    expect(self.show(0n, 4n * unit)).toBe(`f${2 * per} s${2 * per}`);
    self.sparse(2n * unit, unit, false);
    expect(self.show(0n, 4n * unit)).toBe(`f${3 * per} s${per}`);
  });

  test('a small-page table that comes again knows nothing of the one before', () => {
    const { vmm, provider } = new World(chip);
    const small = vmm.get(4n * SMALL, { page: 12 });
    const large = vmm.get(2n ** BigInt(vmm.pages.at(-2)!.shift), { type: 'ptes', page: vmm.pages.at(-2)!.shift });
    expect(large - small).toBeLessThan(2n * MIB);
    vmm.map(small, MemoryObject.pageRange('ncoh', 0x2_0000_0000n, 4));
    vmm.unmap(small);
    vmm.put(small);
    expect(vmm.get(4n * SMALL, { type: 'ptes', page: 12, sparse: true })).toBe(small);
    const kinds = [0n, 1n, 2n, 3n, 4n].map((i) => walkBytes(vmm, provider, small + i * SMALL).kind);
    expect(kinds).toEqual(['sparse', 'sparse', 'sparse', 'sparse', 'fault']);
    vmm.verify();
  });

  test('entries are filled in runs, and only where somebody looks', () => {
    const self = new World(chip);
    const { unit, large, per } = self;
    self.get(0n, 6n * unit, large);
    self.get(unit, unit);
    self.get(3n * unit, 2n * unit);
    self.traced();
    const index = (at: number): string => at.toString(16).padStart(5, '0');
    self.sparse(0n, 5n * unit, true);
    expect(self.traced()).toEqual([
      `SPTE ${index(per)}: U -> S ${per} PTEs`,
      `SPTE ${index(3 * per)}: U -> S ${2 * per} PTEs`,
    ]);
    self.sparse(0n, 5n * unit, false);
    expect(self.traced()).toEqual([
      `SPTE ${index(per)}: S -> U ${per} PTEs`,
      `SPTE ${index(3 * per)}: S -> U ${2 * per} PTEs`,
    ]);
    self.put(3n * unit, 2n * unit);
    expect(self.traced()).toEqual([`LPTE ${index(3)}: U -> I 2 PTEs`]);
    // With the small-page table goes what was filled in it.
    self.sparse(unit, unit, true);
    self.put(unit, unit);
    self.get(0n, SMALL);
    self.traced();
    self.sparse(unit, unit, false);
    expect(self.traced()).toEqual([]);
  });
});

// Directory entries that can be sparse themselves: 2 MiB and more at once.
const WIDE = DUAL.filter((chip) => chip.template({ fbPage: 17, stolen: 0 }, {}).pages.length > 3);

describe.each(WIDE.map((chip) => [chip.name, chip] as const))('%s, below a sparse directory entry', (_name, chip) => {
  test.each([true, false])(
    'tables that came before it (%s) become sparse and end so, around what is mapped',
    (before) => {
      const self = new World(chip);
      const { unit, large, per } = self;
      const end = 4n * MIB;
      if (!before) self.sparse(2n * MIB, 2n * MIB, true);
      self.get(2n * MIB, 2n * MIB, large);
      self.get(2n * MIB + 4n * unit, 2n * unit);
      self.map(2n * MIB + unit, unit, large);
      self.map(2n * MIB + 4n * unit + SMALL, SMALL);
      if (before) self.sparse(2n * MIB, 2n * MIB, true);
      const rest = Number((2n * MIB) / SMALL);
      const show = (kind: string): string =>
        `${kind}${per} M${per} ${kind}${2 * per + 1} m1 ${kind}${rest - 4 * per - 2}`;
      expect(self.show(2n * MIB, 2n * MIB)).toBe(show('s'));
      self.traced();
      self.sparse(2n * MIB, 2n * MIB, false);
      expect(self.show(2n * MIB, 2n * MIB)).toBe(show('f'));
      expect(self.traced().filter((line) => line.startsWith('LPTE'))).toEqual([
        'LPTE 00000: S -> I 1 PTEs',
        'LPTE 00002: S -> I 2 PTEs',
        'LPTE 00006: S -> I 26 PTEs',
      ]);
      self.unmap(2n * MIB + unit, unit, large);
      self.unmap(2n * MIB + 4n * unit + SMALL, SMALL);
      expect(self.show(2n * MIB, 2n * MIB)).toBe(`f${rest}`);
      expect(self.show(end, 4n * SMALL)).toBe('f4');
    },
  );
});
