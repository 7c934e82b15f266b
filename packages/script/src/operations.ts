import type { MapArguments } from '@nvmmu/vmm-core';

/** What line 1 of a script says. */
export interface ScriptHeader {
  readonly title: string | undefined;
}

/** An address: a number, or what an earlier `get` returned plus a distance in bytes. */
export type AddressRef =
  | { readonly addr: bigint }
  | {
      /** Id of the `get`. */
      readonly vma: string;
      readonly delta: bigint;
    };

/** Words of page frames: a list, or a progression. */
export type FrameList =
  { readonly list: readonly bigint[] } | { readonly first: bigint; readonly step: bigint; readonly count: number };

/** Pieces of memory, addresses and lengths in bytes. */
export type Pieces = readonly (readonly [addr: bigint, size: bigint])[];

/** What every operation has. */
export interface Located {
  /** Line of the script, from 1; 0 for an operation that comes from no file. */
  readonly line: number;
}

/** What operations on an address space have. */
export interface OnSpace extends Located {
  /** Id of the address space; the most recently created one when absent. */
  readonly vmm: string | undefined;
}

/** Makes the device. Always the first operation. */
export interface DeviceOperation extends Located {
  readonly op: 'device';
  readonly chip: string;
  /** Where page tables live; the chip's default when absent. */
  readonly ptTarget: 'vram' | 'host' | 'ncoh' | undefined;
  /** First address for page tables, in bytes. */
  readonly ptBase: bigint;
  /** log2 of the framebuffer's big page, 16 or 17. */
  readonly fbPage: number;
  /** Number of compression tag lines. */
  readonly tags: number;
  /** Base of stolen system memory, 0 for none. */
  readonly stolen: bigint;
}

/** Creates an address space. */
export interface VmmOperation extends Located {
  readonly op: 'vmm';
  readonly id: string;
  readonly name: string;
  readonly type: 'unmanaged' | 'managed' | 'raw';
  readonly addr: bigint;
  readonly size: bigint;
  /** log2 of the big page, for chips that take one. */
  readonly bigPage: number | undefined;
  /** Whether faults are replayable, for chips that take it. */
  readonly replay: boolean | undefined;
}

/** How a memory object is laid out. */
export type MemoryLayout =
  | { readonly kind: 'extents'; readonly page: number; readonly type: number; readonly pieces: Pieces }
  | { readonly kind: 'sgl'; readonly pieces: Pieces }
  | { readonly kind: 'dma'; readonly addrs: readonly bigint[] }
  | { readonly kind: 'dmaRange'; readonly addr: bigint; readonly pages: number };

/** Defines a memory object. */
export interface MemOperation extends Located {
  readonly op: 'mem';
  readonly id: string;
  readonly target: 'vram' | 'host' | 'ncoh';
  readonly layout: MemoryLayout;
}

/** Allocates address space and binds the address to `id`. */
export interface GetOperation extends OnSpace {
  readonly op: 'get';
  readonly id: string;
  readonly type: 'lazy' | 'addr' | 'ptes';
  /** log2 of the page size, 0 for any. */
  readonly page: number;
  /** log2 of the alignment. */
  readonly align: number;
  readonly size: bigint;
  readonly sparse: boolean;
}

/** Frees an allocation. */
export interface PutOperation extends OnSpace {
  readonly op: 'put';
  readonly at: AddressRef;
}

/** Maps a memory object. */
export interface MapOperation extends OnSpace {
  readonly op: 'map';
  readonly at: AddressRef;
  /** Bytes; the size of the region at the address when absent. */
  readonly size: bigint | undefined;
  readonly mem: string;
  readonly offset: bigint;
  /** Absent when none of the argument keys was given. */
  readonly args: MapArguments | undefined;
}

/** Unmaps a memory object. */
export interface UnmapOperation extends OnSpace {
  readonly op: 'unmap';
  readonly at: AddressRef;
}

/** Maps page frames directly. */
export interface PfnMapOperation extends OnSpace {
  readonly op: 'pfnmap';
  readonly at: AddressRef;
  /** log2 of the page size. */
  readonly page: number;
  readonly frames: FrameList;
  /** Bytes; count << page when absent. */
  readonly size: bigint | undefined;
}

/** Clears direct mappings. */
export interface PfnClearOperation extends OnSpace {
  readonly op: 'pfnclr';
  readonly at: AddressRef;
  readonly size: bigint;
}

/** Creates an instance block and binds the address space to it. */
export interface JoinOperation extends OnSpace {
  readonly op: 'join';
  readonly inst: string;
  /** Bytes; the chip's size when absent. */
  readonly size: number | undefined;
}

/** Unbinds the address space from an instance block. */
export interface PartOperation extends OnSpace {
  readonly op: 'part';
  readonly inst: string;
}

/** Builds all page tables of the smallest page size. */
export interface BootOperation extends OnSpace {
  readonly op: 'boot';
}

/** Takes references in a raw space. */
export interface RawGetOperation extends OnSpace {
  readonly op: 'rawget';
  readonly addr: bigint;
  readonly size: bigint;
  readonly page: number;
}

/** Drops references in a raw space. */
export interface RawPutOperation extends OnSpace {
  readonly op: 'rawput';
  readonly addr: bigint;
  readonly size: bigint;
  readonly page: number;
}

/** Writes entries in a raw space. */
export interface RawMapOperation extends OnSpace {
  readonly op: 'rawmap';
  readonly addr: bigint;
  readonly size: bigint;
  readonly page: number;
  readonly mem: string;
  readonly offset: bigint;
  readonly args: MapArguments | undefined;
}

/** Clears entries in a raw space. */
export interface RawUnmapOperation extends OnSpace {
  readonly op: 'rawunmap';
  readonly addr: bigint;
  readonly size: bigint;
  readonly page: number;
  readonly sparse: boolean;
}

/** Makes a range of a raw space sparse, or ends that. */
export interface RawSparseOperation extends OnSpace {
  readonly op: 'rawsparse';
  readonly addr: bigint;
  readonly size: bigint;
  readonly ref: boolean;
}

/** Adjusts an engine's use count. */
export interface EngineOperation extends OnSpace {
  readonly op: 'engref';
  readonly engine: string;
  readonly delta: number;
}

/** Releases every cached page table. */
export interface CacheDumpOperation extends Located {
  readonly op: 'ptcdump';
}

/** Arms an allocation failure. */
export interface FailAllocOperation extends Located {
  readonly op: 'failalloc';
  /** Allocations that still succeed. */
  readonly after: number;
}

/** Reports the regions of an address space. */
export interface DumpOperation extends OnSpace {
  readonly op: 'dump';
}

/** Destroys an address space. */
export interface CloseOperation extends OnSpace {
  readonly op: 'close';
}

/** One operation of a script, validated, with 64-bit quantities as `bigint` and defaults filled in. */
export type Operation =
  | DeviceOperation
  | VmmOperation
  | MemOperation
  | GetOperation
  | PutOperation
  | MapOperation
  | UnmapOperation
  | PfnMapOperation
  | PfnClearOperation
  | JoinOperation
  | PartOperation
  | BootOperation
  | RawGetOperation
  | RawPutOperation
  | RawMapOperation
  | RawUnmapOperation
  | RawSparseOperation
  | EngineOperation
  | CacheDumpOperation
  | FailAllocOperation
  | DumpOperation
  | CloseOperation;

/** Name of an operation. */
export type OperationName = Operation['op'];

/** A script as a whole. */
export interface Script {
  readonly header: ScriptHeader;
  readonly operations: readonly Operation[];
}
