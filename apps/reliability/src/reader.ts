import type { BumpProvider } from '@nvmmu/ptcache';
import type { MemoryReader, MemoryTarget, MemoryWindow } from '@nvmmu/vmm-core';

/** Reads page-table memory as the hardware would, straight from the live allocations of a provider. */
export class ProviderReader implements MemoryReader {
  readonly #provider: BumpProvider;

  constructor(provider: BumpProvider) {
    this.#provider = provider;
  }

  read32(target: MemoryTarget, addr: number): number | undefined {
    const memory = this.#provider.find(addr);
    return memory?.target === target ? memory.words[(addr - memory.addr) / 4] : undefined;
  }

  window(target: MemoryTarget, addr: number, out: MemoryWindow): boolean {
    const memory = this.#provider.find(addr);
    if (memory?.target !== target) return false;
    out.words = memory.words;
    out.at = (addr - memory.addr) / 4;
    out.count = memory.words.length - out.at;
    return true;
  }
}
