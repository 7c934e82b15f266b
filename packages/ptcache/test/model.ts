import type { TableMemory } from '../src/index.js';

/**
 * The pool's specification as slowly and plainly as it can be written: lists are arrays, slots are arrays of
 * booleans, nothing is linked or counted.
 */
export interface ModelTable {
  memory: TableMemory;
  base: number;
  owner: { size: number } | ModelParent;
}

interface ModelParent {
  table: ModelTable;
  slot: number;
  free: boolean[];
}

export class ModelPool {
  buckets: { size: number; parked: ModelTable[] }[] = [];
  parents: ModelParent[] = [];
  allocate: (size: number, align: number, zero: boolean) => TableMemory | undefined;
  free: (memory: TableMemory) => void;

  constructor(allocate: ModelPool['allocate'], free: ModelPool['free']) {
    this.allocate = allocate;
    this.free = free;
  }

  get(size: number, align: number, zero: boolean): ModelTable | undefined {
    if (align < 0x1000) return this.getSlot(align);
    let bucket = this.buckets.find((b) => b.size === size);
    if (!bucket) this.buckets.unshift((bucket = { size, parked: [] }));
    const parked = bucket.parked.shift();
    if (parked) {
      if (zero) for (let i = 0; i < size / 4; i++) parked.memory.words[i] = 0;
      return parked;
    }
    const memory = this.allocate(size, align, zero);
    return memory && { memory, base: 0, owner: bucket };
  }

  getSlot(align: number): ModelTable | undefined {
    if (this.parents.length === 0) {
      const table = this.get(0x1000, 0x1000, false);
      if (!table) return undefined;
      let slot = 1;
      while (slot < align) slot *= 2;
      this.parents.unshift({ table, slot, free: new Array<boolean>(0x1000 / slot).fill(true) });
    }
    const parent = this.parents[0]!;
    const index = parent.free.indexOf(true);
    parent.free[index] = false;
    if (!parent.free.includes(true)) this.parents.shift();
    return { memory: parent.table.memory, base: index * parent.slot, owner: parent };
  }

  put(table: ModelTable, force: boolean): void {
    const { owner } = table;
    if ('size' in owner) {
      const bucket = this.buckets.find((b) => b === owner)!;
      if (bucket.parked.length < 8 && !force) bucket.parked.push(table);
      else this.free(table.memory);
      return;
    }
    if (!owner.free.includes(true)) this.parents.unshift(owner);
    owner.free[table.base / owner.slot] = true;
    if (!owner.free.includes(false)) {
      this.parents = this.parents.filter((p) => p !== owner);
      this.put(owner.table, force);
    }
  }

  dump(): void {
    for (const bucket of this.buckets) {
      for (const table of bucket.parked) this.free(table.memory);
      bucket.parked = [];
    }
  }
}
