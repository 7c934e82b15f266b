// Sparse ranges and what is mapped in them, entry by entry, as the hardware finds it: neighbours stay what they are.

import { BumpProvider } from '@nvmmu/ptcache';
import { CHIPS } from '@nvmmu/script';
import { MemoryObject, Mmu, PAGE, type Chip, type SpaceOptions, type Vmm } from '@nvmmu/vmm-core';
import { describe, expect, test } from 'vitest';
import { walkBytes } from './support/walks.js';
import { toy } from './toy/toy.js';

const MIB = 2n ** 20n;

interface World {
  readonly vmm: Vmm;
  /** `m`, `s` or `f` for each page of a range: mapped, sparse or fault. */
  show(addr: bigint, pages: number, shift: number): string;
}

function world(chip: Chip, options: SpaceOptions = {}): World {
  const provider = new BumpProvider();
  const mmu = new Mmu(chip, { provider });
  const vmm = mmu.createSpace(options);
  vmm.join(mmu.createInstanceBlock(vmm.state.template.instanceBytes));
  return {
    vmm,
    show: (addr, pages, shift) => {
      const at = (i: number): bigint => addr + (BigInt(i) << BigInt(shift));
      return Array.from({ length: pages }, (_, i) => walkBytes(vmm, provider, at(i)).kind[0]).join('');
    },
  };
}

const raw = (chip: Chip): World => world(chip, { type: 'raw', addr: 2n ** 33n, size: 16n * MIB });
const memory = (shift: number): MemoryObject => MemoryObject.video([[2n ** 36n, 2n ** 32n]], { page: shift });

/** Chips, one of our own making among them, with the page sizes that can be sparse and mapped, up to those of 2 MiB. */
const SIZES = [...CHIPS, toy].flatMap((chip) => {
  const { pages } = chip.template({ fbPage: 17, stolen: 0 }, {});
  const mask = PAGE.sparse | PAGE.vram;
  return pages
    .filter(({ shift, flags }) => (flags & mask) === mask && shift <= 21)
    .map(({ shift }) => [chip.name, shift, chip] as const);
});

describe('an allocation with sparse page tables of its own', () => {
  test.each(SIZES)('of %s with pages of 2^%i takes what is mapped in it along', (_name, shift, chip) => {
    const { vmm, show } = world(chip);
    const unit = 2n ** BigInt(shift);
    const object = memory(shift);
    const before = vmm.get(unit, { type: 'ptes', page: shift });
    const sparse = vmm.get(4n * unit, { type: 'ptes', page: shift, sparse: true });
    const behind = vmm.get(2n * unit, { type: 'ptes', page: shift });
    expect([sparse - before, behind - before]).toEqual([unit, 5n * unit]);
    vmm.map(before, object, { size: unit });
    vmm.map(sparse + unit, object, { size: 2n * unit });
    vmm.map(behind, object, { size: 2n * unit });
    expect(show(before, 8, shift)).toBe('msmmsmmf');
    vmm.verify();
    vmm.put(sparse);
    expect(show(before, 8, shift)).toBe('mffffmmf');
    vmm.verify();
    // Nothing is left for the next owner of the addresses.
    expect(vmm.get(4n * unit, { type: 'ptes', page: shift, sparse: true })).toBe(sparse);
    expect(show(before, 8, shift)).toBe('mssssmmf');
    vmm.verify();
  });
});

