import { once, PAGE, VmmError } from '@nvmmu/vmm-core';
import type { Chip, KindTable, MemoryTarget, PageSize, SpaceTemplate } from '@nvmmu/vmm-core';
import type { ApertureOf } from './aperture.js';
import { flush } from './flush.js';
import { format1, type Format1Chip } from './format.js';
import { join, part } from './instance.js';
import { INSTANCE_BIG_64K, INSTANCE_BYTES } from './layout.js';
import { ADDRESS_BITS, directoryShift, makeLevels, SMALL_SHIFT, type BigShift } from './levels.js';
import { prepareMap, type MapRules } from './valid.js';

/** What tells one chip of the family from another. */
export interface FermiVariant {
  readonly name: Format1Chip;
  /** Whether entries can be sparse. Such chips let each address space choose its big pages, and say so at `join`. */
  readonly sparse: boolean;
  /** Whether an absent big entry can hide the small pages below it. */
  readonly invalid: boolean;
  /** Capabilities of big pages, without `sparse`. */
  readonly bigFlags: number;
  /** Capabilities of 4 KiB pages, without `sparse`. */
  readonly smallFlags: number;
  readonly aperture: ApertureOf;
  readonly kinds: KindTable;
  readonly tableTarget: MemoryTarget;
}

const DEFAULT_BIG_SHIFT = 17;

function checkedBigShift(shift: number, what: string): BigShift {
  if (shift === 16 || shift === 17) return shift;
  throw new VmmError('EINVAL', `${what} ${shift} is neither 16 nor 17`);
}

function pageSizes(variant: FermiVariant, bigShift: BigShift): readonly PageSize[] {
  const { sparse, bigFlags, smallFlags } = variant;
  const { directory, big, small } = makeLevels(bigShift, variant);
  const sparseFlag = sparse ? PAGE.sparse : 0;
  return [
    // A directory entry itself can be sparse. The driver always calls it 128 MiB, which is wrong with 64 KiB pages (KD-44).
    ...(sparse ? [{ shift: directoryShift(bigShift), flags: PAGE.sparse, levels: [directory] }] : []),
    { shift: bigShift, flags: bigFlags | sparseFlag, levels: [big, directory] },
    { shift: SMALL_SHIFT, flags: smallFlags | sparseFlag, levels: [small, directory] },
  ];
}

function makeTemplate(variant: FermiVariant, bigShift: BigShift): SpaceTemplate {
  const { sparse, kinds, aperture } = variant;
  const rules: MapRules = {
    kinds,
    aperture,
    tagShift: bigShift === 16 && !sparse ? 16 : 17,
    hasHalfTags: bigShift === 16 && sparse,
  };
  const format = once(() => format1(variant.name, bigShift, kinds));
  const joinFlags = bigShift === 16 && sparse ? INSTANCE_BIG_64K : 0;
  return {
    pages: pageSizes(variant, bigShift),
    pageBlockShift: 0,
    get format() {
      return format();
    },
    instanceBytes: INSTANCE_BYTES,
    valid: (_space, map, args) => prepareMap(rules, map, args),
    flush,
    join: (space, inst) => {
      join(space, inst, joinFlags);
      return undefined;
    },
    part,
  };
}

/** Makes a chip with the two-level MMU that pairs tables of big and small pages. */
export function fermiChip(variant: FermiVariant): Chip {
  const templates = { 16: once(() => makeTemplate(variant, 16)), 17: once(() => makeTemplate(variant, 17)) };
  return {
    name: variant.name,
    arguments: variant.sparse ? ['bigPage'] : [],
    tableTarget: variant.tableTarget,
    dmaBits: ADDRESS_BITS,
    kinds: variant.kinds,
    mapArguments: ['kind', 'ro', 'priv', 'vol'],
    template: variant.sparse
      ? (_device, { bigPage }) => templates[checkedBigShift(bigPage ?? DEFAULT_BIG_SHIFT, 'big-page shift')]()
      : ({ fbPage }) => templates[checkedBigShift(fbPage, 'framebuffer page shift')](),
  };
}
