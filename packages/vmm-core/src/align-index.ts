import type { RbTree } from '@nvmmu/rbtree';
import { alignUp } from './numbers.js';
import type { Region } from './region.js';

/** Alignments that are looked after at a time. */
const MAX_ALIGNMENTS = 4;

/** Bytes of a region behind its first aligned address; negative where there is none. */
function roomOf(region: Region, align: number): number {
  return region.addr + region.size - alignUp(region.addr, align);
}

/**
 * Finds the smallest free region that holds a size behind an aligned address in O(log n), where the driver tries its
 * list of sizes one by one. The answer is the same.
 *
 * Each free region knows, for every alignment that is looked after, the largest room in its subtree of the free tree.
 * An alignment is looked after from the first search on that was long without; until then it costs nothing.
 */
export class AlignIndex {
  readonly #aligns: number[] = [];
  /** Uses of each alignment, in the order of the last one, for the choice of which goes. */
  readonly #lastUse: number[] = [];
  #uses = 0;

  /** Renews the summary of one region from its children; whether it has changed. For the free tree. */
  update(region: Region): boolean {
    const aligns = this.#aligns;
    const count = aligns.length;
    if (count === 0) return false;
    const { left, right } = region;
    let { most } = region;
    let changed = false;
    if (most?.length !== count) {
      most = new Array<number>(count).fill(-Infinity);
      region.most = most;
      changed = true;
    }
    for (let i = 0; i < count; i++) {
      let best = roomOf(region, aligns[i] as number);
      const before = left?.most?.[i];
      const behind = right?.most?.[i];
      if (before !== undefined && before > best) best = before;
      if (behind !== undefined && behind > best) best = behind;
      if (best !== most[i]) {
        most[i] = best;
        changed = true;
      }
    }
    return changed;
  }

  /** The first region of the tree, in its order, with room for `size` aligned bytes; behind `after`, if that is given. */
  find(tree: RbTree<Region>, size: number, align: number, after: Region | undefined): Region | undefined {
    const slot = this.#slotFor(tree, align);
    if (after === undefined) return leftmost(tree.root, size, align, slot);
    // Behind a node come what is on its right, then the parents that it is on the left of.
    const below = leftmost(after.right, size, align, slot);
    if (below !== undefined) return below;
    let node: Region = after;
    for (let parent = node.parent; parent !== undefined; parent = node.parent) {
      if (parent.left === node) {
        if (roomOf(parent, align) >= size) return parent;
        const found = leftmost(parent.right, size, align, slot);
        if (found !== undefined) return found;
      }
      node = parent;
    }
    return undefined;
  }

  #slotFor(tree: RbTree<Region>, align: number): number {
    let slot = this.#aligns.indexOf(align);
    if (slot < 0) {
      slot = this.#aligns.length;
      if (slot === MAX_ALIGNMENTS) slot = this.#lastUse.indexOf(Math.min(...this.#lastUse));
      this.#aligns[slot] = align;
      // Children come before their parent.
      for (let node = tree.firstPostOrder(); node !== undefined; node = tree.nextPostOrder(node)) this.update(node);
    }
    this.#lastUse[slot] = ++this.#uses;
    return slot;
  }
}

/** The first region of a subtree with enough room. */
function leftmost(top: Region | undefined, size: number, align: number, slot: number): Region | undefined {
  if (!hasRoom(top, size, slot)) return undefined;
  let node: Region = top;
  for (;;) {
    const { left, right } = node as { left: Region | undefined; right: Region | undefined };
    if (hasRoom(left, size, slot)) node = left;
    else if (roomOf(node, align) >= size) return node;
    else if (right !== undefined) node = right;
    else return undefined;
  }
}

function hasRoom(top: Region | undefined, size: number, slot: number): top is Region {
  const room = top?.most?.[slot];
  return room !== undefined && room >= size;
}
