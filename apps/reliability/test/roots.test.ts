import { BumpProvider } from '@nvmmu/ptcache';
import { CHIPS } from '@nvmmu/script';
import { MemoryImage, MemoryObject, Mmu, readInstance, walk } from '@nvmmu/vmm-core';
import { describe, expect, test } from 'vitest';

describe.each(CHIPS.map((chip) => [chip.name, chip] as const))('an address space of %s', (_, chip) => {
  test('says with which format and from where to walk it', () => {
    const provider = new BumpProvider();
    const mmu = new Mmu(chip, { provider });
    const space = mmu.createSpace();
    const addr = space.get(0x40000n, { page: 12 });
    const memory = MemoryObject.pageRange('ncoh', 0x5000_0000n, 0x40);
    space.map(addr, memory);
    const block = mmu.createInstanceBlock(0x10000);
    space.join(block);
    const image = new MemoryImage(provider.allocations());
    const { format, root } = space;
    const joined = readInstance(format, image, { target: block.target, addr: BigInt(block.addr) });
    // The directory of the nv50 family stands in the instance block itself.
    if (chip.name === 'nv50' || chip.name === 'g84' || chip.name === 'mcp77') expect(root).toBe(undefined);
    else expect(joined).toMatchObject(root ?? { kind: 'nothing' });
    expect(walk(format, image, root ?? joined, addr + 0x12345n)).toMatchObject({ kind: 'mapped', addr: 0x5001_2345n });
    space.close();
    expect(space.root).toBe(undefined);
  });
});
