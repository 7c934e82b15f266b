import { PAGE } from '@nvmmu/vmm-core';
import type { Operation } from '../operations.js';
import type { Step } from './client-steps.js';
import { makeArguments, memoryFor } from './objects.js';
import type { RawStepName } from './profiles.js';
import { isMappable, on, unit, type RawRange, type Space, type World } from './world.js';

// Steps of raw spaces. They stay in a few megabytes, so that references of several page sizes meet in the same tables.

/** Bytes of a raw space that generated scripts use. */
const WINDOW = 10n << 20n;

function pickRange(world: World, space: Space): RawRange | undefined {
  const { dice, profile } = world;
  const pages = space.vmm.pages.filter((page) => isMappable(page) && page.shift <= profile.maxShift);
  const page = dice.pick(pages)?.shift;
  if (page === undefined) return undefined;
  const slots = Number(WINDOW >> BigInt(page));
  const count = dice.size(Math.min(slots, 300));
  // Half of the ranges start where a large page does, for the most collisions.
  const grain = dice.chance(50) ? Math.max(2 ** (17 - page), 1) : 1;
  const start = Math.floor(dice.below(slots - count + 1) / grain) * grain;
  return { addr: BigInt(start) * unit(page), size: BigInt(count) * unit(page), page };
}

/** A range or a part of it. */
function cut(world: World, range: RawRange): RawRange {
  const { dice } = world;
  if (dice.chance(55)) return range;
  const count = Number(range.size >> BigInt(range.page));
  const start = dice.below(count);
  return {
    addr: range.addr + BigInt(start) * unit(range.page),
    size: BigInt(dice.between(1, count - start)) * unit(range.page),
    page: range.page,
  };
}

const isRaw = (space: Space): boolean => space.vmm.type === 'raw';

const rawGet: Step = (world, space) => {
  if (!isRaw(space)) return [];
  // The same place at another page size is what delayed releases of the driver lead to.
  const old = world.dice.chance(30) ? world.dice.pick(space.held) : undefined;
  const other = world.dice.pick(space.vmm.pages.filter((page) => isMappable(page) && page.shift <= 21))?.shift;
  let range = pickRange(world, space);
  if (old !== undefined && other !== undefined) {
    const mask = unit(other) - 1n;
    const addr = old.addr & ~mask;
    range = { addr, size: (old.addr + old.size - addr + mask) & ~mask, page: other };
  }
  if (range === undefined) return [];
  return [{ op: 'rawget', line: 0, vmm: on(world, space), ...range }];
};

const rawPut: Step = (world, space) => {
  const range = world.dice.pick(space.held);
  if (!isRaw(space) || range === undefined) return [];
  return [{ op: 'rawput', line: 0, vmm: on(world, space), ...range }];
};

const rawMap: Step = (world, space) => {
  const held = world.dice.pick(space.held);
  if (!isRaw(space) || held === undefined) return [];
  const range = cut(world, held);
  const page = space.vmm.pages.find(({ shift }) => shift === range.page);
  if (page === undefined) return [];
  const { memory, offset, operation } = memoryFor(world, page, range.size);
  const args = makeArguments(world, memory);
  const map: Operation = { op: 'rawmap', line: 0, vmm: on(world, space), ...range, mem: memory.id, offset, args };
  return operation === undefined ? [map] : [operation, map];
};

const overlaps = (a: RawRange, b: RawRange): boolean => a.addr < b.addr + b.size && b.addr < a.addr + a.size;

const rawUnmap: Step = (world, space) => {
  const mapped = world.dice.pick(space.mapped);
  if (!isRaw(space) || mapped === undefined) return [];
  const range = world.dice.chance(75) ? mapped : cut(world, mapped);
  const sparse = space.sparse.some((it) => overlaps(it, range));
  return [{ op: 'rawunmap', line: 0, vmm: on(world, space), ...range, sparse }];
};

const rawSparse: Step = (world, space) => {
  const able = space.vmm.pages.some(({ flags }) => (flags & PAGE.sparse) !== 0);
  const range = world.dice.chance(40) ? world.dice.pick(space.held) : pickRange(world, space);
  if (!isRaw(space) || !able || range === undefined) return [];
  return [{ op: 'rawsparse', line: 0, vmm: on(world, space), addr: range.addr, size: range.size, ref: true }];
};

const rawUnsparse: Step = (world, space) => {
  const range = world.dice.pick(space.sparse);
  if (!isRaw(space) || range === undefined) return [];
  return [{ op: 'rawsparse', line: 0, vmm: on(world, space), addr: range.addr, size: range.size, ref: false }];
};

/** The steps that go through the raw interface; nothing in spaces of other types. */
export const RAW_STEPS: Readonly<Record<RawStepName, Step>> = {
  rawGet,
  rawPut,
  rawMap,
  rawUnmap,
  rawSparse,
  rawUnsparse,
};
