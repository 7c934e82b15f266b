import type { BoundSpace, Refusal, TableMemory } from '@nvmmu/vmm-core';
import { hex, pow2 } from '@nvmmu/vmm-core';
import { ENTRY_WORDS, PDE_SHIFT } from './layout.js';

/**
 * Gives an instance block its copy of the page directory (`nv50_vmm_join`). Entries outside the range of the address
 * space are left as they are.
 *
 * @param space - The address space.
 * @param inst - The block.
 * @param directoryOffset - Where the directory starts in the block, in bytes.
 * @returns A refusal when an entry can't be formed. The block is on the list all the same, as in the driver.
 */
export function join(space: BoundSpace, inst: TableMemory, directoryOffset: number): Refusal | undefined {
  space.joined.push(inst);
  const entry = new Uint32Array(ENTRY_WORDS);
  const last = Math.floor((space.limit - 1) / pow2(PDE_SHIFT));
  for (let index = Math.floor(space.start / pow2(PDE_SHIFT)); index <= last; index++) {
    if (!space.directoryEntry(index, entry)) {
      return { code: 'EINVAL', message: `directory entry ${hex(index)} of ${space.name} can't be expressed` };
    }
    inst.words.set(entry, directoryOffset / 4 + index * ENTRY_WORDS);
  }
  return undefined;
}

/** Takes a block off the list, once (`nv50_vmm_part`). The block keeps its directory, which is stale from then on. */
export function part(space: BoundSpace, inst: TableMemory): void {
  const at = space.joined.indexOf(inst);
  if (at >= 0) space.joined.splice(at, 1);
}
