import { hex, highLane, InvariantError, lowLane, PAGE, pow2 } from '@nvmmu/vmm-core';
import type { MapArguments, MapState, Refusal } from '@nvmmu/vmm-core';
import { KIND_INVALID, KIND_MASK, teslaKinds } from './kinds.js';
import {
  PTE_COMP_SHIFT_HI,
  PTE_KIND_SHIFT_HI,
  PTE_PRESENT,
  PTE_PRIV_SHIFT,
  PTE_RO_SHIFT,
  PTE_TAG_SHIFT_HI,
  PTE_TARGET_SHIFT,
  TARGET,
} from './layout.js';

const COMP_MASK = 3;
/** log2 of the memory that one compression tag stands for, for each step of the compression mode. */
const TAG_SHIFT = 16;

function paddedByte(value: number): string {
  return value.toString(16).padStart(2, '0');
}

/**
 * Checks the arguments of a map and prepares the entry template (`nv50_vmm_valid`).
 *
 * @param stolen - Base of stolen system memory, 0 where video memory is on the card.
 * @returns Why the map is refused, or `undefined` when the template is ready.
 * @throws InvariantError when `map` has no memory object.
 */
export function prepareMap(stolen: number, map: MapState, args: MapArguments | undefined): Refusal | undefined {
  const { memory, page } = map;
  if (memory === undefined) throw new InvariantError('a map without a memory object was to be checked');
  map.clearTemplate(pow2(page.shift), 0);

  const isStolen = memory.target === 'vram' && stolen !== 0;
  const target = isStolen ? TARGET.ncoh : TARGET[memory.target];
  const kind = (args?.kind ?? 0) & KIND_MASK;
  const comp = (args?.comp ?? 0) & COMP_MASK;

  const needs = teslaKinds.table[kind]!;
  if (needs === KIND_INVALID) {
    return { code: 'EINVAL', line: `kind ${paddedByte(kind)}`, message: `storage kind ${hex(kind)} is not valid` };
  }
  // The type of the first extent stands for all; host memory has no banks to swizzle.
  if (memory.kind === 'extents' && memory.type !== needs) {
    return {
      code: 'EINVAL',
      line: `kind ${paddedByte(kind)} bankswz: ${needs} ${memory.type}`,
      message: `storage kind ${hex(kind)} needs memory of type ${needs}, the object has type ${memory.type}`,
    };
  }

  if (comp !== 0) {
    if (target !== TARGET.vram || (page.flags & PAGE.comp) === 0) {
      return {
        code: 'EINVAL',
        line: `comp ${target} ${paddedByte(page.flags)}`,
        message: `compression needs video memory on the card and pages that allow it; target ${target}, page flags ${hex(page.flags)}`,
      };
    }
    const tags = Math.floor(memory.size / pow2(TAG_SHIFT)) * comp;
    const first = map.obtainTags(tags, false);
    if (first === 'mismatch') {
      return {
        code: 'EINVAL',
        line: 'comp -22',
        message: `the object has ${memory.tags?.count ?? 0} compression tags where ${tags} are needed`,
      };
    }
    if (first !== undefined) {
      const tag = first + Math.floor(map.offset / pow2(TAG_SHIFT)) * comp;
      map.ctagHi = comp << PTE_TAG_SHIFT_HI;
      map.nextHi = map.ctagHi;
      map.typeHi = (comp << PTE_COMP_SHIFT_HI) | (tag << PTE_TAG_SHIFT_HI);
    }
  }

  // Without a stolen base the address of the first page is all that is added to the template.
  map.typeLo =
    ((isStolen ? lowLane(stolen) : 0) |
      PTE_PRESENT |
      (Number(args?.ro ?? false) << PTE_RO_SHIFT) |
      (target << PTE_TARGET_SHIFT) |
      (Number(args?.priv ?? false) << PTE_PRIV_SHIFT)) >>>
    0;
  map.typeHi = (map.typeHi | (isStolen ? highLane(stolen) : 0) | (kind << PTE_KIND_SHIFT_HI)) >>> 0;
  return undefined;
}
