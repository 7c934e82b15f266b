import { highLane, InvariantError, lowLane } from '@nvmmu/vmm-core';
import type { BoundSpace, PooledTable, TableMemory } from '@nvmmu/vmm-core';
import { INSTANCE_DIRECTORY, INSTANCE_LIMIT, INSTANCE_TARGET } from './layout.js';

/** The directory of an address space. */
export function directoryOf(space: BoundSpace): PooledTable {
  if (space.directory === undefined) throw new InvariantError(`address space ${space.name} has no directory`);
  return space.directory;
}

/**
 * Names the directory and the last address in an instance block (`gf100_vmm_join_`).
 *
 * @param space - The address space.
 * @param inst - The block.
 * @param flags - More bits for the directory word.
 */
export function join(space: BoundSpace, inst: TableMemory, flags: number): void {
  const directory = directoryOf(space);
  const { words } = inst;
  const last = space.limit - 1;
  words[INSTANCE_DIRECTORY / 4] = lowLane(directory.addr) | INSTANCE_TARGET[directory.target] | flags;
  words[INSTANCE_DIRECTORY / 4 + 1] = highLane(directory.addr);
  words[INSTANCE_LIMIT / 4] = lowLane(last);
  words[INSTANCE_LIMIT / 4 + 1] = highLane(last);
}

/** Clears both words of an instance block, whatever address space they name (`gf100_vmm_part`). */
export function part(_space: BoundSpace, inst: TableMemory): void {
  inst.words.fill(0, INSTANCE_DIRECTORY / 4, INSTANCE_LIMIT / 4 + 2);
}
