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
  const isValid = Array.from({ length: 256 }, (_, kind) => (table[kind] ?? invalid) !== invalid);
  const isCompressed = isValid.map((valid, kind) => valid && table[kind] !== kind);
  return {
    isValidKind: (kind) => isValid[kind] === true,
    isCompressedKind: (kind) => isCompressed[kind] === true,
  };
}
