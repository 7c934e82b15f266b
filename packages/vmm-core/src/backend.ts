import type { MemoryTarget, PooledTable, TableMemory } from '@nvmmu/ptcache';
import type { ErrnoCode } from './errors.js';
import type { MmuFormat } from './hardware-walk/format.js';
import type { MapState } from './map-state.js';

/**
 * What a table of a level is: a directory (`PGD`), a table alone below its directory entry (`PGT`), or one of the pair
 * that shares a directory entry: small pages (`SPT`) and large pages (`LPT`).
 */
export type LevelType = 'PGD' | 'PGT' | 'SPT' | 'LPT';

/** The 32-bit words of one entry, lowest first; as many as the level's entry has. */
export type EntryWords = readonly number[];

/** How a memory object lists its pages: extents of video memory, a scatter list, or one address for each 4 KiB page. */
export type SourceKind = 'extents' | 'scatter' | 'pages';

/**
 * Writes `count` entries for pages that lie one behind the other in memory.
 *
 * @param words - The memory of the table.
 * @param at - Index of the first entry's first word in `words`.
 * @param index - Index of the first entry in its table.
 * @param addr - Address of the first page in bytes.
 * @param map - Template; the writer advances its `type` by `count` tag steps.
 */
export type RunWriter = (
  words: Uint32Array,
  at: number,
  index: number,
  count: number,
  addr: number,
  map: MapState,
) => void;

/** As {@link RunWriter}, for pages of 4 KiB whose addresses are `pages[from]`, `pages[from + 1]`, …, in bytes. */
export type ListWriter = (
  words: Uint32Array,
  at: number,
  pages: Float64Array,
  from: number,
  count: number,
  map: MapState,
) => void;

/** Maps host pages for the device and releases them; addresses and sizes in bytes. */
export interface HostPages {
  /** Returns the address that the device must use, or `undefined` when the page can't be mapped. */
  map(addr: number, size: number): number | undefined;
  /** Releases what `map` returned. */
  unmap(addr: number, size: number): void;
}

/** Direct mapping of page frames at one level (`pfn`, `pfn_clear`, `pfn_unmap` of the driver's level functions). */
export interface FrameFunctions {
  /**
   * Writes `count` entries from frame words, two lanes each (`frames[2 * from]` is the low lane of the first). Words
   * whose valid bit is clear leave their entry alone (KD-17).
   *
   * @param host - Maps host pages; addresses are used as they are when absent.
   */
  write(
    words: Uint32Array,
    at: number,
    frames: Uint32Array,
    from: number,
    count: number,
    host: HostPages | undefined,
  ): void;
  /**
   * Clears the valid bit of the entries that refer to host pages.
   *
   * @param wrote - Called with the number (from 0) of each entry that was rewritten, after its write.
   * @returns Whether there was any.
   */
  clear(words: Uint32Array, at: number, count: number, wrote: ((n: number) => void) | undefined): boolean;
  /** Releases the host pages that the entries name, in order. */
  unmap(words: Uint32Array, at: number, count: number, host: HostPages): void;
}

/** The hardware tables below one directory entry; one of a pair may be missing. */
export interface ChildTables {
  /** log2 of the page size that the entry was first used with. */
  readonly pageShift: number;
  /** The table of a `PGD`, `PGT` or `LPT` level. */
  readonly slot0: PooledTable | undefined;
  /** The table of an `SPT` level. */
  readonly slot1: PooledTable | undefined;
}

/** One level of page tables (`nvkm_vmm_desc` and its functions). */
export interface Level {
  readonly type: LevelType;
  /** log2 of the number of entries. */
  readonly bits: number;
  /** Bytes of an entry: 4, 8 or 16; 0 when the level has no storage of its own (directory inside instance blocks). */
  readonly entryBytes: 0 | 4 | 8 | 16;
  /** Alignment asked from the table pool in bytes; below 0x1000 a table is a slice of a 4 KiB one. */
  readonly align: number;
  /** Entry that is not present; in an `LPT` control passes to the paired `SPT`. */
  readonly unmapped: EntryWords;
  /** Entry that is not present but does not fault; absent where a level can't be sparse. */
  readonly sparse?: EntryWords | undefined;
  /** `LPT` only: entry that is not present and keeps the hardware from looking at the paired `SPT`. */
  readonly invalid?: EntryWords | undefined;
  /**
   * `PGD` only: puts the words of the entry that points at `child` into `out`.
   *
   * @returns False when no entry can express it: then nothing is written.
   */
  readonly encodePde?: ((child: ChildTables | undefined, out: Uint32Array) => boolean) | undefined;
  /** Kinds of memory object that `write` is good for at this level; pages of it can't be mapped from others (KD-39). */
  readonly sources: readonly SourceKind[];
  /** Writes page entries; absent where pages of this level can't be mapped. */
  readonly write?: RunWriter | undefined;
  /** Writes page entries from an address list; needed where `sources` has `pages` and pages are 4 KiB. */
  readonly writeList?: ListWriter | undefined;
  /** Direct page-frame mapping; absent where it is refused. */
  readonly frames?: FrameFunctions | undefined;
}

/** Capability bits of a page size (`nvkm_vmm_page.type`); the number appears in log lines. */
export const PAGE = { sparse: 0x01, vram: 0x02, host: 0x04, comp: 0x08 } as const;

/** One page size of an address space (`nvkm_vmm_page`). */
export interface PageSize {
  /** log2 of the size in bytes. */
  readonly shift: number;
  /** Bits of {@link PAGE}. */
  readonly flags: number;
  /** Levels, leaf first, top-level directory last. */
  readonly levels: readonly Level[];
}

