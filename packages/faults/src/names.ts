/** A table from numeric id to the name the driver prints. */
export type NameTable = ReadonlyMap<number, string>;

/**
 * Parses the notation of the tables, `id:NAME` with two hexadecimal digits, separated by blanks. A later entry of
 * the same id is ignored, as the driver takes the first.
 */
export function names(text: string): NameTable {
  const table = new Map<number, string>();
  for (const entry of text.split(' ')) {
    const id = Number.parseInt(entry.slice(0, 2), 16);
    if (!table.has(id)) table.set(id, entry.slice(3));
  }
  return table;
}
