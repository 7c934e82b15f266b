import { pow2 } from '../numbers.js';
import type { MmuFormat, Root } from './format.js';
import type { ListOptions } from './list-options.js';
import type { MemoryReader } from './reader.js';
import { listTree, type TreeNode } from './tree.js';

// The shape of the published GPU page-table extractor (gpu-tlb, extractor/README.md): tables and pages by the index of
// their entry, four blanks for each level, the addresses of pages in a column of their own.

const INDENT = 4;
const PAGE_INDENT = 20;
const PAGE_COLUMN = 50;
const SIZES: readonly (readonly [number, string])[] = [
  [30, 'GB'],
  [20, 'MB'],
  [10, 'KB'],
];

/** Where the extractor's names differ from ours: it does not tell the two leaf tables apart. */
function tableName(level: string): string {
  return level.startsWith('PD') ? level : 'PT';
}

function pageName(shift: number): string {
  const [unit, name] = SIZES.find(([from]) => shift >= from) ?? [0, 'B'];
  return `${pow2(shift - unit)}${name}-Page`;
}

function address(value: bigint): string {
  return `0x${value.toString(16).padStart(10, '0')}`;
}

/**
 * Writes the tables and pages of an address space the way the published extractor prints them, a line for each page.
 * It knows neither sparse ranges nor flags, so they are left out, and so is what can't be read.
 *
 * @returns The lines, one at a time, without line ends.
 */
export function* writeExtractorTree(
  format: MmuFormat,
  reader: MemoryReader,
  root: Root,
  options: ListOptions = {},
): Generator<string> {
  for (const node of listTree(format, reader, root, { ...options, kinds: ['mapped'] })) yield* nodeLines(node);
}

function* nodeLines(node: TreeNode): Generator<string> {
  if (node.kind === 'table') {
    const name = `${tableName(node.level)}@${address(node.addr)}`;
    yield node.depth === 0 ? name : `${' '.repeat(INDENT * node.depth)}${node.index}-->${name}`;
  } else if (node.kind === 'mapped') {
    const page = 1n << BigInt(node.shift);
    for (let i = 0n; i < BigInt(node.count); i++) {
      const index = String(node.index + Number(i)).padStart(3);
      const line = `${' '.repeat(PAGE_INDENT - 1)}${index}-->${pageName(node.shift)}@${address(node.addr + i * page)}`;
      yield `${line.padEnd(PAGE_COLUMN)} VA: 0x${(node.va + i * page).toString(16)}`;
    }
  }
}

/** A page of an extractor's tree. */
export interface ExtractorPage {
  /** Number of the line, from 1. */
  readonly line: number;
  readonly va: bigint;
  readonly addr: bigint;
  /** log2 of the page size. */
  readonly shift: number;
  /** Index at each level, from the top. */
  readonly path: readonly number[];
  /** Address of the table that holds the entry. */
  readonly tableAddr: bigint;
}

/** What an extractor's tree says. */
export interface ExtractorTree {
  /** Address of the top-level directory. */
  readonly root: bigint;
  /** Tables below it by line, with their level as printed. */
  readonly tables: readonly {
    readonly line: number;
    readonly level: string;
    readonly addr: bigint;
    readonly path: readonly number[];
  }[];
  readonly pages: readonly ExtractorPage[];
  /** Whether parts are left out (`...`): what is not in the tree may be mapped all the same. */
  readonly elided: boolean;
}

/** A line of an extractor's tree that can't be understood. */
export class ExtractorError extends Error {
  override readonly name = 'ExtractorError';
  /** Number of the line, from 1. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.line = line;
  }
}

const TABLE_LINE = /^(\s*)(?:(\d{1,9})-->)?(PD\d?|PT)@0x([0-9a-f]{1,16})\s*$/i;
const PAGE_LINE = /^\s*(\d{1,9})-->(\d{1,4})(KB|MB|GB)-Page@0x([0-9a-f]{1,16})\s+VA:\s*0x([0-9a-f]{1,16})\s*$/i;
const UNIT_SHIFTS: Readonly<Record<string, number>> = { KB: 10, MB: 20, GB: 30 };

/**
 * Reads a tree as the published extractor, or {@link writeExtractorTree}, prints it.
 *
 * @throws ExtractorError for a line of another form, an entry without a table above it, or when there is no tree.
 */
export function readExtractorTree(lines: Iterable<string>): ExtractorTree {
  const tables: { line: number; level: string; addr: bigint; path: readonly number[] }[] = [];
  const pages: ExtractorPage[] = [];
  /** Tables that are open, outermost first, with the column of their line's first sign. */
  const open: { rank: number; addr: bigint; path: readonly number[] }[] = [];
  let root: bigint | undefined;
  let elided = false;
  let line = 0;
  for (const text of lines) {
    line++;
    if (text.trim() === '') continue;
    if (text.trim() === '...') {
      elided = true;
      continue;
    }
    const page = PAGE_LINE.exec(text);
    if (page !== null) {
      const [, index = '', size = '', unit = '', addr = '', va = ''] = page;
      const parent = open.at(-1);
      if (parent === undefined) throw new ExtractorError(line, 'a page without a table');
      const shift = Math.log2(Number(size)) + (UNIT_SHIFTS[unit.toUpperCase()] ?? 0);
      if (!Number.isInteger(shift)) throw new ExtractorError(line, `page size ${size}${unit} is not a power of two`);
      const path = [...parent.path, Number(index)];
      pages.push({ line, va: BigInt(`0x${va}`), addr: BigInt(`0x${addr}`), shift, path, tableAddr: parent.addr });
      continue;
    }
    const [, , index, level = '', digits] = TABLE_LINE.exec(text) ?? [];
    if (digits === undefined) throw new ExtractorError(line, 'neither a table nor a page');
    const rank = level.toUpperCase() === 'PT' ? -1 : Number(level.slice(2) || '0');
    const addr = BigInt(`0x${digits}`);
    while ((open.at(-1)?.rank ?? Infinity) <= rank) open.pop();
    const parent = open.at(-1);
    if (index === undefined) {
      if (root !== undefined) throw new ExtractorError(line, 'a second top-level directory');
      root = addr;
      open.push({ rank, addr, path: [] });
      continue;
    }
    if (parent === undefined) throw new ExtractorError(line, 'a table without a directory above it');
    const path = [...parent.path, Number(index)];
    tables.push({ line, level, addr, path });
    open.push({ rank, addr, path });
  }
  if (root === undefined) throw new ExtractorError(line, 'no top-level directory');
  return { root, tables, pages, elided };
}
