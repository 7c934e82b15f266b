import type { MemoryObject } from './memory-object.js';
import type { Region } from './region.js';
import type { SpaceState } from './space-state.js';
import type { TagRecord } from './tags.js';

/** Lets a region forget its memory object and the tags that it uses. */
export function dropMemory(space: SpaceState, region: Region): void {
  const { memory, tags } = region;
  if (memory === undefined) return;
  if (tags !== undefined) space.device.tags.drop(memory, tags);
  if (--memory.references === 0) memory.owner = undefined;
  region.memory = undefined;
  region.offset = 0;
  region.tags = undefined;
}

/** Gives a region a memory object, and the tag reference that its map has taken. */
export function holdMemory(
  space: SpaceState,
  region: Region,
  memory: MemoryObject,
  offset: number,
  tags: TagRecord | undefined,
): void {
  // The new reference exists already: mapping the same object again keeps its tags.
  memory.references++;
  memory.owner = space.device;
  dropMemory(space, region);
  region.memory = memory;
  region.offset = offset;
  region.tags = tags;
}
