import type { Link } from './link.js';

/** A script to learn from. */
export interface Example {
  readonly id: string;
  readonly title: string;
  /** A paragraph that says what to look at, and why it is so. */
  readonly lesson: string;
  readonly chip: string;
  readonly text: string;
  /** What is shown first. */
  readonly open: Link;
  /** A kernel log that belongs to it. */
  readonly log?: string;
}

const script = (title: string, ...operations: readonly Record<string, unknown>[]): string =>
  [{ format: 'vmm-script', version: 1, title }, ...operations].map((line) => JSON.stringify(line)).join('\n') + '\n';

const DUAL_PAGES = script(
  'Two page sizes share two megabytes',
  { op: 'device', chip: 'gp100' },
  { op: 'vmm', id: 'app' },
  { op: 'join', inst: 'channel' },
  { op: 'mem', id: 'texture', target: 'vram', page: 16, extents: [['0x8000000', '0x80000']] },
  { op: 'mem', id: 'upload', target: 'host', dmaRange: ['0x40000000', 24] },
  { op: 'get', id: 'a', size: '0x80000', page: 16 },
  { op: 'map', vma: 'a', mem: 'texture', kind: 0 },
  { op: 'get', id: 'b', size: '0x18000', page: 12 },
  { op: 'map', vma: 'b', mem: 'upload', ro: true },
  { op: 'get', id: 'c', size: '0x10000', page: 16 },
  { op: 'mem', id: 'small', target: 'vram', page: 16, extents: [['0x9000000', '0x10000']] },
  { op: 'map', vma: 'c', mem: 'small' },
  { op: 'unmap', vma: 'b' },
  { op: 'put', vma: 'b' },
  { op: 'put', vma: 'c' },
  { op: 'put', vma: 'a' },
);

const SPARSE = script(
  'A sparse texture gets its first tiles',
  { op: 'device', chip: 'tu102' },
  { op: 'vmm', id: 'app' },
  { op: 'join', inst: 'channel' },
  { op: 'get', id: 'texture', size: '0x40000000', sparse: true, align: 30 },
  { op: 'mem', id: 'tile0', target: 'vram', page: 16, extents: [['0x10000000', '0x10000']] },
  { op: 'map', vma: 'texture', delta: '0x200000', size: '0x10000', mem: 'tile0' },
  { op: 'mem', id: 'tile1', target: 'vram', page: 21, extents: [['0x20000000', '0x200000']] },
  { op: 'map', vma: 'texture', delta: '0x20000000', size: '0x200000', mem: 'tile1' },
  { op: 'unmap', vma: 'texture', delta: '0x200000' },
  { op: 'unmap', vma: 'texture', delta: '0x20000000' },
  { op: 'put', vma: 'texture' },
);

const COMPRESSION = script(
  'Compressed pages and the tags they need',
  { op: 'device', chip: 'gk104', tags: 16 },
  { op: 'vmm', id: 'app' },
  { op: 'join', inst: 'channel' },
  { op: 'mem', id: 'depth', target: 'vram', page: 17, extents: [['0x4000000', '0x100000']] },
  { op: 'mem', id: 'colour', target: 'vram', page: 17, extents: [['0x6000000', '0x100000']] },
  { op: 'mem', id: 'late', target: 'vram', page: 17, extents: [['0x8000000', '0x80000']] },
  { op: 'get', id: 'd', size: '0x100000', page: 17 },
  { op: 'get', id: 'c', size: '0x100000', page: 17 },
  { op: 'get', id: 'l', size: '0x80000', page: 17 },
  { op: 'map', vma: 'd', mem: 'depth', kind: 219 },
  { op: 'map', vma: 'c', mem: 'colour', kind: 219 },
  { op: 'map', vma: 'l', mem: 'late', kind: 219 },
  { op: 'unmap', vma: 'd' },
  { op: 'unmap', vma: 'l' },
  { op: 'map', vma: 'l', mem: 'late', kind: 219 },
);

const SPLIT = script(
  'One allocation is split and merged again',
  { op: 'device', chip: 'gm200' },
  { op: 'vmm', id: 'app' },
  { op: 'join', inst: 'channel' },
  { op: 'mem', id: 'm', target: 'vram', page: 12, extents: [['0x2000000', '0x40000']] },
  { op: 'get', id: 'heap', size: '0x40000', type: 'ptes', page: 12 },
  { op: 'map', vma: 'heap', delta: '0x10000', size: '0x8000', mem: 'm' },
  { op: 'map', vma: 'heap', delta: '0x20000', size: '0x10000', mem: 'm', offset: '0x10000' },
  { op: 'map', vma: 'heap', size: '0x50000', mem: 'm' },
  { op: 'map', vma: 'heap', delta: '0x18000', size: '0x8000', mem: 'm', offset: '0x8000', ro: true },
  { op: 'unmap', vma: 'heap', delta: '0x18000' },
  { op: 'unmap', vma: 'heap', delta: '0x10000' },
  { op: 'unmap', vma: 'heap', delta: '0x20000' },
  { op: 'put', vma: 'heap' },
);

