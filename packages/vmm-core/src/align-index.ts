import { RbNode, RbTree } from '@nvmmu/rbtree';
import { alignUp } from './numbers.js';
import type { Region } from './region.js';

/** A free region, with the bytes that are left of it behind the first aligned address. */
class Entry extends RbNode<Entry> {
  readonly region: Region;
  readonly size: number;
  readonly addr: number;
  readonly room: number;
  /** Largest room in the subtree below this entry. */
  most: number;

  constructor(region: Region, align: number) {
    super();
    this.region = region;
    this.size = region.size;
    this.addr = region.addr;
    this.room = region.end - alignUp(region.addr, align);
    this.most = this.room;
  }
}

function updateMost(entry: Entry): boolean {
  let most = entry.room;
  if (entry.left !== undefined && entry.left.most > most) most = entry.left.most;
  if (entry.right !== undefined && entry.right.most > most) most = entry.right.most;
  if (most === entry.most) return false;
  entry.most = most;
  return true;
}

/**
 * Free regions by size and address, for one alignment: finds the smallest that holds a size behind its first aligned
 * address in O(log n), where the driver's list of sizes has to be tried one by one. The answer is the same.
 */
export class AlignIndex {
  /** log2 of the alignment. */
  readonly align: number;
  readonly #tree = new RbTree<Entry>((a, b) => a.size - b.size || a.addr - b.addr, { update: updateMost });
  readonly #entries = new Map<Region, Entry>();

  constructor(align: number, regions: Iterable<Region>) {
    this.align = align;
    for (const region of regions) this.add(region);
  }

  /** Adds a region that became free. */
  add(region: Region): void {
    const entry = new Entry(region, this.align);
    this.#entries.set(region, entry);
    this.#tree.insert(entry);
  }

  /** Takes out a region that is not free any more, or is about to change. */
  remove(region: Region): void {
    const entry = this.#entries.get(region);
    if (entry === undefined) return;
    this.#tree.erase(entry);
    this.#entries.delete(region);
  }

  /** The first region in order with room for `size` bytes; behind `after`, if that is given. */
  find(size: number, after: Region | undefined): Region | undefined {
    const start = after === undefined ? undefined : this.#entries.get(after);
    if (start === undefined) return leftmost(this.#tree.root, size)?.region;
    // Behind an entry come what is on its right, then the parents that it is on the left of.
    const below = leftmost(start.right, size);
    if (below !== undefined) return below.region;
    for (let entry = start; entry.parent !== undefined; entry = entry.parent) {
      const { parent } = entry;
      if (parent.left !== entry) continue;
      if (parent.room >= size) return parent.region;
      const found = leftmost(parent.right, size);
      if (found !== undefined) return found.region;
    }
    return undefined;
  }
}

/** The first entry of a subtree with enough room. */
function leftmost(top: Entry | undefined, size: number): Entry | undefined {
  if (top === undefined || top.most < size) return undefined;
  let entry: Entry = top;
  for (;;) {
    const left: Entry | undefined = entry.left;
    const right: Entry | undefined = entry.right;
    if (left !== undefined && left.most >= size) entry = left;
    else if (entry.room >= size) return entry;
    else if (right !== undefined) entry = right;
    else return undefined;
  }
}
