import type { MemoryTarget } from '@nvmmu/ptcache';
import type { DecodedEntry } from './entry.js';
import type { LevelFormat, MmuFormat, Root } from './format.js';
import { scanOptions, type ListOptions } from './list-options.js';
import type { EmptyRange, MappedRange, ProblemRange } from './ranges.js';
import type { MemoryReader } from './reader.js';
import { TableScan, type ProblemKind, type ScanVisitor } from './scan.js';

/** A table in the tree. What follows with a greater depth is in it. */
export interface TableNode {
  readonly kind: 'table';
  /** 0 for the top-level directory. */
  readonly depth: number;
  readonly level: string;
  /** Index of the entry that points at it; -1 for the top-level directory. */
  readonly index: number;
  readonly target: MemoryTarget;
  readonly addr: bigint;
  /** First address that it covers. */
  readonly va: bigint;
  /** Bytes of the table itself. */
  readonly bytes: number;
}

/** Where entries stand in the tree. */
interface Place {
  /** One more than that of their table. */
  readonly depth: number;
  /** First entry, in its table. */
  readonly index: number;
  /** Entries. */
  readonly count: number;
}

/** One node of the tree, in the order in which a tree is printed. */
export type TreeNode = TableNode | (MappedRange & Place) | (EmptyRange & Place) | (ProblemRange & Place);

/** Collects nodes; what belongs to the second table of a pair waits until the first is done. */
class TreeBuilder implements ScanVisitor {
  readonly #levels: readonly LevelFormat[];
  readonly #options: ListOptions;
  #done: TreeNode[] = [];
  /** Nodes of the open pair by level, in the order in which its tables were met. */
  #leaves = new Map<number, TreeNode[]>();
  #depth = 0;

  constructor(levels: readonly LevelFormat[], options: ListOptions) {
    this.#levels = levels;
    this.#options = options;
  }

  takeDone(): readonly TreeNode[] {
    const done = this.#done;
    if (done.length > 0) this.#done = [];
    return done;
  }

  enter(level: number, target: MemoryTarget, addr: number, index: number, va: number, entries: number): void {
    const format = this.#levels[level] as LevelFormat;
    this.#options.totals?.addTable(format, target, addr, entries);
    const bytes = entries * format.entryBytes;
    const node: TableNode = {
      kind: 'table',
      depth: this.#depth,
      level: format.name,
      index,
      target,
      addr: BigInt(addr),
      va: BigInt(va),
      bytes,
    };
    if (format.directory) {
      this.#done.push(node);
      this.#depth++;
    } else {
      this.#leaves.set(level, [node]);
    }
  }

  leave(): void {
    if (this.#leaves.size === 0) {
      this.#depth--;
      return;
    }
    for (const nodes of this.#leaves.values()) for (const node of nodes) this.#done.push(node);
    this.#leaves = new Map();
  }

  /** Puts a node into its table. */
  #put(level: number, node: TreeNode): void {
    (this.#leaves.get(level) ?? this.#done).push(node);
  }

  #entryDepth(level: number): number {
    return this.#leaves.has(level) ? this.#depth + 1 : this.#depth;
  }

  run(
    level: number,
    index: number,
    count: number,
    va: number,
    size: number,
    entry: DecodedEntry,
    addr: number,
    tag: number,
  ): void {
    const { name, shift } = this.#levels[level] as LevelFormat;
    const { totals, kinds, apertures, shifts } = this.#options;
    const place = { depth: this.#entryDepth(level), index, count };
    const common = { va: BigInt(va), size: BigInt(size), shift, level: name };
    if (entry.state === 'page') {
      totals?.addMapped(shift, entry.aperture, count, size);
      if (kinds?.includes('mapped') === false || apertures?.includes(entry.aperture) === false) return;
      if (shifts?.includes(shift) === false) return;
      this.#put(level, {
        kind: 'mapped',
        ...place,
        ...common,
        addr: BigInt(addr),
        aperture: entry.aperture,
        apertureCode: entry.apertureCode,
        peer: entry.peer,
        ro: entry.ro,
        priv: entry.priv,
        vol: entry.vol,
        noAtomics: entry.noAtomics,
        storageKind: entry.kind,
        tag,
        tagStep: entry.tagStep,
      });
    } else {
      const kind = entry.state === 'sparse' ? 'sparse' : 'nowhere';
      totals?.addEmpty(kind, shift, count, size);
      if (kinds?.includes(kind) === false || shifts?.includes(shift) === false) return;
      this.#put(level, { kind, ...place, ...common });
    }
  }

  problem(
    problem: ProblemKind,
    level: number,
    addr: number,
    index: number,
    count: number,
    va: number,
    size: number,
    why: string,
  ): void {
    const { totals } = this.#options;
    if (totals !== undefined) totals.problems++;
    this.#put(level, {
      kind: 'problem',
      depth: this.#entryDepth(level),
      index,
      count,
      problem,
      va: BigInt(va),
      size: BigInt(size),
      level: (this.#levels[level] as LevelFormat).name,
      tableAddr: BigInt(addr),
      why,
    });
  }
}

/**
 * Lists an address space as the tree of its tables, parents first. Within a table, neighbouring entries that are mapped
 * alike, to memory that follows on, are one node. Of a pair of tables that share a directory entry the one of large
 * pages comes first; small entries below a large one that decides are not shown.
 *
 * @throws RangeError for a `start` or `end` that is negative or turned around.
 */
export function* listTree(
  format: MmuFormat,
  reader: MemoryReader,
  root: Root,
  options: ListOptions = {},
): Generator<TreeNode> {
  const builder = new TreeBuilder((root.format ?? format).levels, options);
  const scan = new TableScan(format, reader, root, scanOptions(options), builder);
  do yield* builder.takeDone();
  while (scan.step());
  yield* builder.takeDone();
}
