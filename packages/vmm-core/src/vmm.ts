import type { TableMemory } from '@nvmmu/ptcache';
import { PAGE, type FaultCancel, type MapArguments, type PageSize } from './backend.js';
import {
  checkArguments,
  checkU64,
  clientClearFrames,
  clientGet,
  clientMap,
  clientMapFrames,
  clientPut,
  clientUnmap,
  type AllocationType,
} from './client.js';
import { VmmError } from './errors.js';
import { boot, close } from './lifecycle.js';
import type { MmuFormat, Root } from './hardware-walk/index.js';
import type { MemoryObject } from './memory-object.js';
import { hex, toBigInt } from './numbers.js';
import { raise, type Failure } from './outcome.js';
import { RawCalls } from './raw-calls.js';
import { PAGE_NONE, Region } from './region.js';
import type { SpaceState, SpaceType } from './space-state.js';
import { verifySpace } from './verify.js';

/** Options of {@link Vmm.get}. */
export interface GetOptions {
  /** How much is prepared; default `addr`. */
  readonly type?: AllocationType;
  /** log2 of the page size; default 0, any that suits each map. */
  readonly page?: number;
  /** log2 of the alignment; default 0. Page size and 4 KiB are minima. */
  readonly align?: number;
  /** Whether accesses to what is not mapped give zero instead of faulting; default false. */
  readonly sparse?: boolean;
}

/** Options of {@link Vmm.map}. */
export interface MapOptions {
  /** Bytes to map; default: the size of the region, or part, at the address. */
  readonly size?: bigint;
  /** Byte of the object that the map starts with; default 0. */
  readonly offset?: bigint;
  /** Arguments for the chip; without any the driver's defaults apply. */
  readonly args?: MapArguments;
}

/** A page size and what it can do. */
export interface PageInfo {
  /** log2 of the size in bytes. */
  readonly shift: number;
  readonly sparse: boolean;
  readonly vram: boolean;
  readonly host: boolean;
  readonly comp: boolean;
}

/** One region of an address space, at the moment of asking. */
export interface RegionInfo {
  readonly addr: bigint;
  readonly size: bigint;
  /** Whether it is allocated. */
  readonly used: boolean;
  /** Whether maps take their own page-table references. A free region shows its last owner's flag (KD-37). */
  readonly mapref: boolean;
  /** Whether it is sparse. A free region shows its last owner's flag (KD-37). */
  readonly sparse: boolean;
  /** Whether a map split it off the region before. */
  readonly part: boolean;
  /** Whether a map is under way. */
  readonly busy: boolean;
  readonly mapped: boolean;
  /** Index of the page size asked for, if one was. */
  readonly page: number | undefined;
  /** Index of the page size that references are held at, if they are. */
  readonly refd: number | undefined;
  /** The object that is mapped; absent for page frames. */
  readonly memory: MemoryObject | undefined;
  /** Byte of the object that the region starts with; 0 where none is mapped. */
  readonly offset: bigint;
}

/**
 * A GPU address space (`nvkm_vmm`): regions, page tables and what is mapped where. Made by `Mmu.createSpace`.
 *
 * Addresses and sizes are in bytes. A call that can't do what was asked throws `VmmError` and leaves everything as it
 * was; after `close` every call throws one with code `EINVAL`. Calls from inside a listener, or from anything else that
 * the device calls, throw `EBUSY`.
 */
export class Vmm {
  /** Raw calls, for a space of type `raw`; in others they are refused with `EINVAL`. */
  readonly raw: RawCalls;
  readonly #space: SpaceState;

  /** Made by `Mmu.createSpace`.
   *
   * @internal
   */
  constructor(space: SpaceState) {
    this.#space = space;
    this.raw = new RawCalls((call) => {
      this.#run(call);
    });
  }

  /** Name in log lines. */
  get name(): string {
    return this.#space.name;
  }

  /** How the space is laid out. */
  get type(): SpaceType {
    return this.#space.type;
  }

