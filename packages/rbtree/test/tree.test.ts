import { describe, expect, test } from 'vitest';
import { RbTree } from '../src/index.js';
import { byKey, Item, keyOf, keys, summarize, tree } from './items.js';

test('an empty tree answers everything with undefined', () => {
  const empty = tree();
  expect([empty.root, empty.first(), empty.last(), empty.firstPostOrder(), empty.size]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    0,
  ]);
  expect(empty.find(1, keyOf)).toBeUndefined();
  expect([...empty, ...empty.reversed(), ...empty.postOrder()]).toEqual([]);
  empty.clear();
  empty.verify();
});

test('equal nodes stand in the order of their insertion', () => {
  const many = new RbTree<Item>(byKey);
  for (let id = 0; id < 20; id++) many.insert(new Item(id % 2, 0, id));
  expect([...many].map((item) => item.id)).toEqual([
    0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19,
  ]);
  expect(many.lowerBound(1, keyOf)?.id).toBe(1);
  expect(many.floor(0, keyOf)?.id).toBe(18);
});

test('a search of one’s own walks from the root, and ends in insertAt', () => {
  const own = new RbTree<Item>(byKey);
  for (const key of [5, 1, 9, 3, 7, 2, 8]) {
    let parent: Item | undefined;
    let at = own.root;
    let left = false;
    while (at !== undefined) {
      parent = at;
      left = key < at.key;
      at = left ? at.left : at.right;
    }
    own.insertAt(new Item(key), parent, left);
    own.verify();
  }
  expect(keys(own)).toEqual([1, 2, 3, 5, 7, 8, 9]);
});

describe('the body of a loop', () => {
  const target = () => new RbTree<Item>((a, b) => b.key - a.key);

  test('may erase the current node, or move it to another tree', () => {
    const source = tree(1, 2, 3, 4, 5, 6, 7, 8);
    const other = target();
    const seen: number[] = [];
    for (const item of source) {
      seen.push(item.key);
      source.erase(item);
      if (item.key % 2 === 0) other.insert(item);
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(source.size).toBe(0);
    expect(keys(other)).toEqual([8, 6, 4, 2]);
    other.verify();
  });

  test('may erase nodes ahead, forwards and backwards', () => {
    const run = (order: 'forwards' | 'backwards', gone: number[]) => {
      const t = tree(1, 2, 3, 4, 5, 6, 7, 8);
      const seen: number[] = [];
      for (const item of order === 'forwards' ? t : t.reversed()) {
        seen.push(item.key);
        if (item.key === 4) for (const key of gone) t.erase(t.find(key, keyOf)!);
      }
      t.verify();
      return seen;
    };
    expect(run('forwards', [4, 5, 6])).toEqual([1, 2, 3, 4, 7, 8]);
    expect(run('forwards', [5, 6, 7, 8])).toEqual([1, 2, 3, 4]);
    expect(run('forwards', [1, 2, 3, 8])).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(run('backwards', [4, 3, 2])).toEqual([8, 7, 6, 5, 4, 1]);
    expect(run('backwards', [3, 2, 1])).toEqual([8, 7, 6, 5, 4]);
    expect(run('backwards', [3, 4, 5, 6, 7, 8])).toEqual([8, 7, 6, 5, 4, 2, 1]);
    expect(run('backwards', [3, 5, 6, 7, 8])).toEqual([8, 7, 6, 5, 4, 2, 1]);
  });

  test('meets a node inserted ahead, but not one directly behind the current', () => {
    const t = tree(10, 20, 30);
    const seen: number[] = [];
    for (const item of t) {
      seen.push(item.key);
      if (item.key === 10) for (const key of [15, 25]) t.insert(new Item(key));
    }
    expect(seen).toEqual([10, 20, 25, 30]);
  });
});

test('a tree without summaries has nodes replaced and refreshed, too', () => {
  const t = tree(1, 2, 3);
  const old = t.root!;
  t.replace(old, new Item(2, 0, 7));
  t.refresh(t.root!);
  t.verify();
  expect([...t].map((item) => item.id)).toEqual([0, 7, 0]);
  expect(old.isLinked).toBe(false);
});

describe('refusals', () => {
  test('a node that is in a tree is not inserted again, anywhere', () => {
    const t = tree(1, 2);
    const item = t.first()!;
    expect(() => t.insert(item)).toThrow('the node is in a tree already');
    expect(() => tree().insert(item)).toThrow(TypeError);
    expect(() => tree().insertUnique(t.root!)).toThrow('the node is in a tree already');
    expect(() => t.replace(t.last()!, item)).toThrow('the node is in a tree already');
    expect(() => t.replace(item, item)).toThrow(TypeError);
    expect(keys(t)).toEqual([1, 2]);
    t.verify();
  });

  test('a node that is in no tree is not erased or replaced', () => {
    const t = tree(1);
    const item = t.first()!;
    t.erase(item);
    expect(() => t.erase(item)).toThrow('the node is in no tree');
    expect(() => t.replace(item, new Item(1))).toThrow('the node is in no tree');
    expect(t.size).toBe(0);
  });

  test('the root of another tree is not erased', () => {
    const t = tree(1, 2, 3);
    expect(() => t.erase(tree(7).root!)).toThrow('the node is in another tree');
  });

  test('insertAt needs a vacant place under a node in a tree', () => {
    const t = tree(2, 1);
    expect(() => t.insertAt(new Item(0), undefined, true)).toThrow('the place is taken');
    expect(() => t.insertAt(new Item(0), t.root, true)).toThrow('the place is taken');
    expect(() => t.insertAt(new Item(0), new Item(1), true)).toThrow('the parent is in no tree');
    expect(() => t.insertAfter(new Item(0), new Item(1))).toThrow('the parent is in no tree');
    t.verify();
  });
});

describe('verify finds', () => {
  const broken = (damage: (t: RbTree<Item>) => void) => () => {
    const t = new RbTree<Item>(byKey, { update: summarize });
    for (let key = 0; key < 20; key++) t.insert(new Item(key));
    t.verify();
    damage(t);
    t.verify();
  };
  test.each<[string, RegExp, (t: RbTree<Item>) => void]>([
    ['a wrong order', /out of order/, (t) => (t.first()!.key = 7)],
    ['a torn parent link', /parent link/, (t) => (t.first()!.parent = t.root)],
    ['a red root', /root is red/, (t) => (t.root!.color = 1)],
    [
      'two red nodes in a row',
      /red child/,
      (t) => {
        t.last()!.color = 1;
        t.last()!.parent!.color = 1;
      },
    ],
    ['uneven black heights', /paths have 0 and 1 black nodes/, (t) => (t.first()!.color = 1)],
    ['a node without a colour', /no colour/, (t) => (t.first()!.color = 2)],
    ['a stale summary', /summary is stale/, (t) => (t.first()!.weight = 5)],
    ['a lost subtree', /counted|black nodes/, (t) => (t.root!.left = undefined)],
    [
      'a lost node',
      /19 nodes are there and 20 counted/,
      (t) => {
        const red = [...t].find((item) => item.color === 1 && !item.left && !item.right)!;
        if (red.parent!.left === red) red.parent!.left = undefined;
        else red.parent!.right = undefined;
        for (let at = red.parent; at !== undefined; at = at.parent) summarize(at);
      },
    ],
    ['a cycle', /more nodes|parent link/, (t) => (t.last()!.right = t.root)],
  ])('%s', (_, message, damage) => {
    expect(broken(damage)).toThrow(message);
  });
});
