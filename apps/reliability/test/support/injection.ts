// The operations into which failures are injected, each with what must have happened before.

import { MemoryObject, PAGE, type Chip, type Vmm } from '@nvmmu/vmm-core';

/** An operation that allocates page tables. */
export interface Attempt {
  readonly name: string;
  readonly type?: 'managed' | 'raw';
  /** Size of the address space, where it must be small. */
  readonly size?: bigint;
  /** Whether a chip has what the operation needs. */
  suits?(vmm: Vmm, chip: Chip): boolean;
  /** What has happened before, if anything: done afresh for every failure. */
  prepare?(vmm: Vmm): void;
  run(vmm: Vmm): void;
}

/** The driver's window in managed and raw spaces. */
export const WINDOW = { addr: 2n ** 33n, size: 2n ** 24n } as const;

const KIB = 1024n;
const MIB = 1024n * KIB;

const memory = (): MemoryObject => MemoryObject.pageRange('ncoh', 0x2_0000_0000n, 3000);
const isTesla = (vmm: Vmm): boolean => vmm.state.template.format.version === 'T';
const sparse = (vmm: Vmm): boolean => ((vmm.pages.at(-1)?.flags ?? 0) & PAGE.sparse) !== 0;
const hasFrames = (vmm: Vmm): boolean => vmm.pages.at(-1)?.levels[0]?.frames !== undefined;
const largePage = (vmm: Vmm): number => vmm.pages.at(-2)?.shift ?? 16;
const dual = (vmm: Vmm): boolean => vmm.pages.at(-1)?.levels[0]?.type === 'SPT';

/** Frames of video memory. */
function frames(count: number): BigUint64Array {
  return BigUint64Array.from({ length: count }, (_, i) => 0x4000_0013n + (BigInt(i) << 12n));
}

/** All operations that allocate. Ranges cross borders of tables, so that a walk has several to make. */
export const ATTEMPTS: readonly Attempt[] = [
  { name: 'get of type ptes', run: (vmm) => void vmm.get(6n * MIB, { type: 'ptes', page: 12, align: 21 }) },
  {
    name: 'get of type ptes with large pages',
    run: (vmm) => void vmm.get(6n * MIB, { type: 'ptes', page: largePage(vmm), align: 21 }),
  },
  { name: 'sparse get', suits: sparse, run: (vmm) => void vmm.get(6n * MIB + 76n * KIB, { sparse: true, align: 21 }) },
  {
    name: 'sparse get of type ptes',
    suits: sparse,
    run: (vmm) => void vmm.get(6n * MIB, { type: 'ptes', page: 12, sparse: true }),
  },
  {
    name: 'map',
    prepare: (vmm) => void vmm.get(8n * MIB, { page: 12, align: 21 }),
    run: (vmm) => {
      vmm.map(vmm.start, memory(), { size: 7n * MIB });
    },
  },
  {
    name: 'map of a part beside another',
    prepare: (vmm) => {
      vmm.get(8n * MIB, { page: 12, align: 21 });
      vmm.map(vmm.start + MIB, memory(), { size: 64n * KIB });
    },
    run: (vmm) => {
      vmm.map(vmm.start + 3n * MIB, memory(), { size: 3n * MIB });
    },
  },
  {
    name: 'map into a sparse allocation',
    suits: sparse,
    prepare: (vmm) => {
      vmm.get(8n * MIB, { sparse: true, align: 21 });
      vmm.map(vmm.start, memory(), { size: 4n * KIB });
    },
    run: (vmm) => {
      vmm.map(vmm.start + MIB, memory(), { size: 5n * MIB });
    },
  },
  {
    name: 'map of small pages beside large ones',
    suits: (vmm) => dual(vmm),
    prepare: (vmm) => {
      vmm.get(2n * MIB, { type: 'ptes', page: largePage(vmm), align: 21 });
      vmm.get(4n * MIB, { page: 12 });
    },
    run: (vmm) => {
      vmm.map(vmm.start + 2n * MIB, memory(), { size: 4n * MIB });
    },
  },
  {
    name: 'map of a lazy allocation',
    prepare: (vmm) => void vmm.get(6n * MIB, { type: 'lazy', page: 12, align: 21 }),
    run: (vmm) => {
      vmm.map(vmm.start, memory());
    },
  },
  {
    name: 'boot',
    size: 0x100_0000n,
    run: (vmm) => {
      vmm.boot();
    },
  },
  {
    name: 'boot under large pages',
    size: 0x100_0000n,
    suits: dual,
    prepare: (vmm) => void vmm.get(2n * MIB, { type: 'ptes', page: largePage(vmm) }),
    run: (vmm) => {
      vmm.boot();
    },
  },
  {
    name: 'rawget',
    type: 'raw',
    run: (vmm) => {
      vmm.raw.get(0x3f_0000n, 4n * MIB, 12);
    },
  },
  {
    name: 'rawget under a live large page',
    type: 'raw',
    suits: dual,
    prepare: (vmm) => {
      const shift = largePage(vmm);
      vmm.raw.get(0x40_0000n, 2n ** BigInt(shift), shift);
    },
    run: (vmm) => {
      vmm.raw.get(0x40_0000n, 3n * MIB, 12);
    },
  },
  {
    name: 'rawsparse',
    type: 'raw',
    suits: sparse,
    run: (vmm) => {
      vmm.raw.sparse(0x3f_0000n, 6n * MIB + 12n * KIB, true);
    },
  },
  {
    name: 'rawsparse over references',
    type: 'raw',
    suits: sparse,
    prepare: (vmm) => {
      vmm.raw.get(0x3f_f000n, 8n * KIB, 12);
    },
    run: (vmm) => {
      vmm.raw.sparse(0x3f_0000n, 6n * MIB, true);
    },
  },
  {
    name: 'map in the window of a raw space',
    type: 'raw',
    // The window is smaller than the block that one page size has to itself there.
    suits: (vmm) => !isTesla(vmm),
    prepare: (vmm) => void vmm.get(4n * MIB, { page: 12 }),
    run: (vmm) => {
      vmm.map(WINDOW.addr, memory());
    },
  },
];

/** Page-frame maps report what found no memory in their array instead of throwing. */
export const FRAME_ATTEMPT = { suits: hasFrames, frames } as const;
