// The states of a node are small integers, so that V8 stores them in place.

/** A black node: every path down passes as many of them. */
export const BLACK = 0;
/** A red node: its children are black. */
export const RED = 1;
/** A node that is in no tree. */
export const DETACHED = 2;

/**
 * A node of a red-black tree. A caller's class extends it with itself as the type argument,
 * `class Region extends RbNode<Region>`, and its objects are the nodes: a tree allocates nothing. A node is in one
 * tree at a time.
 *
 * The links may be read freely, for a search of one's own from `tree.root` down. Only a tree may write them.
 */
export class RbNode<Self> {
  // Declared here and set in the constructor: V8 takes 18 ns to make a node with four field initialisers, 7 ns so.
  // In the order in which a descent needs them: with one small key of the subclass behind them a node is 64 bytes.

  /** The root of the subtree that comes before this node. */
  declare left: Self | undefined;
  /** The root of the subtree that comes after this node. */
  declare right: Self | undefined;
  /** The node above; `undefined` at the root, and for a node in no tree. */
  declare parent: Self | undefined;
  /**
   * Colour, or that the node is in no tree.
   * @internal
   */
  declare color: number;

  /** Makes a node that is in no tree. */
  constructor() {
    this.left = undefined;
    this.right = undefined;
    this.parent = undefined;
    this.color = DETACHED;
  }

  /** Whether the node is in a tree. */
  get isLinked(): boolean {
    return this.color !== DETACHED;
  }
}

/** The first node in order of a subtree. */
export function leftmost<T extends RbNode<T>>(top: T): T {
  let node = top;
  for (let left = node.left; left !== undefined; left = node.left) node = left;
  return node;
}

/** The last node in order of a subtree. */
export function rightmost<T extends RbNode<T>>(top: T): T {
  let node = top;
  for (let right = node.right; right !== undefined; right = node.right) node = right;
  return node;
}

/** The node that comes first of a subtree in post-order: a leaf, as far to the left as possible. */
export function deepest<T extends RbNode<T>>(top: T): T {
  let node = top;
  for (let child = node.left ?? node.right; child !== undefined; child = node.left ?? node.right) node = child;
  return node;
}
