import { deepest, DETACHED, leftmost, rightmost, type RbNode } from './node.js';
import { exchange, link, propagate, unlink, type Anchor, type Update } from './rebalance.js';
import { verifyTree } from './verify.js';

/** The order of two nodes: negative if `a` comes first, positive if `b` does, 0 if neither. */
export type Compare<T> = (a: T, b: T) => number;

/** The order of a key against a node: negative if the key comes first, positive if the node does, 0 if they match. */
export type CompareKey<K, T> = (key: K, node: T) => number;

/** Options of an `RbTree`. */
export interface RbTreeOptions<T> {
  /**
   * Keeps a summary of each subtree in its root node (augmentation): recomputes the node's summary from the node's own
   * data and the summaries of `left` and `right`, stores it in the node and returns whether it differs from what was
   * stored before. It must depend on the nodes of the subtree and their order only, not on the subtree's shape, and
   * must not touch the tree. None by default.
   */
  readonly update?: Update<T>;
}

/**
 * An intrusive red-black tree: the nodes are the caller's own objects. Insertion, erasure and search take O(log n)
 * steps, a step to a neighbour O(1) on average, and nothing is allocated.
 */
export class RbTree<T extends RbNode<T>> {
  /** The root, where a search of one's own begins; `undefined` when the tree is empty. */
  readonly root: T | undefined = undefined;
  /**
   * Keeps the summaries.
   * @internal
   */
  readonly update: Update<T> | undefined;
  readonly #compare: Compare<T>;
  #size = 0;

  /** Makes an empty tree in the order of `compare`. */
  constructor(compare: Compare<T>, options: RbTreeOptions<T> = {}) {
    this.#compare = compare;
    this.update = options.update;
  }

  /** Number of nodes. */
  get size(): number {
    return this.#size;
  }

  /** The first node in order, or `undefined` in an empty tree. */
  first(): T | undefined {
    return this.root === undefined ? undefined : leftmost(this.root);
  }

  /** The last node in order, or `undefined` in an empty tree. */
  last(): T | undefined {
    return this.root === undefined ? undefined : rightmost(this.root);
  }

  /** The node after `node`, or `undefined` behind the last one and for a node in no tree. */
  next(node: T): T | undefined {
    if (node.right !== undefined) return leftmost(node.right);
    let below = node;
    let above = below.parent;
    while (above !== undefined && above.right === below) {
      below = above;
      above = above.parent;
    }
    return above;
  }

  /** The node before `node`, or `undefined` before the first one and for a node in no tree. */
  prev(node: T): T | undefined {
    if (node.left !== undefined) return rightmost(node.left);
    let below = node;
    let above = below.parent;
    while (above !== undefined && above.left === below) {
      below = above;
      above = above.parent;
    }
    return above;
  }

  /** A node that matches the key, or `undefined`. Of several, any one. */
  find<K>(key: K, compare: CompareKey<K, T>): T | undefined {
    let node: T | undefined = this.root;
    while (node !== undefined) {
      const order = compare(key, node);
      if (order === 0) return node;
      node = order < 0 ? node.left : node.right;
    }
    return undefined;
  }

  /** The first node that does not come before the key, or `undefined`. */
  lowerBound<K>(key: K, compare: CompareKey<K, T>): T | undefined {
    let node: T | undefined = this.root;
    let bound: T | undefined;
    while (node !== undefined) {
      if (compare(key, node) <= 0) {
        bound = node;
        node = node.left;
      } else {
        node = node.right;
      }
    }
    return bound;
  }

  /** The first node that comes after the key, or `undefined`. */
  upperBound<K>(key: K, compare: CompareKey<K, T>): T | undefined {
    let node: T | undefined = this.root;
    let bound: T | undefined;
    while (node !== undefined) {
      if (compare(key, node) < 0) {
        bound = node;
        node = node.left;
      } else {
        node = node.right;
      }
    }
    return bound;
  }

  /** The last node that does not come after the key, or `undefined`. */
  floor<K>(key: K, compare: CompareKey<K, T>): T | undefined {
    let node: T | undefined = this.root;
    let bound: T | undefined;
    while (node !== undefined) {
      if (compare(key, node) >= 0) {
        bound = node;
        node = node.right;
      } else {
        node = node.left;
      }
    }
    return bound;
  }

  /** Inserts a node, behind those that compare equal. Throws `TypeError` if the node is in a tree. */
  insert(node: T): void {
    const compare = this.#compare;
    let parent: T | undefined;
    let at: T | undefined = this.root;
    let left = false;
    while (at !== undefined) {
      parent = at;
      left = compare(node, at) < 0;
      at = left ? at.left : at.right;
    }
    this.#link(node, parent, left);
  }

  /**
   * Inserts a node unless there is one that compares equal. Returns that one, or `undefined` if the node was inserted.
   * Throws `TypeError` if the node is in a tree.
   */
  insertUnique(node: T): T | undefined {
    const compare = this.#compare;
    let parent: T | undefined;
    let at: T | undefined = this.root;
    let left = false;
    while (at !== undefined) {
      parent = at;
      const order = compare(node, at);
      if (order === 0) return at;
      left = order < 0;
      at = left ? at.left : at.right;
    }
    this.#link(node, parent, left);
    return undefined;
  }