describe('raw sparse ranges', () => {
  test.each(SIZES)('of %s leave pages of 2^%i that are mapped inside', (_name, shift, chip) => {
    const { vmm, show } = raw(chip);
    const unit = 2n ** BigInt(shift);
    // One page off a border, so that all of it is done in pages of this size.
    const addr = 64n * MIB + unit;
    const cut = 12n * unit;
    vmm.raw.get(addr, cut, shift);
    for (const at of [2n, 3n, 7n]) vmm.raw.map(addr + at * unit, unit, shift, memory(shift));
    expect(show(addr, 14, shift)).toBe('ffmmfffmffffff');
    vmm.raw.sparse(addr, cut, true);
    expect(show(addr, 14, shift)).toBe('ssmmsssmssssff');
    vmm.verify();
    vmm.raw.unmap(addr + 3n * unit, unit, shift);
    expect(show(addr, 14, shift)).toBe('ssmssssmssssff');
    vmm.raw.sparse(addr, cut, false);
    expect(show(addr, 14, shift)).toBe('ffmffffmffffff');
    vmm.verify();
    // A mapped entry keeps its last reference, whatever became of its neighbours.
    expect(() => vmm.raw.put(addr, cut, shift)).toThrow(/the last reference on the entry .* is mapped/);
    vmm.raw.unmap(addr + 2n * unit, unit, shift);
    expect(() => vmm.raw.put(addr + 7n * unit, unit, shift)).toThrow(/the last reference on the entry .* is mapped/);
    vmm.raw.unmap(addr + 7n * unit, unit, shift);
    vmm.raw.put(addr, cut, shift);
    expect(show(addr, 14, shift)).toBe('f'.repeat(14));
    vmm.verify();
  });

  test.each(SIZES)('of %s side by side end on their own, with pages of 2^%i', (_name, shift, chip) => {
    const { vmm, show } = raw(chip);
    const unit = 2n ** BigInt(shift);
    const addr = 64n * MIB;
    for (const at of [0n, 1n, 2n]) vmm.raw.sparse(addr + at * unit, unit, true);
    vmm.raw.sparse(addr + unit, unit, false);
    expect(show(addr, 4, shift)).toBe('sfsf');
    vmm.verify();
    // Tables that come later are what their ranges are.
    vmm.raw.get(addr, 3n * unit, vmm.pages.at(-1)!.shift);
    expect(show(addr, 4, shift)).toBe('sfsf');
    vmm.verify();
    vmm.raw.sparse(addr, unit, false);
    expect(show(addr, 4, shift)).toBe('ffsf');
    vmm.verify();
  });
});

test.each(SIZES)('%s: one unmap of pages of 2^%i, sparse and not, leaves each what it is', (_name, shift, chip) => {
  const { vmm, show } = raw(chip);
  const unit = 2n ** BigInt(shift);
  const addr = 64n * MIB;
  vmm.raw.sparse(addr + unit, unit, true);
  vmm.raw.sparse(addr + 3n * unit, 2n * unit, true);
  vmm.raw.get(addr, 6n * unit, shift);
  vmm.raw.map(addr, 6n * unit, shift, memory(shift));
  expect(show(addr, 7, shift)).toBe('mmmmmmf');
  vmm.raw.unmap(addr, 6n * unit, shift);
  expect(show(addr, 7, shift)).toBe('fsfssff');
  vmm.verify();
});

test.each(SIZES)('a booted space of %s points at its tables again behind pages of 2^%i', (_name, shift, chip) => {
  const { vmm, show } = world(chip, { addr: 0n, size: 16n * MIB });
  vmm.boot();
  const unit = 2n ** BigInt(shift);
  const addr = vmm.get(3n * unit, { type: 'ptes', page: shift, sparse: true });
  vmm.map(addr + unit, memory(shift), { size: unit });
  expect(show(addr, 4, shift)).toBe('smsf');
  vmm.put(addr);
  expect(show(addr, 4, shift)).toBe('ffff');
  vmm.verify();
  const small = vmm.get(3n * unit, { page: 12 });
  vmm.map(small, MemoryObject.pageRange('ncoh', 0x2_0000_0000n, Number((3n * unit) / 0x1000n)));
  expect(show(small, 4, shift)).toBe('mmmf');
  vmm.verify();
});

test.each(CHIPS.map((chip) => [chip.name, chip] as const))(
  '%s: clearing a page leaves its neighbours mapped, at every page size',
  (_name, chip) => {
    const { vmm, show } = raw(chip);
    vmm.pages.forEach(({ shift, flags }, i) => {
      if ((flags & PAGE.vram) === 0 || shift > 21) return;
      const unit = 2n ** BigInt(shift);
      const addr = BigInt(i + 1) * 2n ** 29n;
      vmm.raw.get(addr, 4n * unit, shift);
      vmm.raw.map(addr, 4n * unit, shift, memory(shift));
      vmm.raw.unmap(addr + unit, unit, shift);
      expect(show(addr, 5, shift)).toBe('mfmmf');
      vmm.raw.put(addr + unit, unit, shift);
      for (const at of [0n, 2n, 3n]) {
        expect(() => vmm.raw.put(addr + at * unit, unit, shift)).toThrow(
          /the last reference on the entry .* is mapped/,
        );
      }
      vmm.verify();
    });
  },
);
