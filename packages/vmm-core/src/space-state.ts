import type { PooledTable, TableMemory } from '@nvmmu/ptcache';
import { RbMap } from '@nvmmu/rbtree';
import { AllocationRequest } from './allocation-request.js';
import type { BoundSpace, HostPages, Level, LevelType, PageSize, SpaceTemplate } from './backend.js';
import { VmmError, InvariantError } from './errors.js';
import type { DeviceState } from './device-state.js';
import { MapState } from './map-state.js';
import { pow2 } from './numbers.js';
import { LOG, type LogLevel } from './observer.js';
import { PageTable } from './page-table.js';
import { RegionMap } from './region-map.js';
import { uniformPages } from './uniform-pages.js';
import { MAX_LEVELS, Walk } from './walk.js';

/** Records that are kept for later. */
const MAX_SPARE_RECORDS = 2048;

/** How an address space is laid out: by the driver, around a driver's window, or the same with raw calls. */
export type SpaceType = 'unmanaged' | 'managed' | 'raw';

/**
 * Everything that the floors of the core share about one address space: its template, its tables, its regions. The
 * public face is `Vmm`; a backend sees it as a `BoundSpace`.
 */
export class SpaceState implements BoundSpace {
  readonly device: DeviceState;
  readonly name: string;
  readonly type: SpaceType;
  readonly template: SpaceTemplate;
  readonly pages: readonly PageSize[];
  /** Levels of the smallest page size, leaf first: the deepest there are. */
  readonly deepLevels: readonly Level[];
  readonly smallestLevel: Level;
  /** The large-page partner of the smallest level, on chips with dual tables. */
  readonly largeLevel: Level | undefined;
  readonly addressBits: number;
  /** Record of the top-level directory. */
  readonly root: PageTable;
  readonly joined: TableMemory[] = [];
  readonly regions: RegionMap;
  readonly walk: Walk;
  readonly request: AllocationRequest = new AllocationRequest();
  readonly mapState: MapState;
  start = 0;
  limit = 0;
  /** Client ranges of a managed or raw space end and begin here. */
  windowStart = 0;
  windowEnd = 0;
  /** Whether all tables of the smallest page size are pinned; tables are not cached then. */
  isBooted = false;
  isClosed = false;
  /** Sparse ranges that raw calls took: sizes by address. */
  readonly rawSparse: RbMap<number, number> = new RbMap<number, number>(undefined, (a, b) => a - b);
  /** Records of dual tables that are gone, to be used again. */
  readonly spareRecords: PageTable[] = [];
  /** Log level, 0 for none. */
  logLevel: number;
  readonly #engines = new Map<string, number>();

  /**
   * Makes a space with its top-level directory and without regions.
   *
   * @throws VmmError `ENOMEM` when there is no memory for the directory.
   */
  constructor(device: DeviceState, name: string, type: SpaceType, template: SpaceTemplate) {
    this.device = device;
    this.name = name;
    this.type = type;
    this.template = template;
    this.pages = uniformPages(template.pages);
    this.logLevel = device.emitter.level;
    const smallest = this.pages[this.pages.length - 1];
    const leaf = smallest?.levels[0];
    const top = smallest?.levels[smallest.levels.length - 1];
    if (smallest === undefined || leaf === undefined || top === undefined) {
      throw new InvariantError('a chip without page sizes');
    }
    if (smallest.levels.length > MAX_LEVELS) throw new InvariantError(`more than ${MAX_LEVELS} levels of page tables`);
    this.deepLevels = smallest.levels;
    this.smallestLevel = leaf;
    this.largeLevel = leaf.type === 'SPT' ? this.pages[this.pages.length - 2]?.levels[0] : undefined;
    this.addressBits = smallest.levels.reduce((bits, level) => bits + level.bits, smallest.shift);
    this.root = new PageTable(top, undefined, false, 0);
    this.root.refs0 = 1;
    if (top.entryBytes > 0) {
      this.root.slot0 = this.allocateTable(top.entryBytes * pow2(top.bits), top.align, true);
      if (this.root.slot0 === undefined) throw new VmmError('ENOMEM', 'no memory for the top-level page directory');
    }
    this.regions = new RegionMap(template.pageBlockShift);
    this.walk = new Walk(this, smallest);
    this.mapState = new MapState(device.tags);
  }

  /** Hardware table of the top-level directory. */
  get directory(): PooledTable | undefined {
    return this.root.slot0;
  }

  /** Whether raw calls are allowed. */
  get isRaw(): boolean {
    return this.type === 'raw';
  }

  /** A page size by its index in the list. */
  pageAt(index: number): PageSize {
    return this.pages[index] ?? noPage(index);
  }

  /** Index of the page size with a shift, or -1. */
  pageIndex(shift: number): number {
    for (let i = 0; i < this.pages.length; i++) if (this.pageAt(i).shift === shift) return i;
    return -1;
  }

  /** Writes a log line; the caller has compared {@link logLevel}. */
  log(message: string, level: LogLevel): void {
    this.device.emitter.log(`${this.name}: ${message}`, level);
  }

  /** Writes a debug line. */
  debug(message: () => string): void {
    if (this.logLevel >= LOG.debug) this.log(message(), 'debug');
  }

  /** A table from the device's pool. */
  allocateTable(size: number, align: number, zero: boolean): PooledTable | undefined {
    return this.device.allocateTable(size, align, zero);
  }

  /** Gives a table back; a booted space caches none. */
  releaseTable(table: PooledTable | undefined): void {
    this.device.releaseTable(table, this.isBooted);
  }

  /** Keeps the record of a table that is gone, if its kind is worth it. */
  keepRecord(type: LevelType, record: PageTable): void {
    if ((type === 'SPT' || type === 'LPT') && this.spareRecords.length < MAX_SPARE_RECORDS) {
      this.spareRecords.push(record);
    }
  }

  /** Where host pages of page frames are mapped and released; absent when nobody is to be told. */
  get hostPages(): HostPages | undefined {
    return this.device.hostPages;
  }

  /** See `BoundSpace`. */
  engineUse(engine: string): number {
    return this.#engines.get(engine) ?? 0;
  }

  /** Adjusts an engine's use count. */
  addEngineUse(engine: string, delta: number): void {
    this.#engines.set(engine, this.engineUse(engine) + delta);
  }

  /** See `BoundSpace`. */
  wr32(reg: number, value: number): void {
    this.device.wr32(reg, value);
  }

  /** See `BoundSpace`. */
  rd32(reg: number): number {
    return this.device.rd32(reg);
  }

  /** See `BoundSpace`. */
  wait(reg: number, mask: number, value: number): boolean {
    return this.device.wait(reg, mask, value);
  }

  /** See `BoundSpace`. */
  waitAny(reg: number, mask: number): boolean {
    return this.device.waitAny(reg, mask);
  }

  /** See `BoundSpace`. */
  pauseGraphics(pause: boolean): boolean {
    return this.device.pauseGraphics(pause);
  }

  /** See `BoundSpace`. */
  directoryEntry(index: number, out: Uint32Array): boolean {
    const top = this.deepLevels[this.deepLevels.length - 1];
    if (top?.encodePde === undefined) throw new InvariantError('the top level has no encoder');
    return top.encodePde(this.root.children[index], out);
  }
}

function noPage(index: number): never {
  throw new InvariantError(`no page size with index ${index}`);
}
