import type { Generation } from './chips.js';

/** A fault reason, independent of the name that a generation prints. */
export type ReasonCode =
  | 'pde'
  | 'pde-size'
  | 'pte'
  | 'va-limit'
  | 'unbound'
  | 'priv'
  | 'read-only'
  | 'write-only'
  | 'pitch'
  | 'work-creation'
  | 'aperture'
  | 'compression'
  | 'kind'
  | 'region'
  | 'both-valid'
  | 'poisoned'
  | 'atomic'
  | 'null-dma-object'
  | 'dma-object-limit'
  | 'memory-type'
  | 'vram-limit'
  | 'unknown';

/** What a reason means, for people. */
export interface ReasonInfo {
  readonly code: ReasonCode;
  /** A short name. */
  readonly title: string;
  /** What the hardware found, one sentence. */
  readonly meaning: string;
  /** The usual causes, most frequent first. */
  readonly causes: readonly string[];
}

const info = (code: ReasonCode, title: string, meaning: string, ...causes: string[]): ReasonInfo => ({
  code,
  title,
  meaning,
  causes,
});

const REASONS: readonly ReasonInfo[] = [
  info(
    'pde',
    'directory entry not present',
    'There is no page table for this address at all: a whole range, as large as the directory entry covers, is absent.',
    'memory that was freed, together with everything near it',
    'an address that was never mapped: a wild or stale pointer',
    'a null pointer, if the address is near zero',
  ),
  info(
    'pde-size',
    'beyond the shortened table',
    'The page table of this range is declared shorter than the index needs (nv50 and gf100 formats only).',
    'a driver that sized the table for a smaller range',
  ),
  info(
    'pte',
    'page not present',
    'A page table for the neighbourhood exists, but this page is not mapped in it.',
    'an access past the end, or before the start, of a buffer',
    'use of a buffer after it was unmapped while others nearby are still mapped',
  ),
  info(
    'va-limit',
    'address above the limit',
    'The address lies above the end of the address space that the channel declares.',
    'an address with stray high bits',
    'an address space that was set up too small',
  ),
  info(
    'unbound',
    'channel has no usable address space',
    'The instance block of the channel is not bound, or describes no page directory that the chip accepts.',
    'the channel was torn down while the engine still used it',
    'the driver or firmware forgot to bind the instance block, for example after resume',
  ),
  info(
    'priv',
    'privileged page',
    'The page is mapped for privileged access only and the access was not privileged.',
    'user work that reached a mapping of the driver',
    'a page that was unmapped: NVIDIA’s managed memory marks such pages privileged',
  ),
  info(
    'read-only',
    'write to a read-only page',
    'The page is mapped, but read-only.',
    'a program that writes to a buffer it mapped for reading',
    'a userspace driver that placed shader code or constants where the program writes',
  ),
  info('write-only', 'read of a write-only page', 'The page is mapped for writing only.', 'a mapping with wrong flags'),
  info(
    'pitch',
    'pitch mask violation',
    'The access does not fit the pitch of the surface.',
    'a surface with a wrong layout',
  ),
  info(
    'work-creation',
    'work creation memory',
    'A rule for memory from which work is submitted was broken.',
    'a channel whose work-submission memory was not set up',
  ),
  info(
    'aperture',
    'unsupported aperture',
    'The kind of memory that the entry points to can’t be used this way, such as a compressed kind on system memory.',
    'a buffer that was moved to system memory while its entries still say compressed',
  ),
  info(
    'compression',
    'compression failure',
    'Compressed data could not be handled.',
    'compression tags that do not fit',
  ),
  info(
    'kind',
    'unsupported kind',
    'The storage kind in the page table entry is unknown to the chip, or not usable for this access.',
    'a corrupted or half-written page table entry',
    'a driver that picked a kind of another chip',
  ),
  info(
    'region',
    'protected region',
    'The access touches a region of memory that is protected against it.',
    'memory that firmware reserved and the driver did not know about',
    'a virtual machine or a firmware that left another memory layout than the driver expects',
  ),
  info(
    'both-valid',
    'big and small page both valid',
    'The address has a valid small entry and a valid big entry at once.',
    'a driver that changed the page size of a range in the wrong order',
  ),
  info(
    'poisoned',
    'poisoned',
    'The memory holds data, or an entry, marked as bad.',
    'a memory error',
    'a poison value left in an entry',
  ),
  info(
    'atomic',
    'atomic not allowed',
    'An atomic access hit a page on which atomics are disabled.',
    'atomics on memory of another device, or of the host',
  ),
  info(
    'null-dma-object',
    'no DMA object',
    'The engine had no DMA object (memory segment) for the access; page tables were not even consulted.',
    'a channel whose engine state was lost, for example over suspend',
    'a driver that did not bind an object to the engine',
  ),
  info(
    'dma-object-limit',
    'beyond the DMA object',
    'The access lies beyond the limit of the DMA object (memory segment); this is not a page-table miss.',
    'a wrong offset or size given to the engine',
  ),
  info(
    'memory-type',
    'wrong memory type',
    'The storage type of the page does not suit the access.',
    'a surface type that the engine can’t use',
  ),
  info(
    'vram-limit',
    'beyond video memory',
    'The page points beyond the end of video memory.',
    'a corrupted page table entry',
  ),
  info(
    'unknown',
    'reason without a name',
    'The number is not one that the hardware documents.',
    'registers that were never written or are stale: the unit was left running by firmware, or did not answer',
  ),
];

