import { RbNode } from './node.js';
import { RbTree } from './tree.js';

/** One entry of an `RbMap`. The value may be written; the entry stays valid until its key is deleted. */
export class RbMapEntry<K, V> extends RbNode<RbMapEntry<K, V>> {
  /** The key, by which the map is ordered. */
  readonly key: K;
  /** The value. */
  value: V;

  /** Only maps make entries. */
  constructor(key: K, value: V) {
    super();
    this.key = key;
    this.value = value;
  }
}

/**
 * The order of keys that a map uses by default: numbers and bigints by value, strings by code unit, dates by time.
 * Throws `TypeError` for keys that `<` and `>` do not order, such as NaN.
 */
export function compareKeys(a: unknown, b: unknown): number {
  if ((a as number) < (b as number)) return -1;
  if ((a as number) > (b as number)) return 1;
  if (a === b) return 0;
  if (a instanceof Date && b instanceof Date && a.getTime() === b.getTime()) return 0;
  throw new TypeError(`keys ${String(a)} and ${String(b)} have no order`);
}

/** An ordered map on a red-black tree, for those who need no nodes of their own. Iteration is in the order of keys. */
export class RbMap<K, V> {
  readonly #compare: (a: K, b: K) => number;
  readonly #compareEntry: (key: K, entry: RbMapEntry<K, V>) => number;
  readonly #tree: RbTree<RbMapEntry<K, V>>;

  /** Makes a map of some entries, in the order of `compare`, or of `compareKeys` by default. */
  constructor(entries?: Iterable<readonly [K, V]>, compare: (a: K, b: K) => number = compareKeys) {
    this.#compare = compare;
    this.#compareEntry = (key, entry) => compare(key, entry.key);
    this.#tree = new RbTree((a, b) => compare(a.key, b.key));
    if (entries !== undefined) for (const [key, value] of entries) this.set(key, value);
  }

  /** Number of entries. */
  get size(): number {
    return this.#tree.size;
  }

  /** The value of a key, or `undefined`. */
  get(key: K): V | undefined {
    return this.entry(key)?.value;
  }

  /** Whether the key is in the map. */
  has(key: K): boolean {
    return this.entry(key) !== undefined;
  }

  /** The entry of a key, or `undefined`. */
  entry(key: K): RbMapEntry<K, V> | undefined {
    const compare = this.#compare;
    let at = this.#tree.root;
    while (at !== undefined) {
      const order = compare(key, at.key);
      if (order === 0) break;
      at = order < 0 ? at.left : at.right;
    }
    return at;
  }

  /** Sets the value of a key, which is added if need be; a key that is there stays the object that it is. */
  set(key: K, value: V): this {
    const compare = this.#compare;
    let parent: RbMapEntry<K, V> | undefined;
    let at = this.#tree.root;
    let left = false;
    if (at === undefined) compare(key, key); // refuses a first key that cannot be ordered
    while (at !== undefined) {
      const order = compare(key, at.key);
      if (order === 0) {
        at.value = value;
        return this;
      }
      parent = at;
      left = order < 0;
      at = left ? at.left : at.right;
    }
    this.#tree.insertAt(new RbMapEntry(key, value), parent, left);
    return this;
  }

  /** Deletes a key; returns whether it was there. */
  delete(key: K): boolean {
    const entry = this.entry(key);
    if (entry === undefined) return false;
    this.#tree.erase(entry);
    return true;
  }

  /** Deletes an entry of this map without a search. Throws `TypeError` if it has been deleted. */
  deleteEntry(entry: RbMapEntry<K, V>): void {
    this.#tree.erase(entry);
  }

  /** Deletes everything. */
  clear(): void {
    this.#tree.clear();
  }

  /** The entry with the smallest key. */
  first(): RbMapEntry<K, V> | undefined {
    return this.#tree.first();
  }

  /** The entry with the largest key. */
  last(): RbMapEntry<K, V> | undefined {
    return this.#tree.last();
  }

  /** The entry with the next larger key. */
  next(entry: RbMapEntry<K, V>): RbMapEntry<K, V> | undefined {
    return this.#tree.next(entry);
  }

  /** The entry with the next smaller key. */
  prev(entry: RbMapEntry<K, V>): RbMapEntry<K, V> | undefined {
    return this.#tree.prev(entry);
  }

  /** The first entry whose key is not below `key`. */
  lowerBound(key: K): RbMapEntry<K, V> | undefined {
    return this.#tree.lowerBound(key, this.#compareEntry);
  }

  /** The first entry whose key is above `key`. */
  upperBound(key: K): RbMapEntry<K, V> | undefined {
    return this.#tree.upperBound(key, this.#compareEntry);
  }

  /** The last entry whose key is not above `key`. */
  floor(key: K): RbMapEntry<K, V> | undefined {
    return this.#tree.floor(key, this.#compareEntry);
  }

  /** Keys and values in order. The current entry may be deleted in the loop. */
  *[Symbol.iterator](): IterableIterator<[K, V]> {
    for (const { key, value } of this.#tree) yield [key, value];
  }

  /** Keys and values in order, from the first key that is not below `from` to before the first not below `to`. */
  *range(from: K, to: K): IterableIterator<[K, V]> {
    let entry = this.lowerBound(from);
    while (entry !== undefined && this.#compare(entry.key, to) < 0) {
      const { key, value } = entry;
      yield [key, value];
      // Found again if the loop deleted it; otherwise one step.
      entry = entry.isLinked ? this.#tree.next(entry) : this.upperBound(key);
    }
  }

  /** The keys in order. */
  *keys(): IterableIterator<K> {
    for (const { key } of this.#tree) yield key;
  }

  /** The values in the order of their keys. */
  *values(): IterableIterator<V> {
    for (const { value } of this.#tree) yield value;
  }

  /** Checks the tree below, see `RbTree.verify`. */
  verify(): void {
    this.#tree.verify();
  }
}
