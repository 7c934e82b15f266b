import type { Level, PageSize } from './backend.js';
import { InvariantError } from './errors.js';
import { inversePow2, isAligned, paddedHex, pow2, shiftRight } from './numbers.js';
import { LOG } from './observer.js';
import type { MapState } from './map-state.js';
import type { PageTable } from './page-table.js';
import type { SpaceState } from './space-state.js';

/** Most levels that a chip has: gh100. */
export const MAX_LEVELS = 6;

const NO_FLUSH = MAX_LEVELS;

/** Page frames on their way into entries: two lanes a frame, and the next one to write. */
export interface FrameCursor {
  readonly lanes: Uint32Array;
  next: number;
}

/** What is written into entries: pages of a memory object, or page frames. */
export type MapSource = MapState | FrameCursor;

/**
 * Position of a traversal of the page tables (`nvkm_vmm_iter`). Level 0 is the leaf of the page size that is walked,
 * `top` the directory that the address space starts with. One object serves all walks of a space, one at a time.
 */
export class Walk {
  readonly space: SpaceState;
  page: PageSize;
  levels: readonly Level[];
  /** The level that is walked at the bottom. */
  leaf: Level;
  /** For a leaf of small pages, the level of its large-page partner. */
  pair: Level | undefined = undefined;
  level = 0;
  top = 0;
  /** What the entries are written from, in walks that write. */
  source: MapSource | undefined = undefined;
  /** Whether the range is sparse, in walks that clear. */
  sparse = false;
  /** Whether entries hold page frames, in walks that clear. */
  frames = false;
  /** Whether mappings end, in walks that end sparseness. */
  endMappings = false;
  /** Entries still to do. */
  remaining = 0;
  /** Index in the table of each level. */
  readonly index: Int32Array = new Int32Array(MAX_LEVELS);
  /** Record of the table of each level; valid from `level` up. */
  readonly tables: PageTable[];
  private flushDepth = NO_FLUSH;

  constructor(space: SpaceState, page: PageSize) {
    this.space = space;
    this.page = page;
    this.levels = page.levels;
    this.leaf = leafOf(page);
    this.tables = new Array<PageTable>(MAX_LEVELS).fill(space.root);
  }

  /** Sets the walk up for a range, whose address and size are multiples of the page size. */
  start(name: string, pageIndex: number, addr: number, size: number): void {
    const { space } = this;
    const page = space.pageAt(pageIndex);
    const { shift, levels } = page;
    if (!isAligned(addr, shift) || !isAligned(size, shift)) {
      throw new InvariantError(`walk "${name}" over a range that is not in whole pages of shift ${shift}`);
    }
    this.page = page;
    this.levels = levels;
    this.leaf = leafOf(page);
    this.pair = this.leaf.type === 'SPT' ? space.largeLevel : undefined;
    this.remaining = shiftRight(size, shift);
    this.flushDepth = NO_FLUSH;
    const { index } = this;
    const { length } = levels;
    let rest = addr * inversePow2(shift);
    for (let i = 0; i < length; i++) {
      const { bits } = levels[i] as Level;
      // As `bitField`: the fraction below falls away.
      index[i] = (rest >>> 0) & ((1 << bits) - 1);
      rest *= inversePow2(bits);
    }
    this.top = length - 1;
    this.tables[this.top] = space.root;
    if (space.logLevel >= LOG.trace) {
      this.level = 0;
      this.trace(`${name}: ${paddedHex(addr, 16)} ${paddedHex(size, 16)} ${shift} ${this.remaining} PTEs`);
    }
    this.level = this.top;
  }

  /** Address that an entry of the table at the bottom stands for. */
  addressOf(entry: number): number {
    let at = this.page.shift;
    let addr = entry * pow2(at);
    for (let level = 1; level <= this.top; level++) {
      at += this.levelAt(level - 1).bits;
      addr += (this.index[level] as number) * pow2(at);
    }
    return addr;
  }

  /** Writes a trace line, with the indices of the levels down to the present one in front. */
  trace(message: string): void {
    const { space, index } = this;
    if (space.logLevel < LOG.trace) return;
    let prefix = '';
    for (let level = this.top; level >= 0; level--) {
      prefix += level >= this.level ? `${(index[level] as number).toString(16).padStart(5, '0')}:` : 'xxxxx:';
    }
    space.log(`${prefix} ${message}`, 'trace');
  }

  /** Notes that an entry of the present level has changed. */
  markFlush(): void {
    const depth = this.top - this.level;
    if (depth < this.flushDepth) this.flushDepth = depth;
  }

  /** Makes the GPU drop what it may have cached of the entries that have changed. */
  flush(): void {
    const depth = this.flushDepth;
    if (depth === NO_FLUSH) return;
    this.flushDepth = NO_FLUSH;
    const { space } = this;
    if (space.template.flush === undefined) return;
    if (space.logLevel >= LOG.trace) this.trace(`flush: ${depth}`);
    space.template.flush(space, depth);
  }

  /** The level descriptor at a level of this walk. */
  levelAt(level: number): Level {
    return this.levels[level] as Level;
  }
}

function leafOf(page: PageSize): Level {
  const leaf = page.levels[0];
  if (leaf === undefined) throw new InvariantError(`page size of shift ${page.shift} has no levels`);
  return leaf;
}