const BY_CODE: ReadonlyMap<ReasonCode, ReasonInfo> = /* @__PURE__ */ new Map(REASONS.map((r) => [r.code, r]));

/** What a reason means. */
export function reasonInfo(code: ReasonCode): ReasonInfo {
  const found = BY_CODE.get(code);
  if (found === undefined) throw new RangeError(`no fault reason ${code}`);
  return found;
}

const NAMES: Readonly<Record<string, ReasonCode>> = {
  PDE: 'pde',
  PT_NOT_PRESENT: 'pde',
  PDE_SIZE: 'pde-size',
  PT_TOO_SHORT: 'pde-size',
  PTE: 'pte',
  PAGE_NOT_PRESENT: 'pte',
  VA_LIMIT_VIOLATION: 'va-limit',
  VM_LIMIT_EXCEEDED: 'va-limit',
  UNBOUND_INST_BLOCK: 'unbound',
  NO_CHANNEL: 'unbound',
  PRIV_VIOLATION: 'priv',
  PAGE_SYSTEM_ONLY: 'priv',
  RO_VIOLATION: 'read-only',
  PAGE_READ_ONLY: 'read-only',
  WO_VIOLATION: 'write-only',
  PITCH_MASK_VIOLATION: 'pitch',
  WORK_CREATION: 'work-creation',
  UNSUPPORTED_APERTURE: 'aperture',
  COMPRESSED_SYSRAM: 'aperture',
  COMPRESSION_FAILURE: 'compression',
  UNSUPPORTED_KIND: 'kind',
  INVALID_STORAGE_TYPE: 'kind',
  REGION_VIOLATION: 'region',
  BOTH_PTES_VALID: 'both-valid',
  POISONED: 'poisoned',
  ATOMIC_VIOLATION: 'atomic',
  NULL_DMAOBJ: 'null-dma-object',
  DMAOBJ_LIMIT: 'dma-object-limit',
  WRONG_MEMTYPE: 'memory-type',
  VRAM_LIMIT: 'vram-limit',
};

const NUMBERS: readonly ReasonCode[] = [
  'pde',
  'pde-size',
  'pte',
  'va-limit',
  'unbound',
  'priv',
  'read-only',
  'write-only',
  'pitch',
  'work-creation',
  'aperture',
  'compression',
  'kind',
  'region',
  'poisoned',
  'atomic',
];

const NV50_NUMBERS: Readonly<Record<number, ReasonCode>> = {
  0: 'pde',
  1: 'pde-size',
  2: 'pte',
  3: 'priv',
  4: 'read-only',
  6: 'null-dma-object',
  7: 'memory-type',
  11: 'vram-limit',
  15: 'dma-object-limit',
};

/** The reason of a printed name, without regard to NVIDIA's `FAULT_` and `FAULT_INFO_TYPE_` prefixes. */
export function reasonOfName(name: string, generations: readonly Generation[]): ReasonCode {
  const plain = name
    .toUpperCase()
    .replace(/^FAULT_/, '')
    .replace(/^INFO_TYPE_/, '');
  // Pascal prints Kepler's names for numbers that mean something else there.
  if (generations.length > 0 && generations.every((g) => g === 'gp100') && !name.startsWith('FAULT_')) {
    if (name === 'BOTH_PTES_VALID') return 'poisoned';
    if (name === 'INFO_TYPE_POISONED') return 'atomic';
  }
  return NAMES[plain] ?? 'unknown';
}

/** The reason of a number. */
export function reasonOfId(id: number, generations: readonly Generation[]): ReasonCode {
  if (generations.length > 0 && generations.every((g) => g === 'nv50')) return NV50_NUMBERS[id] ?? 'unknown';
  const kepler = generations.length > 0 && generations.every((g) => g === 'gk104' || g === 'gm107');
  if (kepler && id === 14) return 'both-valid';
  if (kepler && id === 15) return 'poisoned';
  if (id === 7 && generations.length > 0 && generations.every((g) => g === 'gp100')) return 'unknown';
  return NUMBERS[id] ?? 'unknown';
}
