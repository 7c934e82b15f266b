import type { MemoryTarget } from '@nvmmu/ptcache';
import type { LevelFormat, MmuFormat, Root } from './format.js';
import { scanOptions, selectRun, type ListOptions } from './list-options.js';
import {
  pageFields,
  problemRange,
  rangeKind,
  type EmptyRange,
  type MappedRange,
  type ProblemRange,
} from './range-types.js';
import type { MemoryReader } from './reader.js';
import { TableScan } from './scan.js';
import type { EntryRun, ScanVisitor, TableLink, TableProblem } from './scan-visitor.js';

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
export interface TreePlace {
  /** One more than that of their table. */
  readonly depth: number;
  /** First entry, in its table. */
  readonly index: number;
  /** Entries. */
  readonly count: number;
}

/** One node of the tree, in the order in which a tree is printed. */
export type TreeNode = TableNode | (MappedRange & TreePlace) | (EmptyRange & TreePlace) | (ProblemRange & TreePlace);

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

  enter({ level, target, addr, index, va, entries }: TableLink): void {
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

  run(run: EntryRun): void {
    const { level, index, count, va, size } = run;
    const { name, shift } = this.#levels[level] as LevelFormat;
    const kind = rangeKind(run.entry.state);
    if (!selectRun(this.#options, kind, shift, run)) return;
    const place = { depth: this.#entryDepth(level), index, count };
    const common = { va: BigInt(va), size: BigInt(size), shift, level: name };
    this.#put(
      level,
      kind === 'mapped' ? { kind, ...place, ...common, ...pageFields(run) } : { kind, ...place, ...common },
    );
  }

  problem(problem: TableProblem): void {
    const { totals } = this.#options;
    if (totals !== undefined) totals.problems++;
    const { level, index, count } = problem;
    const { kind, ...range } = problemRange(this.#levels, problem);
    const place = { depth: this.#entryDepth(level), index, count };
    this.#put(level, { kind, ...place, ...range });
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
