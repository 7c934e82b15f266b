import { PAGE, type PageSize, type RegionInfo } from '@nvmmu/vmm-core';
import type { Operation } from '../operations.js';
import { makeArguments, makeMemory, memoryFor, pickTarget } from './objects.js';
import type { ClientStepName, SpaceChoice } from './profiles.js';
import { isMappable, on, refer, unit, usedRegions, type Space, type World } from './world.js';

// Steps that use the client interface. Each returns the operations of one step; none where it makes no sense yet.

/** A step: the operations that it consists of, in order. */
export type Step = (world: World, space: Space) => readonly Operation[];

const NONE: readonly Operation[] = [];
const MIB = 1n << 20n;

/** Most bytes that one allocation takes at page sizes that maps can use. */
const LARGEST = 24n * MIB;

/** Creates an address space. */
export function makeSpace(world: World, choice: SpaceChoice): Operation {
  const { dice, chip } = world;
  const id = `v${world.next.space++}`;
  const type = choice === 'managed' || choice === 'raw' ? choice : 'unmanaged';
  let addr = 0n;
  let size = 0n;
  if (type !== 'unmanaged') {
    addr = BigInt(dice.between(1, 8)) << 28n;
    size = BigInt(dice.between(1, 8)) << 26n;
  } else if (choice === 'small') {
    addr = dice.chance(40) ? BigInt(dice.below(64)) << 16n : 0n;
    size = BigInt(dice.between(1, 64)) << 20n;
  } else if (dice.chance(20)) {
    addr = BigInt(dice.below(64)) << 12n;
  }
  return {
    op: 'vmm',
    line: 0,
    id,
    name: dice.chance(30) ? `as${id.slice(1)}` : 'user',
    type,
    addr,
    size,
    bigPage: chip.arguments.includes('bigPage') && dice.chance(60) ? dice.of(16, 17) : undefined,
    replay: chip.arguments.includes('replay') && dice.chance(20) ? dice.chance(50) : undefined,
  };
}

/** A page size for an allocation. */
function pickPage(world: World, space: Space, sparse: boolean): PageSize | undefined {
  const { dice, profile } = world;
  const { pages } = space.vmm;
  if (sparse) {
    const able = pages.filter(({ flags }) => (flags & PAGE.sparse) !== 0);
    // 512 MiB is the largest that a space of 40 bits takes often.
    const huge = able.filter((page) => !isMappable(page) && page.shift <= 29);
    if (huge.length > 0 && dice.chance(profile.huge)) return dice.pick(huge);
    return dice.pick(able.filter((page) => isMappable(page) && page.shift <= profile.maxShift));
  }
  const usable = pages.filter((page) => isMappable(page) && page.shift <= profile.maxShift);
  return dice.pick(usable.length > 0 ? usable : pages.filter(isMappable));
}

const get: Step = (world, space) => {
  const { dice, profile } = world;
  if (space.allocations.length >= 48) return put(world, space);
  const canSparse = space.vmm.pages.some(({ flags }) => (flags & PAGE.sparse) !== 0);
  const sparse = canSparse && dice.chance(profile.sparse);
  const page = pickPage(world, space, sparse);
  if (page === undefined) return NONE;
  const type = dice.chance(75) ? 'addr' : dice.of('ptes', 'lazy');
  const open = type === 'addr' && page.shift <= 21 && dice.chance(30);
  const step = open ? 12 : page.shift;
  const most = step > 21 ? 2 : Number(LARGEST >> BigInt(step));
  // A sparse allocation of any page size is cut into blocks of several: that takes odd sizes to show.
  const bytes = BigInt(dice.size(open && sparse ? most : Math.min(most, 600))) * unit(step);
  const operation: Operation = {
    op: 'get',
    line: 0,
    vmm: on(world, space),
    id: `a${world.next.allocation++}`,
    type,
    page: open ? 0 : page.shift,
    align: dice.chance(30) ? dice.between(12, 22) : 0,
    size: bytes,
    sparse,
  };
  return [operation];
};

const put: Step = (world, space) => {
  const gone = world.dice.pick(space.allocations);
  if (gone === undefined) return NONE;
  return [{ op: 'put', line: 0, vmm: on(world, space), at: { vma: gone.id, delta: 0n } }];
};

const mem: Step = (world, space) => {
  const page = world.dice.pick(space.vmm.pages.filter(isMappable));
  if (page === undefined) return NONE;
  const target = pickTarget(world, page);
  const shift = target === 'vram' ? page.shift : 12;
  return [makeMemory(world, target, shift, world.dice.size(shift > 17 ? 4 : 64)).operation];
};

/** The range of a region that a map takes, and the page size that it should get. */
function pickRange(world: World, space: Space, region: RegionInfo): [PageSize, bigint, bigint] | undefined {
  const { dice, profile } = world;
  const { pages } = space.vmm;
  const fixed = region.page ?? region.refd;
  const page =
    fixed === undefined
      ? dice.pick(pages.filter((it) => isMappable(it) && it.shift <= profile.maxShift && unit(it.shift) <= region.size))
      : pages[fixed];
  if (page === undefined || !isMappable(page)) return undefined;
  const shift = BigInt(page.shift);
  const from = (region.addr + unit(page.shift) - 1n) >> shift;
  const to = (region.addr + region.size) >> shift;
  if (to <= from) return undefined;
  const whole = from << shift === region.addr && to << shift === region.addr + region.size;
  const large = region.size > LARGEST;
  if (whole && !large && !dice.chance(profile.parts)) return [page, region.addr, region.size];
  // Client-managed ranges are huge: stay where different maps meet in the same tables.
  const span = large ? Number((2n * LARGEST) >> shift) : Number(to - from);
  const start = dice.below(Math.min(span, Number(to - from)));
  const count = dice.size(Math.min(Number(to - from) - start, Number(LARGEST >> shift), 600));
  const far = large && dice.chance(5) ? to - from - BigInt(start + count) : 0n;
  return [page, (from + BigInt(start) + far) << shift, BigInt(count) << shift];
}

