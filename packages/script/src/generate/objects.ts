import { PAGE, type MapArguments, type PageSize } from '@nvmmu/vmm-core';
import type { MemOperation, MemoryLayout, Pieces } from '../operations.js';
import { unit, type Memory, type World } from './world.js';

// Memory objects and map arguments.

/** Addresses are kept below 2^38, which every chip reaches. */
const ADDRESS_BITS = 38;

function place(world: World, shift: number): bigint {
  const { dice } = world;
  // Near zero, in the usual gigabytes, or far up; far objects show carries between the halves of an entry.
  const pages = dice.of(1, 2 ** Math.max(32 - shift, 1), 2 ** (ADDRESS_BITS - shift) - 4096);
  return BigInt(1 + dice.below(Math.max(pages, 2))) << BigInt(shift);
}

function pieces(world: World, shift: number, pages: number): Pieces {
  const { dice } = world;
  const list: [bigint, bigint][] = [];
  let left = pages;
  while (left > 0) {
    const count = list.length === 5 || dice.chance(40) ? left : dice.between(1, left);
    list.push([place(world, shift), BigInt(count) << BigInt(shift)]);
    left -= count;
  }
  return list;
}

/** Defines an object with so many pages. */
export function makeMemory(
  world: World,
  target: Memory['target'],
  page: number,
  pages: number,
): { readonly operation: MemOperation; readonly memory: Memory } {
  const { dice, chip } = world;
  const id = `m${world.next.memory++}`;
  let layout: MemoryLayout;
  if (target === 'vram') {
    const type = chip.mapArguments.includes('comp') && dice.chance(10) ? 2 : 1;
    layout = { kind: 'extents', page, type, pieces: pieces(world, page, pages) };
  } else {
    const form = pages <= 24 ? dice.of('sgl', 'dma', 'dmaRange') : dice.of('sgl', 'dmaRange');
    if (form === 'sgl') layout = { kind: 'sgl', pieces: pieces(world, 12, pages) };
    else if (form === 'dmaRange') layout = { kind: 'dmaRange', addr: place(world, 12), pages };
    else layout = { kind: 'dma', addrs: Array.from({ length: pages }, () => place(world, 12)) };
  }
  return {
    operation: { op: 'mem', line: 0, id, target, layout },
    memory: { id, target, page, size: BigInt(pages) << BigInt(page) },
  };
}

/** A target that maps of a page size can take. */
export function pickTarget(world: World, { flags, shift }: PageSize): Memory['target'] {
  const { dice } = world;
  const vram = (flags & PAGE.vram) !== 0;
  const host = (flags & PAGE.host) !== 0 && shift === 12;
  if (vram && (!host || dice.chance(60))) return 'vram';
  return dice.chance(70) ? 'host' : 'ncoh';
}

/** An object that a map of so many bytes can take from: one that is there, or a new one with its operation. */
export function memoryFor(
  world: World,
  page: PageSize,
  bytes: bigint,
): { readonly memory: Memory; readonly offset: bigint; readonly operation?: MemOperation } {
  const { dice } = world;
  const { shift, flags } = page;
  const fits = (it: Memory): boolean =>
    it.size >= bytes && it.page >= shift && (flags & (it.target === 'vram' ? PAGE.vram : PAGE.host)) !== 0;
  const old = dice.chance(70) ? dice.pick(world.memories.filter(fits)) : undefined;
  if (old !== undefined) {
    const spare = Number((old.size - bytes) >> BigInt(shift));
    return { memory: old, offset: BigInt(dice.below(spare + 1)) * unit(shift) };
  }
  const target = pickTarget(world, page);
  const own = target === 'vram' ? Math.max(shift, dice.of(shift, shift, 16, 17)) : 12;
  const least = Number((bytes + unit(own) - 1n) >> BigInt(own));
  const { operation, memory } = makeMemory(world, target, own, least + (dice.chance(40) ? dice.below(8) : 0));
  return { memory, offset: 0n, operation };
}

/** Map arguments that the chip accepts, most of the time; `undefined` for none. */
export function makeArguments(world: World, memory: Memory): MapArguments | undefined {
  const { dice, chip, profile } = world;
  const compressed = dice.chance(profile.compressed);
  if (!compressed && dice.chance(55)) return undefined;
  const args: { -readonly [K in keyof MapArguments]: MapArguments[K] } = {};
  const { table, invalid } = chip.kinds;
  if (compressed || (memory.target === 'vram' && dice.chance(20))) {
    const modal = chip.mapArguments.includes('comp');
    const kinds = [...table.keys()].filter(
      (kind) => table[kind] !== invalid && (modal || !compressed || table[kind] !== kind),
    );
    args.kind = dice.pick(kinds) ?? 0;
    if (modal && compressed) args.comp = dice.between(1, 2);
  }
  if (dice.chance(25)) args.ro = dice.chance(70);
  if (dice.chance(20)) args.priv = dice.chance(70);
  if (chip.mapArguments.includes('vol') && dice.chance(20)) args.vol = dice.chance(70);
  return Object.keys(args).length === 0 ? undefined : args;
}
