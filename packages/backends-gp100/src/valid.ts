import {
  highLane,
  InvariantError,
  type KindTable,
  lowLane,
  type MapState,
  type MemoryTarget,
  PAGE,
  pow2,
  type Refusal,
  shiftRight,
  type SpaceTemplate,
} from '@nvmmu/vmm-core';
import type { Apertures } from './apertures.js';
import * as v2 from './entries-2.js';
import * as v3 from './entries-3.js';

/** What a chip makes of map arguments: it fills the entry template or refuses. */
export type Valid = SpaceTemplate['valid'];

/** log2 of the memory that one compression tag line covers. */
const TAG_LINE_SHIFT = 16;

/** Checks map arguments and makes the template of format 2 entries (`gp100_vmm_valid`). */
export function validFormat2(apertures: Apertures, kinds: KindTable): Valid {
  return (_space, map, args) => {
    const memory = mapped(map);
    const { shift } = map.page;
    const next = pow2(shift - v2.ADDR_SHIFT);
    map.clearTemplate(lowLane(next), highLane(next));

    const aperture = apertures[memory.target];
    if (aperture === undefined) return noAperture(memory.target);
    const asked = args?.kind ?? 0;
    const partner = partnerOf(kinds, asked);
    if (partner === undefined) return badKind(asked, kinds);

    let kind = asked;
    if (partner !== asked) {
      if (aperture !== 0 || (map.page.flags & PAGE.comp) === 0) return notCompressible(aperture, map, asked);
      // The object's tags cover all of it, whatever part is mapped.
      const lines = shiftRight(memory.size, TAG_LINE_SHIFT);
      const first = map.obtainTags(lines, true);
      if (first === 'mismatch') return otherTags(lines, map);
      if (first === undefined) kind = partner;
      else startTags(map, first + shiftRight(map.offset, TAG_LINE_SHIFT), shift);
    }

    const vol = args === undefined ? memory.target === 'host' : (args.vol ?? false);
    map.typeLo = v2.PTE_VALID | (aperture << v2.PTE_APERTURE_SHIFT);
    if (vol) map.typeLo |= v2.PTE_VOL;
    if (args?.priv === true) map.typeLo |= v2.PTE_PRIV;
    if (args?.ro === true) map.typeLo |= v2.PTE_RO;
    map.typeHi = (map.typeHi | (kind << v2.PTE_KIND_SHIFT_HI)) >>> 0;
    return undefined;
  };
}

/**
 * Checks map arguments and makes the template of format 3 entries (`gh100_vmm_valid`). There are no tags here, and
 * compressible kinds are written as they are; uncached is chosen by the memory alone.
 */
export function validFormat3(apertures: Apertures, kinds: KindTable): Valid {
  return (_space, map, args) => {
    const memory = mapped(map);
    const next = pow2(map.page.shift);
    map.clearTemplate(lowLane(next), highLane(next));

    const aperture = apertures[memory.target];
    if (aperture === undefined) return noAperture(memory.target);
    const kind = args?.kind ?? 0;
    if (partnerOf(kinds, kind) === undefined) return badKind(kind, kinds);

    let pcf: number = v3.PCF.noAccessCounters;
    if (memory.target === 'host') pcf |= v3.PCF.uncached;
    if (args?.priv === true) pcf |= v3.PCF.priv;
    if (args?.ro === true) pcf |= v3.PCF.ro;
    map.typeLo =
      v3.PTE_VALID | (aperture << v3.PTE_APERTURE_SHIFT) | (pcf << v3.PCF_SHIFT) | (kind << v3.PTE_KIND_SHIFT);
    return undefined;
  };
}

/** Starts the template at tag line `line`; each page takes as many lines as it covers. */
function startTags(map: MapState, line: number, shift: number): void {
  // Multiplied, not shifted: lines beyond the field run over as they do in 64 bits.
  map.typeHi = (line * pow2(v2.PTE_TAG_SHIFT_HI)) >>> 0;
  map.ctagHi = pow2(shift - TAG_LINE_SHIFT + v2.PTE_TAG_SHIFT_HI);
  map.nextHi += map.ctagHi;
}

/** The uncompressed partner of a kind, or `undefined` for one that the chip does not have. */
function partnerOf({ table, invalid }: KindTable, kind: number): number | undefined {
  const partner = table[kind];
  return partner === invalid ? undefined : partner;
}

function mapped(map: MapState): NonNullable<MapState['memory']> {
  if (map.memory === undefined) throw new InvariantError('map arguments are checked before there is an object');
  return map.memory;
}

function noAperture(target: MemoryTarget): Refusal {
  return { code: 'EINVAL', message: `${target} memory has no aperture on this chip` };
}

function badKind(kind: number, { table }: KindTable): Refusal {
  const bound = kind < table.length ? 'not valid on this chip' : `above the last, ${hexKind(table.length - 1)}`;
  return {
    code: 'EINVAL',
    line: `kind ${hexKind(kind).slice(2)}`,
    message: `kind ${hexKind(kind)} is ${bound}`,
  };
}

function notCompressible(aperture: number, { page }: MapState, kind: number): Refusal {
  const flags = page.flags.toString(16).padStart(2, '0');
  const why =
    aperture !== 0 ? `memory of aperture ${aperture}, only of 0` : `pages of 2^${page.shift} bytes on this chip`;
  return {
    code: 'EINVAL',
    line: `comp ${aperture} ${flags}`,
    message: `compressed kind ${hexKind(kind)} can't be used for ${why}`,
  };
}

function otherTags(lines: number, { memory }: MapState): Refusal {
  return {
    code: 'EINVAL',
    line: 'comp -22',
    message: `the object has ${memory?.tags?.count ?? 0} compression tag lines where ${lines} are needed`,
  };
}

function hexKind(kind: number): string {
  return `0x${kind.toString(16).padStart(2, '0')}`;
}
