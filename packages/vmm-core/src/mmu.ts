import { BumpProvider, type MemoryProvider, type PageTablePool, type TableMemory } from '@nvmmu/ptcache';
import type { Chip, SpaceArguments } from './backend.js';
import { DeviceState, type HostPageMapper, type Registers } from './device-state.js';
import { VmmError } from './errors.js';
import { createSpace } from './lifecycle.js';
import { hex, toNumber } from './numbers.js';
import type { Observer } from './observer.js';
import type { SpaceType } from './space-state.js';
import { Vmm } from './vmm.js';

/** Options of an {@link Mmu}. */
export interface MmuOptions {
  /** Where page-table memory comes from; default: a `BumpProvider` in the chip's usual kind of memory. */
  readonly provider?: MemoryProvider;
  /** Compression tag lines of the device; default 0. */
  readonly tags?: number;
  /** log2 of the framebuffer's big page, 16 or 17 (default): gf100, gk104 and gk20a take their big pages from it. */
  readonly fbPage?: number;
  /** Base of stolen system memory in bytes, 0 for a card with its own memory; nv50 family. */
  readonly stolen?: bigint;
  /** Who gets log lines and events. */
  readonly observer?: Observer;
  /** Registers of a device, or of a model of one; without, writes are only reported as events. */
  readonly registers?: Registers;
  /** Maps host pages for page-frame mappings; without, addresses are used as they are. */
  readonly hostPages?: HostPageMapper;
}

/** Options of {@link Mmu.createSpace}. */
export interface SpaceOptions extends SpaceArguments {
  /** Name in log lines; default `user`. */
  readonly name?: string;
  /** Default `unmanaged`: the driver hands out all of the space. */
  readonly type?: SpaceType;
  /** First address, or first address of the driver's window; default 0. */
  readonly addr?: bigint;
  /** Bytes of the space (default: as far as addresses go) or of the window (default: none). */
  readonly size?: bigint;
}

/** The memory manager of one device (`nvkm_mmu`): what its address spaces share. */
export class Mmu {
  readonly #device: DeviceState;

  /**
   * Makes a device without address spaces.
   *
   * @throws VmmError `EINVAL` for options that no device can have.
   */
  constructor(chip: Chip, options: MmuOptions = {}) {
    const { tags = 0, fbPage = 17, stolen = 0n } = options;
    if (!Number.isSafeInteger(tags) || tags < 0) throw new VmmError('EINVAL', `${tags} compression tags`);
    const base = toNumber(stolen);
    if (base === undefined) throw new VmmError('EINVAL', `stolen memory at ${hex(stolen)}`);
    const provider = options.provider ?? new BumpProvider({ target: chip.tableTarget });
    this.#device = new DeviceState(
      chip,
      { fbPage, stolen: base },
      provider,
      tags,
      options.registers,
      options.hostPages,
    );
    this.observer = options.observer;
  }

  /** The generation. */
  get chip(): Chip {
    return this.#device.chip;
  }

  /** The pool of page tables, shared by the device's address spaces. */
  get pool(): PageTablePool {
    return this.#device.pool;
  }

  /** Where page-table memory comes from. */
  get provider(): MemoryProvider {
    return this.#device.provider;
  }

  /** Compression tag lines that are free. */
  get freeTags(): number {
    return this.#device.tags.available;
  }

  /** Who gets log lines and events. */
  get observer(): Observer | undefined {
    return this.#device.emitter.observer;
  }

  set observer(observer: Observer | undefined) {
    this.#device.emitter.observer = observer;
  }

  /**
   * Makes an address space.
   *
   * @throws VmmError `ENOSYS` for an argument that the chip does not take, `EINVAL` for one that it can't meet or a range
   * that does not fit, `ENOMEM` when there is no memory for the page directory.
   */
  createSpace(options: SpaceOptions = {}): Vmm {
    const { name = 'user', type = 'unmanaged', addr = 0n, size = 0n, bigPage, replay } = options;
    return this.#run((device) => {
      const { chip } = device;
      for (const [argument, value] of Object.entries({ bigPage, replay })) {
        if (value !== undefined && !chip.arguments.includes(argument as keyof SpaceArguments)) {
          throw new VmmError('ENOSYS', `${chip.name} takes no argument "${argument}"`);
        }
      }
      const template = chip.template(device.config, {
        ...(bigPage === undefined ? {} : { bigPage }),
        ...(replay === undefined ? {} : { replay }),
      });
      const range = { addr: rangeNumber(addr), size: rangeNumber(size) };
      return new Vmm(createSpace(device, name, type, template, range));
    });
  }

  /**
   * Makes a zeroed instance block.
   *
   * @param size - Bytes, a multiple of 4.
   * @throws VmmError `ENOMEM` when there is no memory.
   */
  createInstanceBlock(size: number): TableMemory {
    if (!Number.isSafeInteger(size) || size <= 0 || size % 4 !== 0) {
      throw new VmmError('EINVAL', `instance block of ${size} bytes`);
    }
    return this.#run((device) => device.allocateInstance(size));
  }

  /** Releases every page table that is parked in the pool. */
  dumpTableCache(): void {
    this.#run((device) => {
      device.pool.dump();
    });
  }

  #run<T>(call: (device: DeviceState) => T): T {
    const device = this.#device;
    if (device.isBusy) throw new VmmError('EBUSY', 'the device is in the middle of another call');
    device.isBusy = true;
    try {
      return call(device);
    } finally {
      device.isBusy = false;
      // What the outside threw comes first: it may be why the call failed.
      device.emitter.settle();
    }
  }
}

/** A bound of a space as a number; one that is not exact is beyond every address space. */
function rangeNumber(value: bigint): number {
  const number = toNumber(value);
  if (number === undefined) throw new VmmError('EINVAL', `${hex(value)} is not the bound of an address space`);
  return number;
}
