import type { Chip } from '@nvmmu/vmm-core';
import type { DeviceOperation, MemOperation, Operation, ScriptHeader } from '../operations.js';
import { ScriptRunner } from '../runner.js';
import type { StepResult } from '../step.js';
import { CLIENT_STEPS, makeSpace, type Step } from './client-steps.js';
import { Dice } from './dice.js';
import { misplaced, spoil } from './hostile.js';
import { PROFILES, suits, type Profile, type SpaceChoice, type StepName } from './profiles.js';
import { RAW_STEPS } from './raw-steps.js';
import type { Memory, RawRange, Space, World } from './world.js';

/** What to generate. */
export interface GenerateOptions {
  readonly chip: Chip;
  /** The same seed gives the same script. Whole, from 0 to 2^32 - 1. */
  readonly seed: number;
  /** Operations after `device`. */
  readonly operations: number;
  /** Name of one of {@link PROFILES}; default `mixed`. */
  readonly profile?: string;
  /** Whether a quarter of the requests is wrong in some way; default false. */
  readonly hostile?: boolean;
}

const MAX_SPACES = 3;
/** Attempts for each operation wanted, before a script ends early. */
const PATIENCE = 60;
const HOSTILE_PERCENT = 25;

const STEPS: Readonly<Record<Exclude<StepName, 'space'>, Step>> = { ...CLIENT_STEPS, ...RAW_STEPS };

/**
 * The profile of that name for a chip.
 *
 * @throws RangeError when there is none, or the chip can't do what it is about.
 */
export function findProfile(name: string, chip: Chip): Profile {
  const profile = PROFILES.find((it) => it.name === name);
  if (profile === undefined) {
    throw new RangeError(`no profile "${name}"; there are ${PROFILES.map((it) => it.name).join(', ')}`);
  }
  if (!suits(profile, chip)) throw new RangeError(`${chip.name} has nothing for the profile "${name}"`);
  return profile;
}

/** Line 1 of a generated script: says what makes it again. */
export function generatedHeader(options: GenerateOptions): ScriptHeader {
  const { chip, seed, operations, profile = 'mixed', hostile = false } = options;
  return { title: `${chip.name} ${profile}${hostile ? ' hostile' : ''}, seed ${seed}, ${operations} operations` };
}

function makeDevice({ dice, chip, profile }: World): DeviceOperation {
  const old = chip.name === 'nv50' || chip.name === 'g84' || chip.name === 'mcp77';
  return {
    op: 'device',
    line: 0,
    chip: chip.name,
    ptTarget: dice.chance(12) ? dice.of('vram', 'host', 'ncoh') : undefined,
    ptBase: 0x100000n,
    fbPage: dice.chance(50) ? 17 : 16,
    tags: profile.compressed > 10 ? dice.between(1, 96) : dice.chance(30) ? 64 : 0,
    stolen: old && dice.chance(15) ? 0x80000000n : 0n,
  };
}

const LARGEST_BOOT = 128n << 20n;

function track(world: World, { operation, ret, addr }: StepResult): void {
  if (ret !== 0) return;
  const find = (id: string | undefined): Space | undefined =>
    id === undefined ? world.current : world.spaces.find((it) => it.id === id);
  const space = 'vmm' in operation ? find(operation.vmm) : undefined;
  switch (operation.op) {
    case 'vmm': {
      const vmm = world.runner.spaces.get(operation.id)?.vmm;
      if (vmm === undefined) return;
      world.current = {
        id: operation.id,
        vmm,
        small: vmm.limit - vmm.start <= LARGEST_BOOT && vmm.type === 'unmanaged',
        allocations: [],
        held: [],
        mapped: [],
        sparse: [],
        joined: [],
        engines: new Map(),
      };
      world.spaces.push(world.current);
      return;
    }
    case 'mem':
      world.memories.push(describeMemory(operation));
      return;
    case 'get':
      if (addr !== undefined) space?.allocations.push({ id: operation.id, addr, size: operation.size });
      return;
    case 'put': {
      if (space === undefined) return;
      const { at } = operation;
      drop(space.allocations, (it) => ('addr' in at ? it.addr === at.addr : it.id === at.vma));
      return;
    }
    case 'join':
      space?.joined.push(operation.inst);
      return;
    case 'part':
      if (space !== undefined) drop(space.joined, (it) => it === operation.inst);
      return;
    case 'engref':
      space?.engines.set(operation.engine, (space.engines.get(operation.engine) ?? 0) + operation.delta);
      return;
    case 'rawget':
      space?.held.push(rangeOf(operation));
      return;
    case 'rawput':
      if (space !== undefined) drop(space.held, (it) => same(it, operation));
      return;
    case 'rawmap':
      space?.mapped.push(rangeOf(operation));
      return;
    case 'rawunmap':
      if (space !== undefined) while (drop(space.mapped, (it) => same(it, operation)));
      return;
    case 'rawsparse': {
      const range = { addr: operation.addr, size: operation.size, page: 0 };
      if (operation.ref) space?.sparse.push(range);
      else if (space !== undefined) drop(space.sparse, (it) => same(it, range));
      return;
    }
    case 'close':
      if (space === undefined) return;
      drop(world.spaces, (it) => it === space);
      if (world.current === space) world.current = undefined;
      return;
    default:
      return;
  }
}

