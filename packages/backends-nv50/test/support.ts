import { PageTablePool, BumpProvider, type MemoryTarget, type PooledTable, type TableMemory } from '@nvmmu/ptcache';
import { MapState, TagAllocator, type BoundSpace, type Chip, type MemoryObject } from '@nvmmu/vmm-core';
import type { MapArguments, PageSize, Refusal, SpaceTemplate } from '@nvmmu/vmm-core';

/** A template of a chip on a device without stolen memory, unless told otherwise. */
export function templateOf(chip: Chip, stolen = 0): SpaceTemplate {
  return chip.template({ fbPage: 17, stolen }, {});
}

export function pageOf(template: SpaceTemplate, shift: number): PageSize {
  const page = template.pages.find((candidate) => candidate.shift === shift);
  if (page === undefined) throw new Error(`no page of shift ${shift}`);
  return page;
}

/** A device's tags, and which of them were cleared. */
export class Tags {
  readonly cleared: [number, number][] = [];
  readonly allocator: TagAllocator;

  constructor(total: number) {
    this.allocator = new TagAllocator(total, (first, count) => this.cleared.push([first, count]));
  }
}

export interface Checked {
  readonly map: MapState;
  readonly refusal: Refusal | undefined;
}

/** Runs a template's argument check for one page size. */
export function check(
  template: SpaceTemplate,
  shift: number,
  memory: MemoryObject,
  args?: MapArguments,
  options: { offset?: number; tags?: Tags; raw?: boolean } = {},
): Checked {
  const map = new MapState((options.tags ?? new Tags(0)).allocator);
  map.memory = memory;
  map.offset = options.offset ?? 0;
  map.page = pageOf(template, shift);
  map.withoutTags = options.raw ?? false;
  return { map, refusal: template.valid(boundSpace({}), map, args) };
}

export interface SpaceLog {
  readonly writes: string[];
}

/** An address space that is nothing but what the backend asks about. */
export function boundSpace(parts: Partial<BoundSpace>, log: SpaceLog = { writes: [] }): BoundSpace {
  return {
    name: 'test',
    start: 0,
    limit: 2 ** 40,
    directory: undefined,
    joined: [],
    engineUse: () => 0,
    wr32: (reg, value) => log.writes.push(`${reg.toString(16)} ${value.toString(16)}`),
    rd32: () => 0,
    waitAny: () => false,
    wait: (reg, mask, value) => {
      log.writes.push(`wait ${reg.toString(16)} ${mask.toString(16)} ${value.toString(16)}`);
      return false;
    },
    pauseGraphics: () => true,
    directoryEntry: () => false,
    ...parts,
  };
}

/** A table of `size` bytes at `addr`. */
export function tableAt(addr: number, size: number, target: MemoryTarget): PooledTable {
  const pool = new PageTablePool(new BumpProvider({ base: addr, target, limit: 2 ** 50 }));
  const table = pool.get(size, 0x1000, true);
  if (table === undefined || table.addr !== addr) throw new Error('no table there');
  return table;
}

export function block(size: number, addr = 0x10_0000): TableMemory {
  return { addr, size, target: 'vram', words: new Uint32Array(size / 4) };
}

/** The 64-bit entry `index` of a table. */
export function entry(words: Uint32Array, index: number): bigint {
  return (BigInt(words[2 * index + 1]!) << 32n) | BigInt(words[2 * index]!);
}

export function entries(words: Uint32Array, from: number, count: number): bigint[] {
  return Array.from({ length: count }, (_, n) => entry(words, from + n));
}

export function joinLanes(lo: number, hi: number): bigint {
  if (lo < 0 || hi < 0) throw new Error('lanes are unsigned');
  return (BigInt(hi) << 32n) | BigInt(lo);
}

export function typeOf(map: MapState): bigint {
  return joinLanes(map.typeLo, map.typeHi);
}

export function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
