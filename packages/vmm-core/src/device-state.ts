import { PageTablePool, type MemoryProvider, type PooledTable, type TableMemory } from '@nvmmu/ptcache';
import type { Chip, DeviceConfig, HostPages } from './backend.js';
import { Emitter } from './emitter.js';
import { VmmError } from './errors.js';
import { TagAllocator } from './tags.js';

/** Access to the registers of a device, or of a model of one. */
export interface Registers {
  wr32(reg: number, value: number): void;
  rd32(reg: number): number;
  /** Waits, two seconds at most, until `(register & mask) === value`. */
  wait(reg: number, mask: number, value: number): boolean;
  /** Waits, two seconds at most, until any bit of `register & mask` is set. */
  waitAny(reg: number, mask: number): boolean;
  /** Stops (`true`) or resumes graphics context switching; false when that fails. */
  pauseGraphics?(pause: boolean): boolean;
}

/** Maps host pages for direct page-frame mappings; addresses and sizes in bytes. */
export interface HostPageMapper {
  /** Returns the address for the device, or `undefined` when the page can't be mapped. */
  map(addr: bigint, size: bigint): bigint | undefined;
  unmap(addr: bigint, size: bigint): void;
}

/** What the address spaces of one device share (`nvkm_mmu`). */
export class DeviceState {
  readonly chip: Chip;
  readonly config: DeviceConfig;
  readonly pool: PageTablePool;
  readonly provider: MemoryProvider;
  readonly tags: TagAllocator;
  readonly emitter: Emitter = new Emitter();
  /** Whether an operation is running: nothing may call into the device then. */
  isBusy = false;
  readonly #registers: Registers | undefined;
  readonly #mapper: HostPageMapper | undefined;
  readonly #host: HostPages = {
    map: (addr, size) => this.#mapHost(addr, size),
    unmap: (addr, size) => {
      this.#unmapHost(addr, size);
    },
  };

  constructor(
    chip: Chip,
    config: DeviceConfig,
    provider: MemoryProvider,
    tagLines: number,
    registers: Registers | undefined,
    mapper: HostPageMapper | undefined,
  ) {
    this.chip = chip;
    this.config = config;
    this.provider = provider;
    this.#registers = registers;
    this.#mapper = mapper;
    this.tags = new TagAllocator(tagLines, (first, count) => {
      if (this.emitter.wantsEvents) this.emitter.event({ type: 'tagclr', first, count });
    });
    this.pool = new PageTablePool({
      allocate: (size, align, zero) => this.#allocate(size, align, zero),
      free: (memory) => {
        this.#free(memory);
      },
    });
  }

  /**
   * A table from the pool, or `undefined` when there is no memory. A provider that throws, or whose memory is not what
   * was asked for, has none: the operation is undone as for any shortage, and then throws what was wrong.
   */
  allocateTable(size: number, align: number, zero: boolean): PooledTable | undefined {
    try {
      const table = this.pool.get(size, align, zero);
      // Slices of a shared 4 KiB come from the pool as they are.
      if (zero && table?.sub === true) table.words.fill(0, table.wordBase, table.wordBase + size / 4);
      return table;
    } catch (error) {
      this.emitter.hold(error);
      return undefined;
    }
  }

  /** Gives a table back to the pool; `force` keeps it from being cached. */
  releaseTable(table: PooledTable | undefined, force: boolean): void {
    this.pool.put(table, force);
  }

  /**
   * A zeroed instance block.
   *
   * @throws VmmError `ENOMEM` when there is no memory.
   */
  allocateInstance(size: number): TableMemory {
    const { provider } = this;
    const memory =
      'allocateInstance' in provider && typeof provider.allocateInstance === 'function'
        ? (provider as InstanceProvider).allocateInstance(size)
        : provider.allocate(size, 0x1000, true);
    if (memory === undefined) throw new VmmError('ENOMEM', `no memory for an instance block of ${size} bytes`);
    if (memory.size < size || memory.words.length * 4 !== memory.size) {
      throw new RangeError(`provider gave ${memory.words.length} words for an instance block of ${size} bytes`);
    }
    this.#announce(memory, true);
    return memory;
  }

  /** Where host pages of page frames are mapped; absent when nobody is to be told. */
  get hostPages(): HostPages | undefined {
    return this.#mapper === undefined && !this.emitter.wantsEvents ? undefined : this.#host;
  }

  /** Writes a register, if there is a device, and says so. */
  wr32(reg: number, value: number): void {
    if (this.emitter.wantsEvents) this.emitter.event({ type: 'wr32', reg, value });
    const registers = this.#registers;
    if (registers !== undefined)
      this.#outside(undefined, () => {
        registers.wr32(reg, value);
      });
  }

  /** Reads a register; 0 without a device. */
  rd32(reg: number): number {
    const registers = this.#registers;
    return registers === undefined ? 0 : this.#outside(0, () => registers.rd32(reg));
  }

  /** Waits for a register; true at once without a device. */
  wait(reg: number, mask: number, value: number): boolean {
    const registers = this.#registers;
    return registers === undefined || this.#outside(false, () => registers.wait(reg, mask, value));
  }

  /** Waits for any of some register bits; true at once without a device. */
  waitAny(reg: number, mask: number): boolean {
    const registers = this.#registers;
    return registers === undefined || this.#outside(false, () => registers.waitAny(reg, mask));
  }

  /** Stops or resumes graphics; true without a device. */
  pauseGraphics(pause: boolean): boolean {
    return this.#outside(false, () => this.#registers?.pauseGraphics?.(pause)) ?? true;
  }

  /** Calls the outside world, whose exceptions must not leave an operation half done. */
  #outside<T>(otherwise: T, call: () => T): T {
    try {
      return call();
    } catch (error) {
      this.emitter.hold(error);
      return otherwise;
    }
  }

  #allocate(size: number, align: number, zero: boolean): TableMemory | undefined {
    const memory = this.provider.allocate(size, align, zero);
    if (memory !== undefined) this.#announce(memory, zero);
    return memory;
  }

  #announce(memory: TableMemory, zero: boolean): void {
    if (!this.emitter.wantsEvents) return;
    this.emitter.event({ type: 'ptnew', addr: BigInt(memory.addr), size: BigInt(memory.size), zero });
  }

  #free(memory: TableMemory): void {
    if (this.emitter.wantsEvents) this.emitter.event({ type: 'ptfree', addr: BigInt(memory.addr) });
    this.#outside(undefined, () => {
      this.provider.free(memory);
    });
  }

  #mapHost(addr: number, size: number): number | undefined {
    if (this.emitter.wantsEvents) this.emitter.event({ type: 'dmamap', addr: BigInt(addr), size: BigInt(size) });
    const mapper = this.#mapper;
    if (mapper === undefined) return addr;
    const mapped = this.#outside(undefined, () => mapper.map(BigInt(addr), BigInt(size)));
    return mapped === undefined ? undefined : Number(mapped);
  }

  #unmapHost(addr: number, size: number): void {
    if (this.emitter.wantsEvents) this.emitter.event({ type: 'dmaunmap', addr: BigInt(addr), size: BigInt(size) });
    this.#outside(undefined, () => this.#mapper?.unmap(BigInt(addr), BigInt(size)));
  }
}

interface InstanceProvider extends MemoryProvider {
  allocateInstance(size: number): TableMemory | undefined;
}
