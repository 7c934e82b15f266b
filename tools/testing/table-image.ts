// Page tables in memory, built the slow and obvious way.

import { MemoryImage, type Root } from '@nvmmu/vmm-core';

/** Memory as 64-bit words by address: the slow and obvious way, independent of what is tested. */
export class Words64 {
  readonly words = new Map<bigint, bigint>();

  /** Sets the word at `addr`. */
  set(addr: bigint, value: bigint): void {
    this.words.set(addr, value);
  }

  /** Sets further bits of the word at `addr`. */
  or(addr: bigint, value: bigint): void {
    this.words.set(addr, (this.words.get(addr) ?? 0n) | value);
  }

  /** An image of whole 4 KiB pages, zero where nothing was written. */
  image(): MemoryImage {
    const pages = new Map<number, Uint32Array>();
    for (const [addr, value] of this.words) {
      const base = Number(addr & ~0xfffn);
      let page = pages.get(base);
      if (page === undefined) pages.set(base, (page = new Uint32Array(1024)));
      const at = (Number(addr) - base) / 4;
      page[at] = Number(value & 0xffffffffn);
      page[at + 1] = Number(value >> 32n);
    }
    return new MemoryImage([...pages].map(([addr, words]) => ({ addr, target: 'vram' as const, words })));
  }
}

/** The root of an address space whose directory is at `addr` in video memory. */
export const rootAt = (addr: bigint): Root => ({ kind: 'root', target: 'vram', addr });