const rangeOf = ({ addr, size, page }: RawRange): RawRange => ({ addr, size, page });

const same = (a: RawRange, b: RawRange): boolean => a.addr === b.addr && a.size === b.size && a.page === b.page;

/** Removes the first item that fits; says whether there was one. */
function drop<T>(items: T[], fits: (item: T) => boolean): boolean {
  const index = items.findIndex(fits);
  if (index >= 0) items.splice(index, 1);
  return index >= 0;
}

function describeMemory({ id, target, layout }: MemOperation): Memory {
  switch (layout.kind) {
    case 'extents':
      return { id, target, page: layout.page, size: layout.pieces.reduce((sum, [, size]) => sum + size, 0n) };
    case 'sgl':
      return { id, target, page: 12, size: layout.pieces.reduce((sum, [, size]) => sum + size, 0n) };
    case 'dma':
      return { id, target, page: 12, size: BigInt(layout.addrs.length) << 12n };
    case 'dmaRange':
      return { id, target, page: 12, size: BigInt(layout.pages) << 12n };
  }
}

function choose(world: World, hostile: boolean): readonly Operation[] {
  const { dice, profile } = world;
  const space = dice.pick(world.spaces);
  const step = dice.weighted(profile.steps);
  if (space === undefined || (step === 'space' && world.spaces.length < MAX_SPACES)) {
    const operation = makeSpace(world, dice.weighted<SpaceChoice>(profile.spaces) ?? 'plain');
    return [space !== undefined && hostile && dice.chance(30) ? spoil(world, space, operation) : operation];
  }
  if (step === undefined || step === 'space') return [];
  const bad = hostile && dice.chance(HOSTILE_PERCENT);
  if (bad && dice.chance(30)) return [misplaced(world, space)];
  const operations = STEPS[step](world, space);
  if (!bad) return operations;
  return operations.map((operation) => (operation.op === 'mem' ? operation : spoil(world, space, operation)));
}

/**
 * Generates a random script: operations that follow one another sensibly, on the state that the ones before have
 * reached. All of them run without a ScriptError. Unless hostile, those that would be refused are left out, except
 * where page-table memory runs out and where the refusal leaves a trace in later results.
 *
 * @throws RangeError for a profile that there is not, or that the chip has nothing for.
 */
export function* generateOperations(options: GenerateOptions): Generator<Operation, void, undefined> {
  const { chip, seed, operations: wanted, hostile = false } = options;
  const profile = findProfile(options.profile ?? 'mixed', chip);
  const runner = new ScriptRunner({ chip, log: 'none', hash: false });
  const dice = new Dice(seed);
  const next = { space: 0, memory: 0, allocation: 0, instance: 0 };
  const world: World = { dice, chip, profile, runner, spaces: [], memories: [], current: undefined, next };
  const device = makeDevice(world);
  yield device;
  runner.step(device);
  let armed = false;
  let count = 0;
  for (let attempt = 0; attempt < wanted * PATIENCE + PATIENCE && count < wanted; attempt++) {
    for (const operation of choose(world, hostile)) {
      if (count === wanted) break;
      let step: StepResult;
      try {
        step = runner.step(operation);
      } catch (error) {
        // What breaks the simulator is what a fuzzer looks for: the script must have it.
        yield operation;
        throw error;
      }
      track(world, step);
      if (operation.op === 'failalloc') armed = true;
      // A refusal without events leaves everything as it was, and may be left out. With an allocation failure armed
      // it may also be what used that up.
      const silent = step.ret !== 0 && !hostile && !armed && step.events.count === 0;
      if (step.error?.code === 'ENOMEM') armed = false;
      if (silent) continue;
      yield operation;
      count++;
    }
  }
}
