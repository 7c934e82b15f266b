import { hex, InvariantError, PAGE, pow2 } from '@nvmmu/vmm-core';
import type { KindTable, MapArguments, MapState, MemoryObject, Refusal } from '@nvmmu/vmm-core';
import type { ApertureOf } from './aperture.js';
import {
  ADDR_SCALE,
  PTE_APERTURE_SHIFT_HI,
  PTE_KIND_SHIFT_HI,
  PTE_PRESENT,
  PTE_PRIV_SHIFT,
  PTE_RO_SHIFT,
  PTE_TAG_SHIFT_HI,
  PTE_VOL_SHIFT_HI,
} from './layout.js';

/** What a chip's argument check depends on. */
export interface MapRules {
  readonly kinds: KindTable;
  readonly aperture: ApertureOf;
  /** log2 of the memory that one compression tag stands for. */
  readonly tagShift: 16 | 17;
  /** Whether a big page has half of what a tag stands for, so that two pages share a tag. */
  readonly hasHalfTags: boolean;
}

/** Tags are counted for whole pieces of this size, whatever a single tag stands for. */
const TAG_ROUND = pow2(17);
const TAG_STEP_HI = 1 << PTE_TAG_SHIFT_HI;

function paddedByte(value: number): string {
  return value.toString(16).padStart(2, '0');
}

/**
 * Gets compression tags for the whole object and puts them into the template.
 *
 * @returns Whether there were any, or why the map is refused.
 */
function takeTags(rules: MapRules, map: MapState, memory: MemoryObject): boolean | Refusal {
  const count = Math.ceil(memory.size / TAG_ROUND) * (TAG_ROUND / pow2(rules.tagShift));
  const first = map.obtainTags(count, true);
  if (first === undefined) return false;
  if (first === 'mismatch') {
    return {
      code: 'EINVAL',
      line: 'comp -22',
      message: `the object has ${memory.tags?.count ?? 0} compression tags where ${count} are needed`,
    };
  }
  if (rules.hasHalfTags) {
    map.hasHalfTags = true;
    map.halfTag = 2 * first + Math.floor(map.offset / pow2(rules.tagShift - 1));
  } else {
    map.typeHi = (first + Math.floor(map.offset / pow2(rules.tagShift))) << PTE_TAG_SHIFT_HI;
    map.nextHi = TAG_STEP_HI;
    map.ctagHi = TAG_STEP_HI;
  }
  return true;
}

/**
 * Checks the arguments of a map and prepares the entry template (`gf100_vmm_valid`).
 *
 * @returns Why the map is refused, or `undefined` when the template is ready.
 * @throws InvariantError when `map` has no memory object.
 */
export function prepareMap(rules: MapRules, map: MapState, args: MapArguments | undefined): Refusal | undefined {
  const { memory, page } = map;
  if (memory === undefined) throw new InvariantError('a map without a memory object was to be checked');
  map.clearTemplate(pow2(page.shift) / ADDR_SCALE, 0);

  const aperture = rules.aperture(memory.target);
  if (aperture === undefined) {
    return { code: 'EINVAL', message: `this chip can't map memory of target ${memory.target}` };
  }
  let kind = args?.kind ?? 0;
  const partner = rules.kinds.table[kind];
  if (partner === undefined || partner === rules.kinds.invalid) {
    return { code: 'EINVAL', line: `kind ${paddedByte(kind)}`, message: `storage kind ${hex(kind)} is not valid` };
  }
  if (partner !== kind) {
    if (aperture !== 0 || (page.flags & PAGE.comp) === 0) {
      return {
        code: 'EINVAL',
        line: `comp ${aperture} ${paddedByte(page.flags)}`,
        message: `compressed storage kind ${hex(kind)} needs aperture 0 and pages that allow it; aperture ${aperture}, page flags ${hex(page.flags)}`,
      };
    }
    const tagged = takeTags(rules, map, memory);
    if (typeof tagged !== 'boolean') return tagged;
    if (!tagged) kind = partner;
  }

  // Coherent memory is volatile unless the map says anything at all.
  const vol = args === undefined ? memory.target === 'host' : (args.vol ?? false);
  map.typeLo =
    PTE_PRESENT | (Number(args?.priv ?? false) << PTE_PRIV_SHIFT) | (Number(args?.ro ?? false) << PTE_RO_SHIFT);
  map.typeHi =
    (map.typeHi |
      (Number(vol) << PTE_VOL_SHIFT_HI) |
      (aperture << PTE_APERTURE_SHIFT_HI) |
      (kind << PTE_KIND_SHIFT_HI)) >>>
    0;
  return undefined;
}
