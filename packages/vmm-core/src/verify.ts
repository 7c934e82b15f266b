import type { SpaceState } from './space-state.js';

/** Compares what the driver believes with what the bytes say. */
export function verifySpace(space: SpaceState): void {
  space.regions.verify(space.start, space.limit);
}
