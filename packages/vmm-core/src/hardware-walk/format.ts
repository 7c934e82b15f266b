import type { MemoryTarget } from '@nvmmu/ptcache';
import type { Aperture, DecodedEntry } from './entry.js';
import type { EntryLayout, FieldSpec } from './fields.js';

/**
 * Reads one entry: sets `out.state` and what belongs to it. Words that the entry does not have are 0. Must not throw,
 * whatever the words are.
 */
export type EntryDecoder = (w0: number, w1: number, w2: number, w3: number, out: DecodedEntry) => void;

/** One level of hardware tables. */
export interface LevelFormat {
  /** Name, for example `PD3`, `LPT`, `SPT`. */
  readonly name: string;
  /** Whether entries can point at further tables. */
  readonly directory: boolean;
  /** log2 of the bytes that one entry covers. */
  readonly shift: number;
  /** log2 of the number of entries in a table of full size. */
  readonly bits: number;
  readonly entryBytes: 4 | 8 | 16;
  readonly decode: EntryDecoder;
  /** All ways to read an entry of this level. */
  readonly layouts: readonly EntryLayout[];
  /** The layout that applies to the entry with these words. */
  layoutOf(words: readonly number[]): EntryLayout;
  /** What is odd about an entry that the hardware would still take, or does not define; whole phrases. */
  warnings?(words: readonly number[]): string[];
  /**
   * Amount by which the lowest word grows from one page to the next that lies behind it in memory, if only bits of
   * {@link LevelFormat.stepMask} change: lets long mappings be read without decoding each entry.
   */
  readonly step?: number;
  /** Words of an entry that the driver writes where nothing is, if it is not 0. */
  readonly absent?: readonly number[];
  /** Bits of the lowest word that belong to the address, whatever the aperture. */
  readonly stepMask?: number;
}

/** Causes of a translation fault, independent of how a chip numbers them. */
export type FaultCause =
  'pde' | 'size' | 'pte' | 'limit' | 'unbound' | 'both' | 'priv' | 'ro' | 'atomic' | 'aperture' | 'kind';

/** How a chip reports one cause. */
export interface FaultReason {
  readonly number: number;
  /** The driver's name for it. */
  readonly name: string;
}

/** Where an address space starts: its top-level directory. */
export interface Root {
  readonly kind: 'root';
  readonly target: MemoryTarget;
  /** Address of the directory in bytes. */
  readonly addr: bigint;
  /** Last valid address, where the hardware checks one. */
  readonly limit?: bigint;
  /** The format to read the tables with, where the instance block decides it (big-page size); else the one asked for. */
  readonly format?: MmuFormat;
}

/** What an instance block says about its address space. */
export type InstanceResult =
  | Root
  /** The block names no directory, or has a format that the chip refuses: every access faults. */
  | { readonly kind: 'unbound'; readonly why: string }
  | { readonly kind: 'unreadable'; readonly addr: bigint };

/** Fields of one 64-bit word of an instance block. */
export interface InstanceWord {
  readonly offset: number;
  readonly fields: readonly FieldSpec[];
}

/** How a chip reads instance blocks. */
export interface InstanceFormat {
  /** Bytes from the start of the block that must be there. */
  readonly bytes: number;
  readonly words: readonly InstanceWord[];
  /** Number of subcontexts; 0 where there are none. */
  readonly subcontexts: number;
  /**
   * Reads the block `inst`: `read` returns the 32-bit word at an offset, or `undefined` when it can't be read. With
   * `subcontext` the directory of that subcontext is used rather than that of the block.
   */
  decode(
    inst: { readonly target: MemoryTarget; readonly addr: bigint },
    read: (offset: number) => number | undefined,
    subcontext?: number,
  ): InstanceResult;
}

/** How the hardware reads page tables: one of the four formats of the MMU, with what a chip does its own way. */
export interface MmuFormat {
  /** `T` (Tesla), `1` (Fermi to Maxwell), `2` (Pascal to Turing), `3` (Hopper); a format of one's own has its own name. */
  readonly version: string;
  /** Name of the chip. */
  readonly chip: string;
  /** Width of virtual addresses. */
  readonly vaBits: number;
  /** Whether the address bits above may repeat the highest one (canonical addresses). */
  readonly signExtended: boolean;
  /** Levels, top-level directory first. Entries name levels by their index here. */
  readonly levels: readonly LevelFormat[];
  /** Whether a valid large and a valid small entry for one address are a fault; otherwise the large one counts. */
  readonly bothValidFaults: boolean;
  readonly reasons: Readonly<Partial<Record<FaultCause, FaultReason>>>;
  readonly instance: InstanceFormat;
  /** What the aperture numbers of page entries stand for. */
  readonly apertures: readonly Aperture[];
  /** Width of physical addresses in page entries, by aperture number; bits above are lost. */
  readonly addressBits: readonly number[];
  /** log2 of the big page, where the chip has a choice. */
  readonly bigPageShift?: number;
  /** The same format with another big page, where the chip has a choice. */
  withBigPage?(shift: 16 | 17): MmuFormat;
  /** Whether the chip knows a storage kind; access checks skip it when absent. */
  isValidKind?(kind: number): boolean;
  /** Whether a storage kind is compressed; access checks skip it when absent. */
  isCompressedKind?(kind: number): boolean;
}

/**
 * The level of a format by its name, upper or lower case.
 *
 * @returns Its index in `format.levels`, or `undefined` when there is none.
 */
export function findLevel(format: MmuFormat, name: string): number | undefined {
  const wanted = name.toLowerCase();
  const at = format.levels.findIndex((level) => level.name.toLowerCase() === wanted);
  return at < 0 ? undefined : at;
}
