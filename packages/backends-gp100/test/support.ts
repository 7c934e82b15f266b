import {
  type BoundSpace,
  type Chip,
  type Level,
  MapState,
  type MemoryObject,
  type MemoryTarget,
  type PageSize,
  type PooledTable,
  type SpaceArguments,
  type SpaceTemplate,
  type TableMemory,
} from '@nvmmu/vmm-core';
import { wordPair } from '../../../tools/testing/lanes.js';
import { leafOf as findLeaf, pageOf as findPage, setTemplate } from '../../../tools/testing/maps.js';

export const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

/** The 64-bit entries of `words` from `at` on, one each `stride` words. */
export function entries(words: ArrayLike<number>, at: number, count: number, stride = 2): bigint[] {
  return Array.from({ length: count }, (_, i) => wordPair(words, at + i * stride));
}

/** Words that nobody has written yet, so that a missing or stray write shows. */
export function dirtyWords(count: number): Uint32Array {
  return new Uint32Array(count).fill(0xcccccccc);
}

/** What backends look at of a page table. */
export function table(addr: number, target: MemoryTarget = 'vram'): PooledTable {
  return { addr, target } as Partial<PooledTable> as PooledTable;
}

export function instance(bytes: number): TableMemory {
  return { addr: 0x200000, size: bytes, target: 'vram', words: dirtyWords(bytes / 4) };
}

/** The template that a chip gives with default device facts. */
export function templateOf(chip: Chip, args: SpaceArguments = {}): SpaceTemplate {
  return chip.template({ fbPage: 17, stolen: 0 }, args);
}

export function pageOf(chip: Chip, shift: number): PageSize {
  return findPage(templateOf(chip), shift);
}

export function leafOf(chip: Chip, shift: number): Level {
  return findLeaf(templateOf(chip), shift);
}

/** What the tag allocator answers: a record, or that the object has another number of tags. */
export type TagAnswer = { first: number; count: number } | 'mismatch';

/** A map of `memory`, and what its tag allocator was asked for. */
export function mapOf(
  page: PageSize,
  memory?: MemoryObject,
  offset = 0,
  answer: TagAnswer = { first: 0, count: 0 },
): { map: MapState; asked: [count: number, clear: boolean][] } {
  const asked: [number, boolean][] = [];
  const allocator = {
    obtain(_memory: MemoryObject, count: number, clear: boolean) {
      asked.push([count, clear]);
      return answer === 'mismatch' ? answer : { ...answer, references: 1 };
    },
    drop() {},
  };
  const map = new MapState(allocator as never);
  map.memory = memory;
  map.offset = offset;
  map.page = page;
  return { map, asked };
}

/** A map with a template that `valid` did not make. */
export function templateMap(page: PageSize, type: bigint, next: bigint, ctag = 0n): MapState {
  return setTemplate(mapOf(page).map, { type, next, ctag });
}

/** An address space that writes down what a backend does to the device. */
export class SpySpace implements BoundSpace {
  readonly name = 'user';
  readonly start = 0;
  limit = 2 ** 49;
  directory: PooledTable | undefined = table(0x100000);
  readonly joined: TableMemory[] = [];
  readonly trace: string[] = [];
  readonly engines: Record<string, number> = {};
  readonly registers: Record<number, number> = {};
  canPause = true;

  engineUse(engine: string): number {
    return this.engines[engine] ?? 0;
  }
  wr32(reg: number, value: number): void {
    this.trace.push(`wr32 ${hex(reg)} ${hex(value)}`);
  }
  rd32(reg: number): number {
    this.trace.push(`rd32 ${hex(reg)}`);
    return this.registers[reg] ?? 0;
  }
  wait(reg: number, mask: number, value: number): boolean {
    this.trace.push(`wait ${hex(reg)} ${hex(mask)} ${hex(value)}`);
    return false;
  }
  waitAny(reg: number, mask: number): boolean {
    this.trace.push(`wait ${hex(reg)} any of ${hex(mask)}`);
    return false;
  }
  pauseGraphics(pause: boolean): boolean {
    this.trace.push(pause ? 'pause' : 'resume');
    return this.canPause;
  }
  directoryEntry(): boolean {
    throw new Error('no backend here asks for a directory entry');
  }
  /** The register writes alone. */
  get writes(): string[] {
    return this.trace.filter((line) => line.startsWith('wr32')).map((line) => line.slice(5));
  }
}
