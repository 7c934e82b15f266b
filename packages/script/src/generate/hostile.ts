import type { Operation } from '../operations.js';
import type { AddressRef } from '../operations.js';
import { on, usedRegions, type Space, type World } from './world.js';

// Requests that a driver must refuse, or survive: what a careless or malicious client would send.

const U64 = (1n << 64n) - 1n;

function nasty(world: World, near: bigint): bigint {
  const { dice } = world;
  switch (dice.below(8)) {
    case 0:
      return 0n;
    case 1:
      return U64;
    case 2:
      return U64 - 0xfffn;
    case 3:
      return near + 1n > U64 ? near : near + 1n;
    case 4:
      return near ^ 0x800n;
    case 5:
      return near ^ 0x1000n;
    case 6:
      return (near << 1n) & U64;
    default:
      return 1n << BigInt(dice.between(11, 63));
  }
}

function nastyShift(world: World, near: number): number {
  return world.dice.of(0, 1, 13, 18, 29, 63, 64, 128, 255, near === 12 ? 16 : 12);
}

function resolve(space: Space, at: AddressRef): bigint {
  if ('addr' in at) return at.addr;
  const home = space.allocations.find(({ id }) => id === at.vma);
  return (home?.addr ?? 0n) + at.delta;
}

/** Spoils one of the values of an operation; one without values to spoil stays as it is. */
export function spoil(world: World, space: Space, operation: Operation): Operation {
  const { dice } = world;
  switch (operation.op) {
    case 'get':
      return dice.of<Operation>(
        { ...operation, size: nasty(world, operation.size) },
        { ...operation, page: nastyShift(world, operation.page) },
        { ...operation, align: dice.of(64, 80, 127, 255, 47) },
      );
    case 'put':
    case 'unmap':
      return { ...operation, at: { addr: nasty(world, resolve(space, operation.at)) } };
    case 'map': {
      const size = operation.size ?? 0x1000n;
      return dice.of<Operation>(
        { ...operation, at: { addr: nasty(world, resolve(space, operation.at)) } },
        { ...operation, size: nasty(world, size) },
        { ...operation, offset: nasty(world, operation.offset) },
        { ...operation, args: { kind: dice.below(256), comp: dice.below(4) } },
      );
    }
    case 'pfnmap':
      return dice.of<Operation>(
        { ...operation, at: { addr: nasty(world, resolve(space, operation.at)) } },
        { ...operation, size: nasty(world, 0x1000n) },
        { ...operation, page: nastyShift(world, operation.page) },
      );
    case 'pfnclr':
      return dice.of<Operation>(
        { ...operation, at: { addr: nasty(world, resolve(space, operation.at)) } },
        { ...operation, size: nasty(world, operation.size) },
      );
    case 'rawget':
    case 'rawput':
    case 'rawmap':
    case 'rawunmap':
      return dice.of<Operation>(
        { ...operation, addr: nasty(world, operation.addr) },
        { ...operation, size: nasty(world, operation.size) },
        { ...operation, page: nastyShift(world, operation.page) },
      );
    case 'rawsparse':
      return dice.of<Operation>(
        { ...operation, addr: nasty(world, operation.addr) },
        { ...operation, size: nasty(world, operation.size) },
        { ...operation, ref: !operation.ref },
      );
    case 'vmm':
      return dice.of<Operation>(
        { ...operation, addr: nasty(world, operation.addr), size: nasty(world, operation.size) },
        { ...operation, bigPage: dice.of(0, 12, 15, 16, 17, 18, 255) },
        { ...operation, replay: true },
      );
    case 'join':
      return { ...operation, size: 0x100 };
    default:
      return operation;
  }
}

/** A request that goes to a wrong place, or does something once too often. */
export function misplaced(world: World, space: Space): Operation {
  const { dice } = world;
  const vmm = on(world, space);
  const region = dice.pick(usedRegions(space));
  const addr = region === undefined ? 0x7fff0000n : region.addr;
  const range = { addr, size: 0x1000n << BigInt(dice.below(10)), page: dice.of(12, 16, 17, 21) };
  const common = { line: 0, vmm } as const;
  const at = { addr };
  const memory = dice.pick(world.memories);
  return dice.of<Operation>(
    { op: 'unmap', ...common, at },
    { op: 'put', ...common, at: { addr: addr + 0x1000n } },
    { op: 'pfnclr', ...common, at, size: dice.of(0x800n, 0x1000n, 0n) },
    { op: 'rawget', ...common, ...range },
    { op: 'rawput', ...common, ...range },
    { op: 'rawunmap', ...common, ...range, sparse: dice.chance(50) },
    { op: 'rawsparse', ...common, addr, size: range.size, ref: dice.chance(50) },
    { op: 'pfnmap', ...common, at, page: range.page, frames: { first: 3n, step: 0x1000n, count: 4 }, size: undefined },
    ...(memory === undefined
      ? []
      : ([
          { op: 'map', ...common, at, size: range.size, mem: memory.id, offset: 0n, args: undefined },
          { op: 'map', ...common, at, size: 0n, mem: memory.id, offset: 0n, args: undefined },
          { op: 'rawmap', ...common, ...range, mem: memory.id, offset: 0n, args: undefined },
        ] as const)),
  );
}
