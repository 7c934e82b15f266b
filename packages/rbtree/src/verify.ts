import { BLACK, RED, type RbNode } from './node.js';
import type { Update } from './rebalance.js';

function fail(rule: string): never {
  throw new Error(`red-black tree is broken: ${rule}`);
}

/** Checks a whole tree, see `RbTree.verify`. */
export function verifyTree<T extends RbNode<T>>(
  root: T | undefined,
  size: number,
  compare: (a: T, b: T) => number,
  update: Update<T> | undefined,
): void {
  let count = 0;
  let before: T | undefined;

  /** Checks a subtree and returns the number of black nodes on each path down. */
  function check(node: T | undefined, parent: T | undefined): number {
    if (node === undefined) return 0;
    if (++count > size) fail(`there are more nodes than the ${size} counted`);
    if (node.parent !== parent) fail('a parent link is wrong');
    if (node.color !== BLACK && node.color !== RED) fail('a node has no colour');
    if (node.color === RED && parent?.color === RED) fail('a red node has a red child');
    const left = check(node.left, node);
    if (before !== undefined && compare(before, node) > 0) fail('nodes are out of order');
    before = node;
    const right = check(node.right, node);
    if (left !== right) fail(`paths have ${left} and ${right} black nodes`);
    if (update?.(node)) fail('a summary is stale');
    return left + (node.color === BLACK ? 1 : 0);
  }

  if (root?.color === RED) fail('the root is red');
  check(root, undefined);
  if (count !== size) fail(`${count} nodes are there and ${size} counted`);
}
