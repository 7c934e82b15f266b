import type { MmuFormat } from './format.js';

/** A chip's storage kinds: uncompressed partner by kind, and the value that means that a kind is not valid. */
export interface KindSource {
  readonly table: Uint8Array;
  readonly invalid: number;
}

/**
 * What a format can say about kinds, from the chip's table: a kind is compressed when its partner is another one.
 *
 * @returns Members to spread into an {@link MmuFormat}; none without a table.
 */
export function kindQueries(kinds: KindSource | undefined): Pick<MmuFormat, 'isValidKind' | 'isCompressedKind'> {
  if (kinds === undefined) return {};
  const { table, invalid } = kinds;
  // Not a kind at all beyond the table. Asked, not prepared: most programs that load a chip never ask.
  const isValid = (kind: number): boolean => (table[kind] ?? invalid) !== invalid;
  return { isValidKind: isValid, isCompressedKind: (kind) => isValid(kind) && table[kind] !== kind };
}
