// The libraries that are compared, each through its natural fastest calls. An adapter is made in a process of its own.
//
//   insert(keys)    inserts every key
//   find(keys)      looks every key up; returns the sum of the keys found
//   lower(keys)     finds the first key not below each; returns the sum
//   next()          walks over everything in order; returns the sum
//   erase(keys)     removes every key; returns how many are left

// One comparator for all instances, as programs have: code that was optimised for a comparator is thrown away when the
// garbage collector takes that comparator.
const byNumber = (a, b) => a - b;
const byItem = (a, b) => a.key - b.key;
const byKey = (key, item) => key - item.key;

let made;
/** V8 drops hidden classes, and code optimised for them, when the last object dies: so one lives on. */
let survivor;
let survivingMap;

/** The node class of our own tree: one class in a process, as in any program, not one for each tree. */
function itemClass(RbNode) {
  made ??= class Item extends RbNode {
    constructor(key) {
      super();
      this.key = key;
    }
  };
  survivor ??= new made(0);
  return made;
}

const adapters = {
  async '@nvmmu/rbtree, by handle'() {
    const { RbNode, RbTree } = await import('../dist/index.js');
    const Item = itemClass(RbNode);
    const tree = new RbTree(byItem);
    let items = [];
    return {
      insert(keys) {
        for (let i = 0; i < keys.length; i++) tree.insert(new Item(keys[i]));
      },
      find(keys) {
        let sum = 0;
        for (let i = 0; i < keys.length; i++) sum += tree.find(keys[i], byKey).key;
        return sum;
      },
      lower(keys) {
        let sum = 0;
        for (let i = 0; i < keys.length; i++) {
          const item = tree.lowerBound(keys[i], byKey);
          if (item !== undefined) sum += item.key;
        }
        return sum;
      },
      next() {
        let sum = 0;
        for (let item = tree.first(); item !== undefined; item = tree.next(item)) sum += item.key;
        return sum;
      },
      prepareErase(keys) {
        items = keys.map((key) => tree.find(key, byKey));
      },
      erase() {
        for (let i = 0; i < items.length; i++) tree.erase(items[i]);
        // What is kept would be copied by the garbage collector, at the cost of the next phase.
        items = [];
        return tree.size;
      },
    };
  },

  async '@nvmmu/rbtree, own descent'() {
    const { RbNode, RbTree } = await import('../dist/index.js');
    const Item = itemClass(RbNode);
    const tree = new RbTree(byItem);
    const lowerBound = (key) => {
      let at = tree.root;
      let bound;
      while (at !== undefined) {
        if (key <= at.key) {
          bound = at;
          at = at.left;
        } else at = at.right;
      }
      return bound;
    };
    return {
      insert(keys) {
        for (let i = 0; i < keys.length; i++) {
          const key = keys[i];
          let parent;
          let at = tree.root;
          let left = false;
          while (at !== undefined) {
            parent = at;
            left = key < at.key;
            at = left ? at.left : at.right;
          }
          tree.insertAt(new Item(key), parent, left);
        }
      },
      find(keys) {
        let sum = 0;
        for (let i = 0; i < keys.length; i++) {
          const key = keys[i];
          let at = tree.root;
          while (at.key !== key) at = key < at.key ? at.left : at.right;
          sum += at.key;
        }
        return sum;
      },
      lower(keys) {
        let sum = 0;
        for (let i = 0; i < keys.length; i++) {
          const item = lowerBound(keys[i]);
          if (item !== undefined) sum += item.key;
        }
        return sum;
      },
      next() {
        let sum = 0;
        for (let item = tree.first(); item !== undefined; item = tree.next(item)) sum += item.key;
        return sum;
      },
      erase(keys) {
        for (let i = 0; i < keys.length; i++) tree.erase(lowerBound(keys[i]));
        return tree.size;
      },
    };
  },

  async 'RbMap of @nvmmu/rbtree'() {
    const { RbMap } = await import('../dist/index.js');
    survivingMap ??= new RbMap([[0, 0]]);
    const map = new RbMap(undefined, byNumber);
    return {
      insert(keys) {
        for (let i = 0; i < keys.length; i++) map.set(keys[i], keys[i]);
      },
      find(keys) {
        let sum = 0;
        for (let i = 0; i < keys.length; i++) sum += map.get(keys[i]);
        return sum;
      },
      lower(keys) {
        let sum = 0;
        for (let i = 0; i < keys.length; i++) sum += map.lowerBound(keys[i])?.key ?? 0;
        return sum;
      },
      next() {
        let sum = 0;
        for (let entry = map.first(); entry !== undefined; entry = map.next(entry)) sum += entry.key;
        return sum;
      },
      erase(keys) {
        for (let i = 0; i < keys.length; i++) map.delete(keys[i]);
        return map.size;
      },
    };
  },

  async '@js-sdsl/ordered-map'() {
    const { OrderedMap } = await import('@js-sdsl/ordered-map');
    const map = new OrderedMap([], byNumber);
    return {
      insert(keys) {
        for (let i = 0; i < keys.length; i++) map.setElement(keys[i], keys[i]);
      },
      find(keys) {
        let sum = 0;
        for (let i = 0; i < keys.length; i++) sum += map.getElementByKey(keys[i]);
        return sum;
      },
      lower(keys) {
        let sum = 0;
        for (let i = 0; i < keys.length; i++) {
          const at = map.lowerBound(keys[i]);
          if (at.isAccessible()) sum += at.pointer[0];
        }
        return sum;
      },
      next() {
        let sum = 0;
        for (const at = map.begin(), end = map.end(); !at.equals(end); at.next()) sum += at.pointer[0];
        return sum;
      },
      erase(keys) {
        for (let i = 0; i < keys.length; i++) map.eraseElementByKey(keys[i]);
        return map.size();
      },
    };
  },

  async bintrees() {
    const { RBTree } = (await import('bintrees')).default;
    const tree = new RBTree(byNumber);
    return {
      insert(keys) {
        for (let i = 0; i < keys.length; i++) tree.insert(keys[i]);
      },
      find(keys) {
        let sum = 0;
        for (let i = 0; i < keys.length; i++) sum += tree.find(keys[i]);
        return sum;
      },
      lower(keys) {
        let sum = 0;
        for (let i = 0; i < keys.length; i++) sum += tree.lowerBound(keys[i]).data() ?? 0;
        return sum;
      },
      next() {
        let sum = 0;
        const at = tree.iterator();
        for (let key = at.next(); key !== null; key = at.next()) sum += key;
        return sum;
      },
      erase(keys) {
        for (let i = 0; i < keys.length; i++) tree.remove(keys[i]);
        return tree.size;
      },
    };
  },

  async 'sorted-btree'() {
    const BTree = (await import('sorted-btree')).default.default;
    const tree = new BTree(undefined, byNumber);
    return {
      insert(keys) {
        for (let i = 0; i < keys.length; i++) tree.set(keys[i], keys[i]);
      },
      find(keys) {
        let sum = 0;
        for (let i = 0; i < keys.length; i++) sum += tree.get(keys[i]);
        return sum;
      },
      lower(keys) {
        const pair = [0, 0];
        let sum = 0;
        for (let i = 0; i < keys.length; i++) {
          const found = tree.getPairOrNextHigher(keys[i], pair);
          if (found !== undefined) sum += found[0];
        }
        return sum;
      },
      next() {
        let sum = 0;
        for (const [key] of tree.entries(undefined, [0, 0])) sum += key;
        return sum;
      },
      erase(keys) {
        for (let i = 0; i < keys.length; i++) tree.delete(keys[i]);
        return tree.size;
      },
    };
  },

  async avl() {
    const { AVLTree: Tree } = await import('avl');
    const tree = new Tree(byNumber);
    return {
      insert(keys) {
        for (let i = 0; i < keys.length; i++) tree.insert(keys[i], keys[i]);
      },
      find(keys) {
        let sum = 0;
        for (let i = 0; i < keys.length; i++) sum += tree.find(keys[i]).key;
        return sum;
      },
      next() {
        let sum = 0;
        for (let node = tree.minNode(); node; node = tree.next(node)) sum += node.key;
        return sum;
      },
      erase(keys) {
        for (let i = 0; i < keys.length; i++) tree.remove(keys[i]);
        return tree.size;
      },
    };
  },

  async 'functional-red-black-tree'() {
    const create = (await import('functional-red-black-tree')).default;
    let tree = create(byNumber);
    return {
      insert(keys) {
        for (let i = 0; i < keys.length; i++) tree = tree.insert(keys[i], keys[i]);
      },
      find(keys) {
        let sum = 0;
        for (let i = 0; i < keys.length; i++) sum += tree.get(keys[i]);
        return sum;
      },
      lower(keys) {
        let sum = 0;
        for (let i = 0; i < keys.length; i++) sum += tree.ge(keys[i]).key ?? 0;
        return sum;
      },
      next() {
        let sum = 0;
        for (const at = tree.begin; at.valid; at.next()) sum += at.key;
        return sum;
      },
      erase(keys) {
        for (let i = 0; i < keys.length; i++) tree = tree.remove(keys[i]);
        return tree.length;
      },
    };
  },
};

export const names = Object.keys(adapters);

/** Makes a new, empty instance of a library by its name in the table. */
export const open = (name) => adapters[name]();
