import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RbTree } from '../src/index.js';
import { byKey, Item, keyOf, summarize } from './items.js';

const command = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('insert' as const), key: fc.nat(60), weight: fc.nat(1000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unique' as const), key: fc.nat(60), weight: fc.nat(1000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('beside' as const), at: fc.nat(), after: fc.boolean() }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('erase' as const), at: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('replace' as const), at: fc.nat(), weight: fc.nat(1000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reweigh' as const), at: fc.nat(), weight: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const), every: fc.integer({ min: 1, max: 4 }) }) },
);

/** Everything a tree can be asked, against a sorted array. */
function compareAll(tree: RbTree<Item>, model: Item[], probe: number): void {
  tree.verify();
  expect(tree.size).toBe(model.length);
  expect([...tree]).toEqual(model);
  expect([...tree.reversed()]).toEqual(model.toReversed());
  expect(tree.first()).toBe(model[0]);
  expect(tree.last()).toBe(model.at(-1));
  model.forEach((item, i) => {
    expect(tree.next(item)).toBe(model[i + 1]);
    expect(tree.prev(item)).toBe(model[i - 1]);
    expect(item.isLinked).toBe(true);
  });
  expect(tree.lowerBound(probe, keyOf)).toBe(model.find((item) => item.key >= probe));
  expect(tree.upperBound(probe, keyOf)).toBe(model.find((item) => item.key > probe));
  expect(tree.floor(probe, keyOf)).toBe(model.findLast((item) => item.key <= probe));
  expect(tree.find(probe, keyOf)?.key).toBe(model.find((item) => item.key === probe)?.key);
  expect(tree.root?.count ?? 0).toBe(model.length);
  expect(tree.root?.heaviest ?? -Infinity).toBe(Math.max(...model.map((item) => item.weight)));
  const seen = new Set<Item>();
  for (const item of tree.postOrder()) {
    expect(item.left === undefined || seen.has(item.left)).toBe(true);
    expect(item.right === undefined || seen.has(item.right)).toBe(true);
    seen.add(item);
  }
  expect(seen.size).toBe(model.length);
}

test('a tree is a sorted array, whatever is done to it', () => {
  fc.assert(
    fc.property(
      fc.array(command, { maxLength: 150, size: 'max' }),
      fc.integer({ min: -1, max: 61 }),
      (commands, probe) => {
        const tree = new RbTree<Item>(byKey, { update: summarize });
        let model: Item[] = [];
        let id = 0;
        for (const c of commands) {
          if (c.do === 'insert' || c.do === 'unique') {
            const item = new Item(c.key, c.weight, id++);
            const twin = model.find((other) => other.key === c.key);
            if (c.do === 'insert') tree.insert(item);
            else {
              const found = tree.insertUnique(item);
              expect(found?.key).toBe(twin?.key);
              expect(item.isLinked).toBe(twin === undefined);
            }
            if (c.do === 'insert' || twin === undefined) {
              const at = model.findIndex((other) => other.key > c.key);
              model.splice(at < 0 ? model.length : at, 0, item);
            }
          } else if (c.do === 'sweep') {
            let i = 0;
            for (const item of tree) if (i++ % c.every === 0) tree.erase(item);
            expect(i).toBe(model.length);
            model = model.filter((_, at) => at % c.every !== 0);
          } else if (model.length > 0) {
            const at = c.at % model.length;
            const old = model[at]!;
            if (c.do === 'erase') {
              tree.erase(old);
              model.splice(at, 1);
              expect(old).toMatchObject({ left: undefined, right: undefined, parent: undefined, isLinked: false });
            } else if (c.do === 'replace') {
              const item = new Item(old.key, c.weight, id++);
              tree.replace(old, item);
              model[at] = item;
            } else if (c.do === 'reweigh') {
              old.weight = c.weight;
              tree.refresh(old);
            } else {
              const item = new Item(old.key, 5, id++);
              if (c.after) tree.insertAfter(item, old);
              else tree.insertBefore(item, old);
              model.splice(at + Number(c.after), 0, item);
            }
          }
          tree.verify();
        }
        compareAll(tree, model, probe);
        const all = [...tree];
        tree.clear();
        compareAll(tree, [], probe);
        for (const item of all) tree.insert(item);
        compareAll(tree, all, probe);
      },
    ),
    { numRuns: 200 },
  );
});

test('the tree stays as flat as promised: at most 2 log2(n + 1) levels', () => {
  const tree = new RbTree<Item>(byKey);
  const depth = (node: Item | undefined): number =>
    node === undefined ? 0 : 1 + Math.max(depth(node.left), depth(node.right));
  for (let key = 0; key < 5000; key++) tree.insert(new Item(key));
  expect(depth(tree.root)).toBeLessThanOrEqual(2 * Math.log2(5001));
  for (let key = 0; key < 5000; key += 1) if (key % 16 !== 0) tree.erase(tree.find(key, keyOf)!);
  tree.verify();
  expect(depth(tree.root)).toBeLessThanOrEqual(2 * Math.log2(tree.size + 1));
});

test('a summary is renewed only as far up as it changes', () => {
  let calls = 0;
  const tree = new RbTree<Item>(byKey, {
    update: (item) => {
      calls++;
      return summarize(item);
    },
  });
  const items = Array.from({ length: 1023 }, (_, key) => new Item(key, 1));
  for (const item of items) tree.insert(item);
  calls = 0;
  items[0]!.weight = 0;
  tree.refresh(items[0]!);
  expect(calls).toBeLessThanOrEqual(2);
  items[0]!.weight = 2;
  calls = 0;
  tree.refresh(items[0]!);
  expect(calls).toBeGreaterThan(5);
  expect(tree.root?.heaviest).toBe(2);
});

// The number of nodes below changes with every erasure. A maximum often does not, and its renewal ends early then: where
// the successor takes the place of an erased node, that must not keep the new place from being renewed.
test('a summary that seldom changes is right after every erasure', () => {
  const heaviest = (item: Item): boolean => {
    const value = Math.max(item.weight, item.left?.heaviest ?? -Infinity, item.right?.heaviest ?? -Infinity);
    if (value === item.heaviest) return false;
    item.heaviest = value;
    return true;
  };
  const items = fc.array(fc.nat(3), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(items, fc.array(fc.nat(), { maxLength: 40 }), (weights, erased) => {
      const tree = new RbTree<Item>(byKey, { update: heaviest });
      const left = weights.map((weight, key) => new Item(key, weight));
      for (const item of left) tree.insert(item);
      for (const choice of erased.slice(0, weights.length)) {
        tree.erase(left.splice(choice % left.length, 1)[0]!);
        tree.verify();
      }
    }),
  );
});
