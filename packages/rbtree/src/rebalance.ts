import { BLACK, DETACHED, RED, type RbNode } from './node.js';

/** Recomputes a node's summary from its own data and its children's summaries; returns whether it changed. */
export type Update<T> = (node: T) => boolean;

/** What linking and unlinking need of a tree. The tree shows `root` as read-only. */
export interface Anchor<T> {
  root: T | undefined;
  readonly update: Update<T> | undefined;
}

/** Puts `child` where `node` hangs: under `parent`, or at the root. */
function setChild<T extends RbNode<T>>(tree: Anchor<T>, parent: T | undefined, node: T, child: T | undefined): void {
  if (parent === undefined) tree.root = child;
  else if (parent.left === node) parent.left = child;
  else parent.right = child;
}

/** Renews summaries from `node` upwards until one comes out as it was: nothing above it can have changed. */
export function propagate<T extends RbNode<T>>(update: Update<T>, node: T | undefined): void {
  for (let at = node; at !== undefined && update(at); at = at.parent);
}

// rotateLeft, and rotateRight from right to left:
//
//      x                y
//     / \              / \
//    a   y     →      x   c
//       / \          / \
//      b   c        a   b
//
// The subtree keeps its nodes in their order, so summaries above it stay right; x's and y's are renewed, x first.

function rotateLeft<T extends RbNode<T>>(tree: Anchor<T>, x: T): void {
  const y = x.right as T;
  const middle = y.left;
  const parent = x.parent;
  x.right = middle;
  if (middle !== undefined) middle.parent = x;
  y.left = x;
  x.parent = y;
  y.parent = parent;
  setChild(tree, parent, x, y);
  const { update } = tree;
  if (update !== undefined) {
    update(x);
    update(y);
  }
}

function rotateRight<T extends RbNode<T>>(tree: Anchor<T>, y: T): void {
  const x = y.left as T;
  const middle = x.right;
  const parent = y.parent;
  y.left = middle;
  if (middle !== undefined) middle.parent = y;
  x.right = y;
  y.parent = x;
  x.parent = parent;
  setChild(tree, parent, y, x);
  const { update } = tree;
  if (update !== undefined) {
    update(y);
    update(x);
  }
}

/** Hangs a detached node into a vacant place and restores colours and summaries. */
export function link<T extends RbNode<T>>(tree: Anchor<T>, node: T, parent: T | undefined, left: boolean): void {
  node.parent = parent;
  if (parent === undefined) tree.root = node;
  else if (left) parent.left = node;
  else parent.right = node;
  node.color = RED;
  const { update } = tree;
  if (update !== undefined) {
    update(node);
    propagate(update, parent);
  }
  repairRed(tree, node);
}

/** Repairs a red node whose parent may be red too: the only rule that hanging in a red leaf can break. */
function repairRed<T extends RbNode<T>>(tree: Anchor<T>, start: T): void {
  let node = start;
  for (;;) {
    const parent = node.parent;
    if (parent === undefined) {
      node.color = BLACK;
      return;
    }
    if (parent.color === BLACK) return;
    const grand = parent.parent as T; // a red node is never the root
    if (parent === grand.left) {
      const uncle = grand.right;
      if (uncle === undefined || uncle.color === BLACK) {
        let top = parent;
        if (node === parent.right) {
          rotateLeft(tree, parent);
          top = node;
        }
        top.color = BLACK;
        grand.color = RED;
        rotateRight(tree, grand);
        return;
      }
      uncle.color = BLACK;
    } else {
      const uncle = grand.left;
      if (uncle === undefined || uncle.color === BLACK) {
        let top = parent;
        if (node === parent.left) {
          rotateRight(tree, parent);
          top = node;
        }
        top.color = BLACK;
        grand.color = RED;
        rotateLeft(tree, grand);
        return;
      }
      uncle.color = BLACK;
    }
    parent.color = BLACK;
    grand.color = RED;
    node = grand;
  }
}

