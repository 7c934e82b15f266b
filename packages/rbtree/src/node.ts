/** A node of a red-black tree; callers extend it. */
export class RbNode {
  /** The node above, or `undefined` at the root. */
  parent: RbNode | undefined = undefined;
}