  /** First address. */
  get start(): bigint {
    return BigInt(this.#space.start);
  }

  /** First address behind the end. */
  get limit(): bigint {
    return BigInt(this.#space.limit);
  }

  /** Page sizes with their levels, largest first. */
  get pages(): readonly PageSize[] {
    return this.#space.pages;
  }

  /** What the hardware makes of the tables: what `walk` and the lists read them with. */
  get format(): MmuFormat {
    return this.#space.template.format;
  }

  /**
   * Where a walk begins: the top-level directory. `undefined` where that stands in instance blocks (nv50 family; then
   * `readInstance` tells) and after `close`.
   */
  get root(): Root | undefined {
    const { directory } = this.#space;
    return directory && { kind: 'root', target: directory.target, addr: BigInt(directory.addr) };
  }

  /** Whether `close` was called. */
  get isClosed(): boolean {
    return this.#space.isClosed;
  }

  /**
   * The state, for the packages of this repository that look inside.
   *
   * @internal
   */
  get state(): SpaceState {
    return this.#space;
  }

  /**
   * What a page size can do.
   *
   * @param index - Index in {@link pages}.
   * @throws VmmError `EINVAL` for an index that there is not.
   */
  page(index: number): PageInfo {
    const page = this.#space.pages[index];
    if (page === undefined) throw new VmmError('EINVAL', `no page size with index ${index}`);
    const { shift, flags } = page;
    return {
      shift,
      sparse: (flags & PAGE.sparse) !== 0,
      vram: (flags & PAGE.vram) !== 0,
      host: (flags & PAGE.host) !== 0,
      comp: (flags & PAGE.comp) !== 0,
    };
  }

  /**
   * Allocates address space: in the smallest free region that holds it, of equal ones the lowest.
   *
   * @returns The address.
   * @throws VmmError `EINVAL` for a request that makes no sense or that the chip can't meet, `ENOSPC` when no free region
   * is large enough, `ENOMEM` when there is no memory for page tables.
   */
  get(size: bigint, options: GetOptions = {}): bigint {
    const { type = 'addr', page = 0, align = 0, sparse = false } = options;
    const space = this.#enter();
    let result: Region | Failure;
    try {
      const bad = checkShift(page, 'page') ?? checkShift(align, 'align');
      result = bad ?? clientGet(space, size, type, page, align, sparse);
    } finally {
      end(space);
    }
    if (!(result instanceof Region)) raise(result);
    return toBigInt(result.addr);
  }

  /**
   * Frees an allocation by its first address, with everything mapped in it.
   *
   * @throws VmmError `ENOENT` when no allocation starts there.
   */
  put(addr: bigint): void {
    const space = this.#enter();
    let failed: Failure | undefined;
    try {
      failed = clientPut(space, addr);
    } finally {
      end(space);
    }
    if (failed !== undefined) raise(failed);
  }

  /**
   * Maps a memory object into an allocation or a part of it. A part becomes a region of its own while it is mapped.
   *
   * @throws VmmError `ENOENT` when nothing is allocated there; `EINVAL` for a map that does not fit region, object, page
   * size or chip; `ENOMEM` when there is no memory for page tables. What was mapped before stays then.
   */
  map(addr: bigint, memory: MemoryObject, options: MapOptions = {}): void {
    const { size, offset } = options;
    const space = this.#enter();
    let failed: Failure | undefined;
    try {
      const checked = options.args === undefined ? NO_ARGUMENTS : checkArguments(options.args);
      failed = 'code' in checked ? checked : clientMap(space, addr, memory, size, offset, checked.args);
    } finally {
      end(space);
    }
    if (failed !== undefined) raise(failed);
  }

  /**
   * Unmaps the memory object in the region, or part, that starts at an address.
   *
   * @throws VmmError `ENOENT` when no region starts there, `EINVAL` when no object is mapped in it.
   */
  unmap(addr: bigint): void {
    const space = this.#enter();
    let failed: Failure | undefined;
    try {
      failed = clientUnmap(space, addr);
    } finally {
      end(space);
    }
    if (failed !== undefined) raise(failed);
  }

  /**
   * Maps page frames without a memory object, and unmaps pages whose frame word has no valid bit. Words that could not be
   * honoured are zeroed in the array; that is no error.
   *
   * @param page - log2 of the page size.
   * @param frames - One word for each page.
   * @throws VmmError `EINVAL` for a page size that takes no frames, or a range that does not match the array or the
   * address space; `ENOENT` when nothing is allocated at the address.
   */
  pfnMap(addr: bigint, page: number, frames: BigUint64Array, options: { readonly size?: bigint } = {}): void {
    this.#run((space) => {
      const bad = checkU64(addr, 'address') ?? checkShift(page, 'page') ?? checkU64(options.size ?? 0n, 'size');
      return bad ?? clientMapFrames(space, addr, page, options.size, frames);
    });
  }

  /**
   * Unmaps page frames in a range. Memory objects in it are passed over.
   *
   * @throws VmmError `EINVAL` when nothing is allocated at the address, or the range cuts through a page.
   */
  pfnClear(addr: bigint, size: bigint): void {
    this.#run((space) => checkU64(addr, 'address') ?? checkU64(size, 'size') ?? clientClearFrames(space, addr, size));
  }

