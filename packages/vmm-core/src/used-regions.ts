import { RbTree } from '@nvmmu/rbtree';
import { InvariantError } from './errors.js';
import { hex, highLane } from './numbers.js';
import { keyLow, type Region } from './region.js';
import { StartIndex } from './start-index.js';

/** Regions that go into the tree at once after a search in it: searches come in swarms. */
const EAGER = 8;

/**
 * The used regions, by their first address and by any address inside.
 *
 * Most calls name a first address, which a hash table finds. The tree for all other addresses is kept up to date only as
 * far as somebody asks: while nobody does, new regions wait outside it until the next search, and those that go before
 * that cost it nothing.
 */
export class UsedRegions {
  readonly #starts = new StartIndex();
  readonly #tree = new RbTree<Region>((a, b) => a.addr - b.addr);
  /** Regions that are not in the tree yet; each knows its place here. */
  readonly #waiting: Region[] = [];
  #eager = 0;

  /** Number of regions. */
  get size(): number {
    return this.#starts.size;
  }

  /** Adds a region that overlaps none of the others. */
  insert(region: Region): void {
    this.#starts.insert(region);
    if (this.#eager > 0) {
      this.#eager--;
      this.#link(region);
      return;
    }
    region.waiting = this.#waiting.length;
    this.#waiting.push(region);
  }

  /** Takes a region out. */
  erase(region: Region): void {
    this.#starts.erase(region);
    const { waiting } = region;
    if (waiting < 0) {
      this.#tree.erase(region);
      return;
    }
    region.waiting = -1;
    const last = this.#waiting.pop();
    if (last === undefined || last === region) return;
    last.waiting = waiting;
    this.#waiting[waiting] = last;
  }

  /** Moves the beginning of a region, which passes no other one. */
  move(region: Region, addr: number): void {
    this.#starts.erase(region);
    region.addr = addr;
    this.#starts.insert(region);
  }

  /** The region that starts at an address. */
  startingAt(addr: number): Region | undefined {
    return this.#starts.find(addr);
  }

  /** The last region that does not begin behind an address. */
  floor(addr: number): Region | undefined {
    if (this.#waiting.length > 0) this.#linkAll();
    this.#eager = EAGER;
    const hi = highLane(addr);
    const lo = keyLow(addr);
    let region = this.#tree.root;
    let below: Region | undefined;
    while (region !== undefined) {
      const at = region.addrHi;
      if (hi === at ? lo < region.addrLo : hi < at) {
        region = region.left;
      } else {
        below = region;
        region = region.right;
      }
    }
    return below;
  }

  /** Checks tree and hash table against each other; see `verify`. */
  verify(): void {
    this.#linkAll();
    this.#tree.verify();
    for (const region of this.#tree) {
      if (this.#starts.find(region.addr) === region) continue;
      throw new InvariantError(`region at ${hex(region.addr)} is not indexed`);
    }
    if (this.#tree.size !== this.#starts.size) throw new InvariantError('tree and index of regions differ');
  }

  /** Brings the tree up to date. */
  #linkAll(): void {
    // One by one from the end: setting an array's length takes V8 longer than most of these.
    for (let region = this.#waiting.pop(); region !== undefined; region = this.#waiting.pop()) {
      region.waiting = -1;
      this.#link(region);
    }
  }

  /** Puts a region into the tree. The list of all regions usually tells its neighbour there: nothing is searched then. */
  #link(region: Region): void {
    let before = region.prev;
    // Two free regions are never neighbours.
    if (before?.used === false) before = before.prev;
    if (before?.used === true && before.waiting < 0) this.#tree.insertAfter(region, before);
    else this.#tree.insert(region);
  }
}
