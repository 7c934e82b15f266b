export { compareKeys, RbMap, RbMapEntry } from './map.js';
export { RbNode } from './node.js';
export type { Update } from './rebalance.js';
export { RbTree } from './tree.js';
export type { Compare, CompareKey, RbTreeOptions } from './tree.js';
