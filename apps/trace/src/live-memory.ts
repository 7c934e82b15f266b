import type { ScriptRunner } from '@nvmmu/script';
import type { MemoryReader, MemoryTarget, MemoryWindow, TableMemory } from '@nvmmu/vmm-core';

/** Page-table memory of a running script, as it is at the moment. */
export class LiveMemory implements MemoryReader {
  readonly #runner: ScriptRunner;

  constructor(runner: ScriptRunner) {
    this.#runner = runner;
  }

  read32(target: MemoryTarget, addr: number): number | undefined {
    const memory = this.#find(target, addr);
    return memory?.words[(addr - memory.addr) / 4];
  }

  window(target: MemoryTarget, addr: number, out: MemoryWindow): boolean {
    const memory = this.#find(target, addr);
    if (memory === undefined || addr % 4 !== 0) return false;
    out.words = memory.words;
    out.at = (addr - memory.addr) / 4;
    out.count = memory.words.length - out.at;
    return true;
  }

  #find(target: MemoryTarget, addr: number): TableMemory | undefined {
    const memory = this.#runner.provider?.find(addr);
    return memory?.target === target ? memory : undefined;
  }
}
