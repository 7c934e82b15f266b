import type { SpaceState } from './space-state.js';
import { verifyBytes } from './verify-bytes.js';
import { verifyReferences } from './verify-references.js';
import { verifyTranslations } from './verify-translations.js';

/**
 * Compares what the driver believes with what the bytes say.
 *
 * 1. Regions: trees and list against each other.
 * 2. References: what regions, sparse ranges, raw calls and bootstrapping must have taken, against every count.
 * 3. Facts: what each entry must contain by its facts, against the bytes.
 * 4. Translations: what the hardware finds at addresses of every region, against what is mapped there.
 *
 * @throws InvariantError that names the first difference.
 */
export function verifySpace(space: SpaceState): void {
  space.regions.verify(space.start, space.limit);
  verifyReferences(space);
  verifyBytes(space);
  verifyTranslations(space);
}
