import { RbNode, RbTree } from '../src/index.js';

/** A node with a key, an identity and two summaries: the number of nodes below and the largest weight. */
export class Item extends RbNode<Item> {
  key: number;
  weight: number;
  id: number;
  count = 0;
  heaviest = -Infinity;

  constructor(key: number, weight = 0, id = 0) {
    super();
    this.key = key;
    this.weight = weight;
    this.id = id;
  }
}

export function summarize(item: Item): boolean {
  const { left, right } = item;
  const count = 1 + (left?.count ?? 0) + (right?.count ?? 0);
  const heaviest = Math.max(item.weight, left?.heaviest ?? -Infinity, right?.heaviest ?? -Infinity);
  if (count === item.count && heaviest === item.heaviest) return false;
  item.count = count;
  item.heaviest = heaviest;
  return true;
}

export const byKey = (a: Item, b: Item): number => a.key - b.key;
export const keyOf = (key: number, item: Item): number => key - item.key;

export function tree(...keys: number[]): RbTree<Item> {
  const made = new RbTree<Item>(byKey);
  for (const key of keys) made.insert(new Item(key));
  return made;
}

export const keys = (items: Iterable<Item>): number[] => [...items].map((item) => item.key);
