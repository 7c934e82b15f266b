import { PAGE, type Chip } from '@nvmmu/vmm-core';

/** A step of a generated script that uses raw calls. */
export type RawStepName = 'rawGet' | 'rawPut' | 'rawMap' | 'rawUnmap' | 'rawSparse' | 'rawUnsparse';

/** A step of a generated script that uses the client interface, or concerns the device as a whole. */
export type ClientStepName =
  | 'mem'
  | 'get'
  | 'put'
  | 'map'
  | 'remap'
  | 'unmap'
  | 'frames'
  | 'framesOff'
  | 'join'
  | 'part'
  | 'boot'
  | 'engine'
  | 'cacheDump'
  | 'failAlloc'
  | 'dump'
  | 'close';

/** What a step of a generated script can be. A step may be several operations; `space` creates an address space. */
export type StepName = 'space' | ClientStepName | RawStepName;

/** What kind of address space a profile works in. */
export type SpaceChoice = 'plain' | 'managed' | 'raw' | 'small';

/** A flavour of generated scripts. */
export interface Profile {
  readonly name: string;
  readonly description: string;
  /** How often each step comes, relative to the others. */
  readonly steps: Readonly<Partial<Record<StepName, number>>>;
  /** How often each kind of address space comes. */
  readonly spaces: Readonly<Partial<Record<SpaceChoice, number>>>;
  /** In percent: allocations that are sparse, where the page size can be. */
  readonly sparse: number;
  /** In percent: maps with a storage kind that compresses. */
  readonly compressed: number;
  /** In percent: maps of a part, out of those where a part is possible. */
  readonly parts: number;
  /** Page shifts up to which allocations go, apart from the larger ones that can only be sparse. */
  readonly maxShift: number;
  /** In percent: sparse allocations of a page size that can only be sparse. */
  readonly huge: number;
  /** What a chip must be able to do. */
  readonly needs?: 'sparse' | 'frames' | 'dual' | 'compression';
}

const COMMON = { space: 1, mem: 3, get: 14, put: 8, map: 22, remap: 2, unmap: 12, dump: 2 } as const;
const PLAIN = { plain: 1 } as const;
const BASE = { spaces: PLAIN, sparse: 0, compressed: 2, parts: 35, maxShift: 21, huge: 0 } as const;
const RAW = { rawGet: 16, rawMap: 18, rawUnmap: 12, rawPut: 12 } as const;

/** The profiles of generated scripts. */
export const PROFILES: readonly Profile[] = [
  {
    ...BASE,
    name: 'small',
    description: 'small pages: get, map, unmap, put, whole and in parts',
    steps: { ...COMMON, join: 1, part: 1 },
    maxShift: 12,
  },
  {
    ...BASE,
    name: 'dual',
    description: 'small and large pages that share page tables',
    steps: COMMON,
    needs: 'dual',
  },
  {
    ...BASE,
    name: 'sparse',
    description: 'sparse allocations with maps inside, up to the largest page sizes',
    steps: COMMON,
    sparse: 60,
    huge: 15,
    needs: 'sparse',
  },
  {
    ...BASE,
    name: 'compression',
    description: 'compressed kinds that compete for few tags',
    steps: { ...COMMON, remap: 6 },
    compressed: 65,
    needs: 'compression',
  },
  {
    ...BASE,
    name: 'frames',
    description: 'page frames mapped and cleared, beside memory objects',
    steps: { ...COMMON, map: 6, unmap: 4, frames: 24, framesOff: 16 },
    spaces: { plain: 1, managed: 2 },
    sparse: 15,
    needs: 'frames',
  },
  {
    ...BASE,
    name: 'managed',
    description: 'spaces that leave most addresses to the client',
    steps: { ...COMMON, get: 6 },
    spaces: { managed: 1 },
    sparse: 10,
  },
  {
    ...BASE,
    name: 'raw',
    description: 'raw calls: references, entries and sparse ranges that overlap in time',
    steps: {
      ...RAW,
      space: 1,
      mem: 3,
      get: 3,
      put: 2,
      map: 3,
      unmap: 2,
      rawSparse: 5,
      rawUnsparse: 5,
      dump: 1,
      close: 1,
    },
    spaces: { raw: 1 },
  },
  {
    ...BASE,
    name: 'boot',
    description: 'small spaces whose tables are all built at once, before and after maps',
    steps: { ...COMMON, space: 2, boot: 3, close: 2, join: 1, part: 1 },
    spaces: { small: 1 },
    sparse: 15,
  },
  {
    ...BASE,
    name: 'failures',
    description: 'page-table memory that runs out now and then',
    steps: { ...COMMON, failAlloc: 14, cacheDump: 4, frames: 4, framesOff: 2 },
    spaces: { plain: 2, managed: 1 },
    sparse: 25,
  },
  {
    ...BASE,
    name: 'mixed',
    description: 'everything, in several address spaces',
    steps: {
      ...COMMON,
      ...RAW,
      space: 3,
      close: 2,
      boot: 1,
      join: 2,
      part: 2,
      engine: 2,
      cacheDump: 1,
      failAlloc: 1,
      frames: 5,
      framesOff: 3,
      rawSparse: 4,
      rawUnsparse: 4,
    },
    spaces: { plain: 4, managed: 2, raw: 2, small: 1 },
    sparse: 25,
    compressed: 12,
    huge: 5,
  },
];

/** Whether a chip can do what a profile needs; all chips can do what is not special. */
export function suits(profile: Profile, chip: Chip): boolean {
  const { pages } = chip.template({ fbPage: 17, stolen: 0 }, {});
  switch (profile.needs) {
    case 'sparse':
      return pages.some(({ levels }) => levels[0]?.sparse !== undefined);
    case 'frames':
      return pages.some(({ levels }) => levels[0]?.frames !== undefined);
    case 'dual':
      return pages.some(({ levels }) => levels[0]?.type === 'LPT');
    case 'compression':
      return pages.some(({ flags }) => (flags & PAGE.comp) !== 0);
    default:
      return true;
  }
}
