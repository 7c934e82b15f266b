import type { ChangedWords } from './player.js';
import type { TableRef } from './tables.js';

/** Bytes of a table. */
function bytesOf(table: TableRef, entryBytes: number): number {
  return table.entries * entryBytes;
}

/** Whether any of the changes lies in a table. */
export function isChanged(changes: readonly ChangedWords[], table: TableRef, entryBytes: number): boolean {
  const end = table.addr + bytesOf(table, entryBytes);
  return changes.some(({ addr, target, first, count }) => {
    const from = addr + 4 * first;
    return target === table.target && from < end && from + 4 * count > table.addr;
  });
}

/** The entries of a table that changed. */
export function changedEntries(
  changes: readonly ChangedWords[],
  table: TableRef,
  entryBytes: number,
): ReadonlySet<number> {
  const entries = new Set<number>();
  for (const { addr, target, first, count, xor, at } of changes) {
    if (target !== table.target) continue;
    for (let i = 0; i < count; i++) {
      if (xor[at + i] === 0) continue;
      const index = Math.floor((addr + 4 * (first + i) - table.addr) / entryBytes);
      if (index >= 0 && index < table.entries) entries.add(index);
    }
  }
  return entries;
}
