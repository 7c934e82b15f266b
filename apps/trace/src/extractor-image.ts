import {
  bigIntToWords,
  MemoryImage,
  VmmError,
  type ExtractorTree,
  type LevelFormat,
  type MemoryPiece,
  type MmuFormat,
} from '@nvmmu/vmm-core';
import { encodeFields } from './encode-fields.js';
import { Failure } from './failure.js';
import { formatHex } from './values.js';

/** A table that is being put together again. */
interface Table {
  readonly level: LevelFormat;
  readonly piece: MemoryPiece;
  /** Tables that its entries name, by index and then by field: a dual entry names two. */
  readonly children: Map<number, Record<string, bigint>>;
}

const PAGE = 'page in video memory';

/**
 * Makes page tables again out of a tree as the published extractor prints it. Such a tree has no flags, kinds and
 * apertures: everything is in video memory and may be written.
 *
 * @throws Failure when the tree does not fit the format.
 */
export function imageOfTree(tree: ExtractorTree, format: MmuFormat): MemoryImage {
  const tables = new Map<string, Table>();
  const add = (path: readonly number[], level: LevelFormat, addr: bigint): Table => {
    const key = `${path.join('/')} ${level.name}`;
    const known = tables.get(key);
    if (known !== undefined) return known;
    const words = new Uint32Array((2 ** level.bits * level.entryBytes) / 4);
    const table: Table = { level, piece: { addr: Number(addr), target: 'vram', words }, children: new Map() };
    tables.set(key, table);
    return table;
  };
  const levelAt = (depth: number, what: string): LevelFormat => {
    const level = format.levels[depth];
    if (level === undefined) throw new Failure(`${what}: the tree is deeper than the tables of ${format.chip}`);
    return level;
  };
  const directories = format.levels.filter(({ directory }) => directory).length;
  add([], levelAt(0, 'the top'), tree.root);
  for (const { line, path, level: name, addr } of tree.tables) {
    const level = name === 'PT' ? undefined : levelAt(path.length, `line ${line}`);
    // What a leaf table holds is known from its pages; one without pages says nothing.
    if (level?.directory === true) link(tables, format, add(path, level, addr), path, line);
  }
  for (const { line, path, addr, shift, tableAddr } of tree.pages) {
    const level = format.levels.find((candidate) => candidate.shift === shift);
    if (level === undefined) throw new Failure(`line ${line}: ${format.chip} has no pages of 2^${shift} bytes`);
    const index = path.at(-1) ?? 0;
    const parent = path.slice(0, -1);
    const depth = level.directory ? format.levels.indexOf(level) : directories;
    if (parent.length !== depth) throw new Failure(`line ${line}: the tree does not fit ${format.chip}`);
    const table = add(parent, level, tableAddr);
    if (!level.directory) link(tables, format, table, parent, line);
    write(table, index, { addr }, PAGE, line);
  }
  for (const table of tables.values()) {
    for (const [index, fields] of table.children) write(table, index, fields, undefined, 0);
  }
  try {
    return new MemoryImage([...tables.values()].map(({ piece }) => piece));
  } catch (error) {
    if (error instanceof RangeError) throw new Failure(`the tree does not fit ${format.chip}: ${error.message}`);
    throw error;
  }
}

/** Lets the entry above a table name it. */
function link(
  tables: Map<string, Table>,
  format: MmuFormat,
  { level, piece }: Table,
  path: readonly number[],
  line: number,
): void {
  const above = format.levels[path.length - 1];
  const parent = above === undefined ? undefined : tables.get(`${path.slice(0, -1).join('/')} ${above.name}`);
  const index = path.at(-1);
  if (parent === undefined || index === undefined)
    throw new Failure(`line ${line}: the tree does not fit ${format.chip}`);
  const fields = parent.children.get(index) ?? {};
  parent.children.set(index, fields);
  const isDual = parent.level.layouts.some((layout) => layout.fields.some(({ name }) => name === 'large-addr'));
  const smallest = format.levels.at(-1)?.shift;
  const name = !isDual ? 'addr' : level.shift === smallest ? 'small-addr' : 'large-addr';
  fields[name] = BigInt(piece.addr);
  // Format T says in the directory which pages the table has.
  if (format.version === 'T') fields['pages'] = level.shift === smallest ? 3n : 1n;
}

function write(
  { level, piece }: Table,
  index: number,
  fields: Record<string, bigint>,
  layout: string | undefined,
  line: number,
): void {
  if (index >= 2 ** level.bits) throw new Failure(`line ${line}: ${level.name} has no entry ${index}`);
  try {
    const count = level.entryBytes / 4;
    piece.words.set(bigIntToWords(encodeFields(level, fields, layout).value, count), index * count);
  } catch (error) {
    if (!(error instanceof VmmError)) throw error;
    const what = Object.entries(fields).map(([name, value]) => `${name} ${formatHex(value)}`);
    throw new Failure(
      `${line === 0 ? '' : `line ${line}: `}${level.name} can't hold ${what.join(', ')}: ${error.message}`,
    );
  }
}
