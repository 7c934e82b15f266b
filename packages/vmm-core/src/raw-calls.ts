import { checkArguments, checkU64 } from './client.js';
import type { MapArguments } from './backend.js';
import type { MemoryObject } from './memory-object.js';
import { hex, toNumber } from './numbers.js';
import { failure, type Failure } from './outcome.js';
import { rawGet, rawMap, rawPut, rawSparse, rawUnmap, type RawRange } from './raw.js';
import type { SpaceState } from './space-state.js';

/** Options of {@link RawCalls.map}. */
export interface RawMapOptions {
  /** Byte of the object that the map starts with; default 0. */
  readonly offset?: bigint;
  /** Arguments for the chip; without any the driver's defaults apply. */
  readonly args?: MapArguments;
}

type Run = (call: (space: SpaceState) => Failure | undefined) => void;

/**
 * The raw interface, which VM_BIND stands on: the client keeps its own book of two address ranges, below and above the
 * driver's window, and asks for page-table work at addresses that it names. `map` and `unmap` never allocate or free
 * page tables; `get`, `put` and `sparse` never depend on what entries hold.
 *
 * Every call throws `VmmError` `EINVAL` in a space that is not raw, outside the client's ranges, and for a range that is
 * not in whole pages; nothing has changed then.
 */
export class RawCalls {
  readonly #run: Run;

  /**
   * Made by `Vmm`.
   *
   * @internal
   */
  constructor(run: Run) {
    this.#run = run;
  }

  /**
   * Takes a reference on each entry of a range, building the tables. References nest.
   *
   * @param page - log2 of the page size.
   * @throws VmmError `ENOMEM` when there is no memory for tables.
   */
  get(addr: bigint, size: bigint, page: number): void {
    this.#call(addr, size, page, rawGet);
  }

  /**
   * Drops a reference on each entry of a range; tables that have none left go.
   *
   * @throws VmmError `EINVAL` also where an entry has no reference, or the last one goes while it is mapped.
   */
  put(addr: bigint, size: bigint, page: number): void {
    this.#call(addr, size, page, rawPut);
  }

  /**
   * Writes entries that have references. The object is not retained: keep it alive until the entries are cleared.
   *
   * @throws VmmError `EINVAL` also where object, page size or chip do not suit, or an entry has no reference.
   */
  map(addr: bigint, size: bigint, page: number, memory: MemoryObject, options: RawMapOptions = {}): void {
    const { offset = 0n } = options;
    this.#call(addr, size, page, (space, range) => {
      const bad = checkU64(offset, 'offset');
      if (bad !== undefined) return bad;
      if (memory.owner !== undefined && memory.owner !== space.device) {
        return failure('EINVAL', 'the memory object is mapped on another device');
      }
      const checked = checkArguments(options.args);
      if ('code' in checked) return checked;
      const exact = toNumber(offset);
      const near = exact ?? Number(offset);
      return rawMap(space, range, memory, near, exact === undefined ? offset : undefined, checked.args);
    });
  }

  /**
   * Clears entries that have references. Where the range is sparse they become so again, whatever `sparse` says: it only
   * asks that pages of this size can be.
   *
   * @throws VmmError `EINVAL` also where an entry has no reference, or can't be sparse.
   */
  unmap(addr: bigint, size: bigint, page: number, sparse = false): void {
    this.#call(addr, size, page, (space, range) => rawUnmap(space, range, sparse));
  }

  /**
   * Makes a range sparse, or (`ref` false) ends that for the very range that was made so. Mappings inside stay.
   *
   * @throws VmmError `EINVAL` also for a range that overlaps a sparse one or was not made sparse; `ENOMEM` when there is
   * no memory for tables.
   */
  sparse(addr: bigint, size: bigint, ref: boolean): void {
    this.#call(addr, size, 0, (space, range) => rawSparse(space, range.addr, range.size, ref));
  }

  #call(
    addr: bigint,
    size: bigint,
    page: number,
    call: (space: SpaceState, range: RawRange) => Failure | undefined,
  ): void {
    this.#run((space) => {
      if (!space.isRaw) return failure('EINVAL', `address space "${space.name}" is not raw`);
      const bad = checkU64(addr, 'address') ?? checkU64(size, 'size');
      if (bad !== undefined) return bad;
      const at = toNumber(addr);
      const length = toNumber(size);
      if (at === undefined || length === undefined) {
        return failure('EINVAL', `${hex(size)} bytes at ${hex(addr)} are not whole pages`);
      }
      return call(space, { addr: at, size: length, shift: page });
    });
  }
}