/** Arguments of a map that the chip interprets. A map without any of them uses the driver's defaults. */
export interface MapArguments {
  /** Storage kind, 0 to 255. */
  readonly kind?: number;
  readonly ro?: boolean;
  readonly priv?: boolean;
  readonly vol?: boolean;
  /** Compression mode, nv50 family only: 0 to 3. */
  readonly comp?: number;
}

/** Why a backend refuses a map. */
export interface Refusal {
  readonly code: ErrnoCode;
  /** The driver's debug line, without the name of the address space; absent where it has none. */
  readonly line?: string;
  /** What was wrong, with the value, for people. */
  readonly message: string;
}

/** What a backend sees of the address space that it serves. */
export interface BoundSpace {
  readonly name: string;
  /** First address. */
  readonly start: number;
  /** First address past the end. */
  readonly limit: number;
  /** The top-level directory; absent where it lives inside instance blocks. */
  readonly directory: PooledTable | undefined;
  /** Instance blocks that are joined, oldest first; `join` and `part` keep it where the chip needs it. */
  readonly joined: TableMemory[];
  /** Use count of an engine, 0 for one never heard of. An engine uses the space when it is not 0. */
  engineUse(engine: string): number;
  /** Writes a device register. */
  wr32(reg: number, value: number): void;
  /** Reads a device register; 0 where no device answers. */
  rd32(reg: number): number;
  /** Waits until `(register & mask) === value`, up to two seconds where a device answers. */
  wait(reg: number, mask: number, value: number): boolean;
  /** Waits until any bit of `register & mask` is set, up to two seconds where a device answers. */
  waitAny(reg: number, mask: number): boolean;
  /** Stops (`true`) or resumes graphics context switching; false when that fails. */
  pauseGraphics(pause: boolean): boolean;
  /** Puts the words of top-level entry `index` into `out`; false when no entry can express it. */
  directoryEntry(index: number, out: Uint32Array): boolean;
}

/** A fault-buffer entry's origin, for cancelling the fault (client method 0x81). */
export interface FaultCancel {
  /** Whether the client belongs to the hub rather than to a GPC. */
  readonly hub: boolean;
  readonly gpc: number;
  readonly client: number;
  /** Instance block as the fault buffer has it: address bits 63:12, aperture bits 9:8. */
  readonly inst: bigint;
}

/** How one address space works on a chip (`nvkm_vmm_func`). */
export interface SpaceTemplate {
  /** Page sizes, largest first. */
  readonly pages: readonly PageSize[];
  /** log2 of the region that can hold only one page size (`page_block`), or 0 for no such rule. */
  readonly pageBlockShift: number;
  /** What the hardware makes of the tables. */
  readonly format: MmuFormat;
  /** Bytes that an instance block must have at least. */
  readonly instanceBytes: number;
  /** Offset of the page directory in an instance block, where it lives there. */
  readonly directoryOffset?: number;
  /**
   * Checks map arguments and sets `type`, `next`, `ctag` and `tags` of `map` from scratch. May run several times for
   * one map, once for each page size that comes into question; only the last, successful call counts.
   */
  valid(space: BoundSpace, map: MapState, args: MapArguments | undefined): Refusal | undefined;
  /** Makes the GPU drop cached translations; depth 0 means that a top-level entry changed. */
  flush?(space: BoundSpace, depth: number): void;
  /** Binds the address space to an instance block. */
  join?(space: BoundSpace, inst: TableMemory): Refusal | undefined;
  /** Undoes `join`. */
  part?(space: BoundSpace, inst: TableMemory): void;
  /** Replays faults (client method 0x80). */
  faultReplay?(space: BoundSpace): void;
  /** Cancels a fault (client method 0x81); returns the instance as the graphics engine names it. */
  faultCancel?(space: BoundSpace, fault: FaultCancel): bigint;
}

/** Storage kinds of a chip. */
export interface KindTable {
  /** Uncompressed partner by kind; a kind that is its own partner is not compressed. nv50 family: bank class by kind. */
  readonly table: Uint8Array;
  /** The table value that means that a kind is not valid. */
  readonly invalid: number;
}

/** Facts about the device that decide how its address spaces look. */
export interface DeviceConfig {
  /** log2 of the framebuffer's big page, 16 or 17. */
  readonly fbPage: number;
  /** Base of stolen system memory, 0 for none. nv50 family. */
  readonly stolen: number;
}

/** Arguments of an address space that only some chips take. */
export interface SpaceArguments {
  /** log2 of the big page, 16 or 17. gm200 family. */
  readonly bigPage?: number;
  /** Whether faults of texture and GCC clients are replayable. gp100 family. */
  readonly replay?: boolean;
}

/** One chip: what a user hands to a device to choose the generation. */
export interface Chip {
  /** Lower-case name, for example `gp100`. */
  readonly name: string;
  /** Which of {@link SpaceArguments} it takes; others are refused with `ENOSYS`. */
  readonly arguments: readonly (keyof SpaceArguments)[];
  /** Where page tables live by default. */
  readonly tableTarget: MemoryTarget;
  /** Width of the addresses that the device can reach in system memory. */
  readonly dmaBits: number;
  readonly kinds: KindTable;
  /** Whether {@link MapArguments.vol} and {@link MapArguments.comp} have an effect. */
  readonly mapArguments: readonly (keyof MapArguments)[];
  /**
   * Makes the template of one address space.
   *
   * @throws VmmError `EINVAL` for a big-page size that the chip does not have.
   */
  template(device: DeviceConfig, args: SpaceArguments): SpaceTemplate;
}