  /**
   * Inserts a node as the left (`left` set) or right child of `parent`, or as the root of an empty tree where `parent`
   * is `undefined`: the end of a descent that the caller has written, without calls of `compare`. That the place is
   * right in the order is the caller's word. Throws `TypeError` if the node is in a tree or the place is taken.
   */
  insertAt(node: T, parent: T | undefined, left: boolean): void {
    const taken = parent === undefined ? this.root : left ? parent.left : parent.right;
    if (taken !== undefined) throw new TypeError('the place is taken');
    if (parent?.color === DETACHED) throw new TypeError('the parent is in no tree');
    this.#link(node, parent, left);
  }

  /** Inserts a node directly before `at`, without comparing. Throws `TypeError` if the node is in a tree. */
  insertBefore(node: T, at: T): void {
    if (at.left === undefined) this.insertAt(node, at, true);
    else this.insertAt(node, rightmost(at.left), false);
  }

  /** Inserts a node directly behind `at`, without comparing. Throws `TypeError` if the node is in a tree. */
  insertAfter(node: T, at: T): void {
    if (at.right === undefined) this.insertAt(node, at, false);
    else this.insertAt(node, leftmost(at.right), true);
  }

  /**
   * Takes a node out, without a search. The node may go into another tree at once. Throws `TypeError` if it is in no
   * tree. A node of another tree is not recognised unless it is that tree's root; it breaks both trees.
   */
  erase(node: T): void {
    this.#expectMine(node);
    unlink(this as Anchor<T>, node);
    this.#size--;
  }

  /**
   * Puts `node` in the place of `old`, which is in no tree afterwards. It must belong there in the order. Throws
   * `TypeError` if `old` is in no tree or `node` is in one.
   */
  replace(old: T, node: T): void {
    this.#expectMine(old);
    if (node.color !== DETACHED) throw new TypeError('the node is in a tree already');
    exchange(this as Anchor<T>, old, node);
  }

  /** Renews the summaries that depend on a node, after a change of data that `update` reads. */
  refresh(node: T): void {
    if (this.update !== undefined) propagate(this.update, node);
  }

  /** Takes all nodes out, which are in no tree afterwards. */
  clear(): void {
    let node = this.firstPostOrder();
    (this as Anchor<T>).root = undefined;
    this.#size = 0;
    while (node !== undefined) {
      const next = this.nextPostOrder(node);
      node.left = undefined;
      node.right = undefined;
      node.parent = undefined;
      node.color = DETACHED;
      node = next;
    }
  }

  /** The first node in post-order, in which children come before their parent. */
  firstPostOrder(): T | undefined {
    return this.root === undefined ? undefined : deepest(this.root);
  }

  /** The node after `node` in post-order. It does not look below `node`, whose children may be gone. */
  nextPostOrder(node: T): T | undefined {
    const { parent } = node;
    if (parent?.right === undefined || parent.right === node) return parent;
    return deepest(parent.right);
  }

  /**
   * The nodes in order. The node that follows is looked up before a node is handed out, so that the body of a loop may
   * erase that node, or move it to another tree; a node that it inserts directly behind is not visited. If the body
   * erases the node that follows, the loop goes on behind the current one, found again with the comparator.
   */
  *[Symbol.iterator](): IterableIterator<T> {
    let node = this.first();
    while (node !== undefined) {
      const next = this.next(node);
      yield node;
      node = next === undefined || next.color !== DETACHED ? next : this.upperBound(node, this.#compare);
    }
  }

  /** The nodes in reverse order, by the same rules as forwards. */
  *reversed(): IterableIterator<T> {
    let node = this.last();
    while (node !== undefined) {
      const next = this.prev(node);
      yield node;
      if (next === undefined || next.color !== DETACHED) {
        node = next;
      } else {
        const bound: T | undefined = this.lowerBound(node, this.#compare);
        node = bound === undefined ? this.last() : this.prev(bound);
      }
    }
  }

  /** The nodes in post-order, children before their parent. The body of a loop must not change the tree. */
  *postOrder(): IterableIterator<T> {
    for (let node = this.firstPostOrder(); node !== undefined; node = this.nextPostOrder(node)) yield node;
  }

  /**
   * Checks the rules of the tree: order, parent links, no red node under a red one, as many black nodes on every path,
   * the count, and (by calling `update`) every summary. Throws `Error` that names the first rule broken.
   */
  verify(): void {
    verifyTree(this.root, this.#size, this.#compare, this.update);
  }

  #link(node: T, parent: T | undefined, left: boolean): void {
    if (node.color !== DETACHED) throw new TypeError('the node is in a tree already');
    link(this as Anchor<T>, node, parent, left);
    this.#size++;
  }

  #expectMine(node: T): void {
    if (node.color === DETACHED) throw new TypeError('the node is in no tree');
    if (node.parent === undefined && node !== this.root) throw new TypeError('the node is in another tree');
  }
}
