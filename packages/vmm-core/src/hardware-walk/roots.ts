import type { MemoryTarget } from '@nvmmu/ptcache';
import { fieldValue } from './fields.js';
import type { InstanceWord, MmuFormat, Root } from './format.js';
import { quality, TableJudge } from './judge.js';
import { listTree } from './tree.js';
import type { MemoryImage } from './memory-image.js';

/** Memory that may be the start of an address space. */
export interface RootCandidate {
  /** An instance block, or a top-level directory by itself. */
  readonly kind: 'instance' | 'directory';
  readonly format: MmuFormat;
  readonly target: MemoryTarget;
  /** Address of the block or directory. */
  readonly addr: bigint;
  readonly root: Root;
  /** From 0, nothing speaks for it, to 1. */
  readonly score: number;
  /** Why the score is what it is. */
  readonly notes: readonly string[];
}

/** Options of {@link scanRoots}. */
export interface RootOptions {
  /** Leave out candidates below; default 0.5. */
  readonly minScore?: number;
  /** How many candidates to return; default 32. */
  readonly limit?: number;
  /** Told now and then how many bytes of the image are done, for each format anew. */
  readonly progress?: (format: MmuFormat, done: number, total: number) => void;
}

/** Instance blocks and top-level directories start at multiples of this. */
const ALIGN = 0x1000;
const PROGRESS_PAGES = 0x1000;

/**
 * Looks for top-level directories and instance blocks in a memory image: at each multiple of 4 KiB, by how much sense
 * the memory makes as one, and as tables below it. Empty directories can't be told from other zeros and are found only
 * through an instance block.
 * `formats` says what to look for, one for each kind of chip (and big-page size) that comes into
 * question.
 *
 * @returns The best first.
 */
export function scanRoots(
  image: MemoryImage,
  formats: readonly MmuFormat[],
  options: RootOptions = {},
): RootCandidate[] {
  const { minScore = 0.5, limit = 32, progress } = options;
  const found: RootCandidate[] = [];
  let total = 0;
  for (const piece of image.pieces()) total += 4 * piece.words.length;
  for (const format of formats) {
    const judge = new TableJudge(format, image);
    const candidates: RootCandidate[] = [];
    let pages = 0;
    for (const piece of image.pieces()) {
      const target = piece.target ?? 'vram';
      const first = Math.ceil(piece.addr / ALIGN) * ALIGN;
      const end = piece.addr + 4 * piece.words.length;
      for (let addr = first; addr < end; addr += ALIGN) {
        if (progress !== undefined && pages++ % PROGRESS_PAGES === 0) progress(format, pages * ALIGN, total);
        const instance = judgeInstance(format, judge, image, target, addr);
        if (instance !== undefined && instance.score >= minScore) candidates.push(instance);
        // On format T the directory is in the block.
        if (format.instance.words.length === 0) continue;
        const directory = judgeDirectory(format, judge, target, addr);
        if (directory !== undefined && directory.score >= minScore) candidates.push(directory);
      }
    }
    found.push(...dropInner(candidates, image));
  }
  return found.sort((a, b) => b.score - a.score || (a.addr < b.addr ? -1 : 1)).slice(0, limit);
}

/** How much a verdict says: the share of good entries, less where there are few. */
function confidence(judge: TableJudge, target: MemoryTarget, addr: number): { score: number; note: string } {
  const verdict = judge.judge(0, target, addr);
  const score = quality(verdict) ** 2 * (verdict.good / (verdict.good + 0.25)) * (verdict.early ? 1 : 0.5);
  return { score, note: `${verdict.good.toFixed(1)} entries for it, ${verdict.bad.toFixed(1)} against` };
}

function judgeDirectory(
  format: MmuFormat,
  judge: TableJudge,
  target: MemoryTarget,
  addr: number,
): RootCandidate | undefined {
  const { score, note } = confidence(judge, target, addr);
  if (score === 0) return undefined;
  const root: Root = { kind: 'root', target, addr: BigInt(addr) };
  return { kind: 'directory', format, target, addr: root.addr, root, score, notes: [note] };
}

function judgeInstance(
  format: MmuFormat,
  judge: TableJudge,
  image: MemoryImage,
  target: MemoryTarget,
  addr: number,
): RootCandidate | undefined {
  const read = (offset: number): number | undefined => image.read32(target, addr + offset);
  const [word] = format.instance.words;
  if (word !== undefined && !plausibleWord(word, read)) return undefined;
  const root = format.instance.decode({ target, addr: BigInt(addr) }, read);
  if (root.kind !== 'root' || !plausibleLimit(format, root)) return undefined;
  const used = root.format ?? format;
  const directory = Number(root.addr);
  if (image.read32(root.target, directory) === undefined) return undefined;
  const { score, note } = confidence(used === format ? judge : new TableJudge(used, image), root.target, directory);
  const notes = [
    word === undefined ? 'the directory is inside' : `names a directory at 0x${root.addr.toString(16)}`,
    note,
  ];
  // The words themselves say something, even if the directory is empty.
  const floor = word === undefined ? 0 : root.limit === undefined ? 0.3 : 0.5;
  const total = score === 0 && quality(judge.judge(0, root.target, directory)) < 0.5 ? 0 : floor + (1 - floor) * score;
  return { kind: 'instance', format: used, target, addr: BigInt(addr), root, score: total, notes };
}

/** Whether the first word of an instance block has anything in it, and nothing where nothing is defined. */
function plausibleWord({ offset, fields }: InstanceWord, read: (offset: number) => number | undefined): boolean {
  const lo = read(offset);
  const hi = read(offset + 4);
  if (lo === undefined || hi === undefined) return false;
  let value = (BigInt(hi) << 32n) | BigInt(lo);
  if (value === 0n) return false;
  for (const spec of fields) {
    value -= fieldValue(spec, value) << BigInt(spec.lo);
  }
  return value === 0n;
}

function plausibleLimit(format: MmuFormat, { limit }: Root): boolean {
  if (limit === undefined) return true;
  return limit > 0n && (limit & 0xfffn) === 0xfffn && limit >> BigInt(format.vaBits) === 0n;
}

/** Leaves out directories that are a table, below the top level, of another candidate. */
function dropInner(candidates: readonly RootCandidate[], image: MemoryImage): RootCandidate[] {
  // Where memory answers for every target, a table is the same whatever its directory entry calls its place.
  const anywhere = [...image.pieces()].some((piece) => piece.target === undefined);
  const key = (target: MemoryTarget, addr: bigint): string => (anywhere ? `${addr}` : `${target} ${addr}`);
  const inner = new Set<string>();
  for (const { format, root, target, addr } of candidates) {
    const own = key(target, addr);
    for (const node of listTree(format, image, root, { kinds: [], maxEntries: 2 ** 16, maxRepeats: 0 })) {
      if (node.kind !== 'table' || node.depth === 0) continue;
      const below = key(node.target, node.addr);
      if (below !== own) inner.add(below);
    }
  }
  return candidates.filter(({ kind, target, addr }) => kind === 'instance' || !inner.has(key(target, addr)));
}