  /**
   * Binds the address space to an instance block.
   *
   * @throws VmmError `EINVAL` when the block is too small, or the chip can't express the directory.
   */
  join(inst: TableMemory): void {
    this.#run((space) => {
      const needed = space.template.instanceBytes;
      if (bytesIn(inst) < needed) {
        return { code: 'EINVAL', message: `instance block of ${hex(bytesIn(inst))} bytes; ${hex(needed)} are needed` };
      }
      return space.template.join?.(space, inst);
    });
  }

  /** Undoes {@link join}: takes the words of the address space out of an instance block, as far as the chip does. */
  part(inst: TableMemory): void {
    this.#run((space) => {
      if (bytesIn(inst) < space.template.instanceBytes) {
        return { code: 'EINVAL', message: `instance block of ${hex(bytesIn(inst))} bytes was never joined` };
      }
      space.template.part?.(space, inst);
      return undefined;
    });
  }

  /**
   * Builds all page tables of the smallest page size and keeps them until `close`. A second time does nothing.
   *
   * @throws VmmError `ENOMEM` when there is no memory for them; `EINVAL` where the space does not begin and end on a
   * page, or (nv50 family) larger pages are in use.
   */
  boot(): void {
    this.#run(boot);
  }

  /** Adjusts the use count of an engine (`bar`, `gr`, `ce0`, …), which flushes look at. */
  engine(name: string, delta: number): void {
    this.#run((space) => {
      space.addEngineUse(name, delta);
      return undefined;
    });
  }

  /**
   * Replays faults that wait for it (client method 0x80).
   *
   * @throws VmmError `EINVAL` on a chip that has no replayable faults.
   */
  faultReplay(): void {
    this.#run((space) => {
      if (space.template.faultReplay === undefined)
        return { code: 'EINVAL', message: 'the chip can not replay faults' };
      space.template.faultReplay(space);
      return undefined;
    });
  }

  /**
   * Cancels a fault (client method 0x81).
   *
   * @returns The instance block as the graphics engine names it.
   * @throws VmmError `EINVAL` on a chip that has no replayable faults.
   */
  faultCancel(fault: FaultCancel): bigint {
    let result = 0n;
    this.#run((space) => {
      if (space.template.faultCancel === undefined)
        return { code: 'EINVAL', message: 'the chip can not cancel faults' };
      result = space.template.faultCancel(space, fault);
      return undefined;
    });
    return result;
  }

  /** Ends the address space: everything mapped or allocated in it goes. Closing twice is no error. */
  close(): void {
    if (this.#space.isClosed) return;
    this.#run((space) => {
      const tables = close(space);
      const { emitter } = space.device;
      if (tables > 0 && emitter.wantsEvents) emitter.event({ type: 'leak', space: space.name, tables });
      return undefined;
    });
  }

  /** Closes the address space at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The regions in address order, free ones too. */
  *regions(): IterableIterator<RegionInfo> {
    for (const region of this.#space.regions) yield describe(region);
  }

  /** The allocated region, or part of one, that contains an address. */
  regionAt(addr: bigint): RegionInfo | undefined {
    const region = this.#space.regions.find(Number(addr & ~15n));
    return region === undefined ? undefined : describe(region);
  }

  /**
   * Compares what the driver believes with what the bytes say: regions, reference counts and facts against each other,
   * and all of it against the hardware's view of the tables. Slow; for tests.
   *
   * @throws InvariantError that names the first difference.
   */
  verify(): void {
    if (!this.#space.isClosed) verifySpace(this.#space);
  }

  /** Makes a call that is not worth writing out; see `get`. */
  #run(call: (space: SpaceState) => Failure | undefined): void {
    const space = this.#enter();
    let failed: Failure | undefined;
    try {
      failed = call(space);
    } finally {
      end(space);
    }
    if (failed !== undefined) raise(failed);
  }

  #enter(): SpaceState {
    const space = this.#space;
    const { device } = space;
    if (device.isBusy) throw new VmmError('EBUSY', 'the device is in the middle of another call');
    if (space.isClosed) throw new VmmError('EINVAL', `address space "${space.name}" is closed`);
    device.isBusy = true;
    space.logLevel = device.emitter.level;
    return space;
  }
}

/** Ends an operation. What the outside threw in it comes before its own failure: it may be why. */
function end({ device }: SpaceState): void {
  device.isBusy = false;
  device.emitter.settle();
}

/** Bytes of an instance block that are really there. */
function bytesIn({ size, words }: TableMemory): number {
  return Math.min(size, words.length * 4);
}

const NO_ARGUMENTS = { args: undefined };

function checkShift(value: number, what: string): Failure | undefined {
  if (Number.isInteger(value) && value >= 0 && value <= 255) return undefined;
  return { code: 'EINVAL', message: `${what} shift ${value} is not an integer from 0 to 255` };
}

function describe(region: Region): RegionInfo {
  return {
    addr: BigInt(region.addr),
    size: BigInt(region.size),
    used: region.used,
    mapref: region.mapref,
    sparse: region.sparse,
    part: region.part,
    busy: region.busy,
    mapped: region.mapped,
    page: region.page === PAGE_NONE ? undefined : region.page,
    refd: region.refd === PAGE_NONE ? undefined : region.refd,
    memory: region.memory,
    offset: BigInt(region.offset),
  };
}