/** Takes a node out, restores colours and summaries, and leaves the node detached. */
export function unlink<T extends RbNode<T>>(tree: Anchor<T>, node: T): void {
  const { left, right, parent } = node;
  let child: T | undefined; // what moves up into the gap
  let above: T | undefined; // the node over the gap
  let lost = node.color; // the colour that the path through the gap has lost
  let heir: T | undefined; // the successor that takes the node's place, if it had two children
  if (left === undefined || right === undefined) {
    child = left ?? right;
    above = parent;
    if (child !== undefined) child.parent = parent;
    setChild(tree, parent, node, child);
  } else {
    heir = right;
    for (let next = heir.left; next !== undefined; next = heir.left) heir = next;
    child = heir.right;
    lost = heir.color;
    if (heir === right) {
      above = heir;
    } else {
      const over = heir.parent as T;
      above = over;
      over.left = child;
      if (child !== undefined) child.parent = over;
      heir.right = right;
      right.parent = heir;
    }
    heir.left = left;
    left.parent = heir;
    heir.color = node.color;
    heir.parent = parent;
    setChild(tree, parent, node, heir);
  }
  node.left = undefined;
  node.right = undefined;
  node.parent = undefined;
  node.color = DETACHED;
  const { update } = tree;
  if (update !== undefined) {
    // The heir has new children and the node over it a new child, whatever the summaries on the way there say.
    if (heir !== undefined) {
      for (let at = above; at !== undefined && at !== heir && update(at); at = at.parent);
      update(heir);
      propagate(update, parent);
    } else {
      propagate(update, above);
    }
  }
  if (lost === BLACK) {
    if (child !== undefined)
      child.color = BLACK; // an only child is red
    else if (above !== undefined) repairBlack(tree, above);
  }
}

/** Repairs paths through an empty place under `start` that have one black node too few. */
function repairBlack<T extends RbNode<T>>(tree: Anchor<T>, start: T): void {
  let node: T | undefined; // the root of the side that lacks a black node; empty at first
  let parent: T | undefined = start;
  while (parent !== undefined) {
    if (parent.left === node) {
      let sibling = parent.right as T; // this side lacks a black node, so the other one has some
      if (sibling.color === RED) {
        sibling.color = BLACK;
        parent.color = RED;
        rotateLeft(tree, parent);
        sibling = parent.right as T;
      }
      const far = sibling.right;
      if (far !== undefined && far.color === RED) {
        sibling.color = parent.color;
        parent.color = BLACK;
        far.color = BLACK;
        rotateLeft(tree, parent);
        return;
      }
      const near = sibling.left;
      if (near !== undefined && near.color === RED) {
        near.color = parent.color;
        parent.color = BLACK;
        rotateRight(tree, sibling);
        rotateLeft(tree, parent);
        return;
      }
      sibling.color = RED;
    } else {
      let sibling = parent.left as T;
      if (sibling.color === RED) {
        sibling.color = BLACK;
        parent.color = RED;
        rotateRight(tree, parent);
        sibling = parent.left as T;
      }
      const far = sibling.left;
      if (far !== undefined && far.color === RED) {
        sibling.color = parent.color;
        parent.color = BLACK;
        far.color = BLACK;
        rotateRight(tree, parent);
        return;
      }
      const near = sibling.right;
      if (near !== undefined && near.color === RED) {
        near.color = parent.color;
        parent.color = BLACK;
        rotateLeft(tree, sibling);
        rotateRight(tree, parent);
        return;
      }
      sibling.color = RED;
    }
    if (parent.color === RED) {
      parent.color = BLACK;
      return;
    }
    node = parent;
    parent = parent.parent;
  }
}

/** Puts a detached node in the place of another one, which leaves detached. */
export function exchange<T extends RbNode<T>>(tree: Anchor<T>, old: T, node: T): void {
  const { left, right, parent } = old;
  node.left = left;
  node.right = right;
  node.parent = parent;
  node.color = old.color;
  if (left !== undefined) left.parent = node;
  if (right !== undefined) right.parent = node;
  setChild(tree, parent, old, node);
  old.left = undefined;
  old.right = undefined;
  old.parent = undefined;
  old.color = DETACHED;
  const { update } = tree;
  if (update !== undefined) {
    update(node);
    propagate(update, parent);
  }
}
