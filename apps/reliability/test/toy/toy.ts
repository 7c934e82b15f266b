// A backend against the public contract alone: how to describe a chip of one's own.

import {
  PAGE,
  pow2,
  type Chip,
  type Level,
  type ListWriter,
  type PageSize,
  type RunWriter,
  type SpaceTemplate,
} from '@nvmmu/vmm-core';
import {
  BITS,
  PAGE_FIELD_SHIFT,
  RO,
  SPARSE,
  TABLE,
  TABLE_FIELD_SHIFT,
  TABLE_SHIFT,
  toyFormat,
  VALID,
} from './format.js';

const ADDRESS_LIMIT = 2 ** 40;

/** Pages that lie one behind the other: the address grows by one step from entry to entry. */
const writeRun: RunWriter = (words, at, _index, count, addr, map) => {
  let value = addr / pow2(PAGE_FIELD_SHIFT) + map.typeLo;
  for (let i = at; i < at + count; i++) {
    words[i] = value;
    value += map.nextLo;
  }
};

/** Pages of 4 KiB from a list. */
const writeList: ListWriter = (words, at, pages, from, count, map) => {
  for (let i = 0; i < count; i++) words[at + i] = (pages[from + i] as number) / pow2(PAGE_FIELD_SHIFT) + map.typeLo;
};

const directory: Level = {
  type: 'PGD',
  bits: BITS,
  entryBytes: 4,
  align: pow2(TABLE_SHIFT),
  unmapped: [0],
  sparse: [SPARSE],
  encodePde: (child, out) => {
    out[0] = child?.slot0 === undefined ? 0 : child.slot0.addr / pow2(TABLE_FIELD_SHIFT) + TABLE;
    return true;
  },
  sources: [],
};

/** The middle directory, whose entries may be pages of 1 MiB. */
const middle: Level = { ...directory, sources: ['extents', 'scatter'], write: writeRun };

const leaf: Level = {
  type: 'PGT',
  bits: BITS,
  entryBytes: 4,
  align: pow2(TABLE_SHIFT),
  unmapped: [0],
  sparse: [SPARSE],
  sources: ['extents', 'scatter', 'pages'],
  write: writeRun,
  writeList,
};

const { sparse, vram, host } = PAGE;

/** Largest first. */
const pages: readonly PageSize[] = [
  { shift: 28, flags: sparse, levels: [directory] },
  { shift: 20, flags: sparse | vram | host, levels: [middle, directory] },
  { shift: 12, flags: sparse | vram | host, levels: [leaf, middle, directory] },
];

const template: SpaceTemplate = {
  pages,
  pageBlockShift: 0,
  format: toyFormat,
  instanceBytes: 16,
  valid: (_space, map, args) => {
    const { memory, page } = map;
    map.clearTemplate(pow2(page.shift - PAGE_FIELD_SHIFT), 0);
    const end =
      memory === undefined ? 0 : Math.max(...memory.starts.map((start, i) => start + (memory.lengths[i] ?? 0)));
    if (end > ADDRESS_LIMIT)
      return { code: 'EINVAL', message: `memory up to 0x${end.toString(16)}; entries have 40 bits` };
    if ((args?.kind ?? 0) !== 0)
      return { code: 'EINVAL', line: `kind ${args?.kind ?? 0}`, message: 'there are no kinds' };
    map.typeLo = VALID | (args?.ro === true ? RO : 0);
    return undefined;
  },
  join: (space, inst) => {
    inst.words[0] = (space.directory?.addr ?? 0) / pow2(TABLE_SHIFT);
    space.joined.push(inst);
    return undefined;
  },
  part: (space, inst) => {
    inst.words[0] = 0;
    const at = space.joined.indexOf(inst);
    if (at >= 0) space.joined.splice(at, 1);
  },
};

export const toy: Chip = {
  name: 'toy',
  arguments: [],
  tableTarget: 'vram',
  dmaBits: 40,
  kinds: { table: Uint8Array.of(0), invalid: 0xff },
  mapArguments: [],
  template: () => template,
};