function mapInto(world: World, space: Space, region: RegionInfo, wanted?: [PageSize, bigint, bigint]): Operation[] {
  const range = wanted ?? pickRange(world, space, region);
  if (range === undefined) return [];
  const [page, addr, size] = range;
  const { memory, offset, operation } = memoryFor(world, page, size);
  const isWhole = addr === region.addr && size === region.size;
  const map: Operation = {
    op: 'map',
    line: 0,
    vmm: on(world, space),
    at: refer(space, addr),
    size: isWhole && world.dice.chance(80) ? undefined : size,
    mem: memory.id,
    offset,
    args: makeArguments(world, memory),
  };
  return operation === undefined ? [map] : [operation, map];
}

const map: Step = (world, space) => {
  const region = world.dice.pick(usedRegions(space).filter((it) => !it.mapped));
  return region === undefined ? get(world, space) : mapInto(world, space, region);
};

const remap: Step = (world, space) => {
  const region = world.dice.pick(usedRegions(space).filter((it) => it.memory !== undefined));
  const page = region?.refd === undefined ? undefined : space.vmm.pages[region.refd];
  if (region === undefined || page === undefined) return NONE;
  return mapInto(world, space, region, [page, region.addr, region.size]);
};

const unmap: Step = (world, space) => {
  const region = world.dice.pick(usedRegions(space).filter((it) => it.memory !== undefined));
  if (region === undefined) return NONE;
  return [{ op: 'unmap', line: 0, vmm: on(world, space), at: refer(space, region.addr) }];
};

const frames: Step = (world, space) => {
  const { dice } = world;
  const page = dice.pick(space.vmm.pages.filter(({ levels }) => levels[0]?.frames !== undefined));
  const region = dice.pick(usedRegions(space).filter((it) => it.mapref && it.memory === undefined));
  if (page === undefined || region === undefined) return NONE;
  const shift = BigInt(page.shift);
  const start = ((region.addr + unit(page.shift) - 1n) >> shift) + BigInt(dice.below(page.shift === 12 ? 64 : 4));
  const left = ((region.addr + region.size) >> shift) - start;
  if (left <= 0n) return NONE;
  const count = dice.size(Math.min(left > 600n ? 600 : Number(left), page.shift === 12 ? 600 : 4));
  // Bit 0 valid, bit 1 writable, bit 4 video memory.
  const flags = (): bigint => dice.of(1n, 3n, 3n, 0x11n, 0x13n);
  const frame = (): bigint => BigInt(dice.below(2 ** 31 / 2 ** (page.shift - 12))) << shift;
  const even = count > 8 || dice.chance(50);
  return [
    {
      op: 'pfnmap',
      line: 0,
      vmm: on(world, space),
      at: refer(space, start << shift),
      page: page.shift,
      frames: even
        ? { first: frame() | flags(), step: unit(page.shift), count }
        : { list: Array.from({ length: count }, () => (dice.chance(20) ? 0n : frame() | flags())) },
      size: undefined,
    },
  ];
};

const framesOff: Step = (world, space) => {
  const { dice } = world;
  const region = dice.pick(usedRegions(space).filter((it) => it.mapped && it.memory === undefined));
  const page = region?.refd === undefined ? undefined : space.vmm.pages[region.refd];
  if (region === undefined || page === undefined) return NONE;
  const pages = Number(region.size >> BigInt(page.shift));
  const start = dice.chance(50) ? 0 : dice.below(pages);
  const count = dice.chance(50) ? pages - start : dice.between(1, pages - start);
  const addr = region.addr + BigInt(start) * unit(page.shift);
  return [
    { op: 'pfnclr', line: 0, vmm: on(world, space), at: refer(space, addr), size: BigInt(count) * unit(page.shift) },
  ];
};

const join: Step = (world, space) => {
  const inst = `i${world.next.instance++}`;
  return [{ op: 'join', line: 0, vmm: on(world, space), inst, size: undefined }];
};

const part: Step = (world, space) => {
  const inst = world.dice.pick(space.joined);
  return inst === undefined ? NONE : [{ op: 'part', line: 0, vmm: on(world, space), inst }];
};

const boot: Step = (world, space) => (space.small ? [{ op: 'boot', line: 0, vmm: on(world, space) }] : NONE);

const engine: Step = (world, space) => {
  const name = world.dice.of('bar', 'gr', 'ce0', 'mpeg', 'vp');
  const used = space.engines.get(name) ?? 0;
  return [
    { op: 'engref', line: 0, vmm: on(world, space), engine: name, delta: used > 0 && world.dice.chance(60) ? -1 : 1 },
  ];
};

/** The steps that go through the client interface, or concern the device as a whole. */
export const CLIENT_STEPS: Readonly<Record<ClientStepName, Step>> = {
  mem,
  get,
  put,
  map,
  remap,
  unmap,
  frames,
  framesOff,
  join,
  part,
  boot,
  engine,
  cacheDump: () => [{ op: 'ptcdump', line: 0 }],
  failAlloc: (world) => [{ op: 'failalloc', line: 0, after: world.dice.below(4) }],
  dump: (world, space) => [{ op: 'dump', line: 0, vmm: on(world, space) }],
  close: (world, space) =>
    world.spaces.length < 2 && !world.dice.chance(20) ? [] : [{ op: 'close', line: 0, vmm: on(world, space) }],
};