const USE_AFTER_UNMAP = script(
  'The GPU still uses a buffer that was unmapped',
  { op: 'device', chip: 'gk104' },
  { op: 'vmm', id: 'glxgears' },
  { op: 'join', inst: 'channel' },
  { op: 'mem', id: 'vertices', target: 'vram', page: 12, extents: [['0x3000000', '0x20000']] },
  { op: 'mem', id: 'fence', target: 'host', dmaRange: ['0x7f000000', 1] },
  { op: 'get', id: 'v', size: '0x20000', page: 12, align: 20 },
  { op: 'get', id: 'f', size: '0x1000', page: 12 },
  { op: 'map', vma: 'v', mem: 'vertices' },
  { op: 'map', vma: 'f', mem: 'fence' },
  { op: 'unmap', vma: 'v' },
  { op: 'put', vma: 'v' },
);

const FAULT_LOG = `[  812.004713] nouveau 0000:01:00.0: fifo: fault 00 [READ] at 0000000000008000 engine 00 [GR] client 04 [GPC0/T1_3] reason 02 [PTE] on channel 2 [003f9d5000 glxgears[2317]]
[  812.004722] nouveau 0000:01:00.0: fifo: channel 2: killed
[  812.004725] nouveau 0000:01:00.0: fifo: runlist 0: scheduled for recovery
[  812.004730] nouveau 0000:01:00.0: fifo: engine 0: scheduled for recovery
`;

/** The scripts of the start page. */
export const EXAMPLES: readonly Example[] = [
  {
    id: 'dual-pages',
    title: 'Two page sizes, one range',
    lesson:
      'Pascal can map 4 KiB and 64 KiB pages inside the same two megabytes. The directory entry above is 128 bits wide ' +
      'and points at two tables: one of 32 large pages and one of 512 small ones, for the same addresses. Where the ' +
      'large entry says “nothing”, the small table decides. Step through and watch the second table appear, and go ' +
      'again when its last page is released.',
    chip: 'gp100',
    text: DUAL_PAGES,
    open: { step: 11, view: 'tables', at: 0x0n, level: 'SPT' },
  },
  {
    id: 'sparse',
    title: 'A gigabyte that costs almost nothing',
    lesson:
      'A sparse allocation promises that accesses do not fault: reads give zero, writes vanish. The driver says so as high ' +
      'up in the tree as it can, so a gigabyte takes a few entries and no page tables. When a tile is mapped, ' +
      'tables grow below it, and all their other entries must be filled as sparse, or the promise would be broken there.',
    chip: 'tu102',
    text: SPARSE,
    open: { step: 5, view: 'tables', at: 0x200000n, level: 'LPT' },
  },
  {
    id: 'compression',
    title: 'Compression and its tags',
    lesson:
      'A compressed page needs a tag line in the memory controller, and those are few. The first two maps take all ' +
      'sixteen; the third asks for compression too, gets none, and is mapped uncompressed: no error, only a different ' +
      'kind in the entry. Once tags are free again, mapping it anew gives it some. Compare the “kind” and “tag” fields of ' +
      'the entries before and after.',
    chip: 'gk104',
    text: COMPRESSION,
    open: { step: 9, view: 'tables', at: 0x0n, level: 'LPT', entry: 0 },
  },
  {
    id: 'split-merge',
    title: 'Split and merge',
    lesson:
      'Mapping only a part of an allocation splits its region; the pieces remember that they belong together. A map that ' +
      'reaches past the end is refused and leaves everything as it was. Unmapping a piece merges it with unmapped neighbours, until ' +
      'one region is left, and one “put” releases whatever remains.',
    chip: 'gm200',
    text: SPLIT,
    open: { step: 8, view: 'space' },
  },
  {
    id: 'use-after-unmap',
    title: 'A fault: use after unmap',
    lesson:
      'The commonest bug of all: the program has released a buffer, and a shader still reads it. The kernel log says “fault … ' +
      'reason 02 [PTE]”. Open the log, click the fault, and walk its address in the tables as they were: the entry is ' +
      'empty. Then step back to see what was mapped there, and which operation took it away.',
    chip: 'gk104',
    text: USE_AFTER_UNMAP,
    open: { step: 10, view: 'explain' },
    log: FAULT_LOG,
  },
];
