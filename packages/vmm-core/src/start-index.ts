import { InvariantError } from './errors.js';
import { hex, highLane } from './numbers.js';
import { keyLow, type Region } from './region.js';

const MIN_BITS = 6;

/**
 * A hash of an address, odd for 0 to stand for an empty place. Its top bits, which depend on all bits of the address, are
 * where the search begins.
 */
function hashOf(lo: number, hi: number): number {
  return Math.imul(lo ^ (lo >>> 15) ^ Math.imul(hi, 0x85eb_ca6b), 0x9e37_79b1) | 1;
}

/**
 * The used regions by their first address, which is what most calls name: a hash table with open addressing that is at
 * most three quarters full. A hit is one cache miss for the hash, one for the place and one for the region; in a tree of
 * 20,000 it is ten. Regions that only stand in the way are never touched: their hashes say where they belong.
 */
export class StartIndex {
  #hashes = new Int32Array(1 << MIN_BITS);
  #regions: (Region | undefined)[] = new Array<undefined>(1 << MIN_BITS).fill(undefined);
  /** What leaves the bits of a place of a hash. */
  #shift = 32 - MIN_BITS;
  #size = 0;

  /** Number of regions. */
  get size(): number {
    return this.#size;
  }

  /** The region that starts at an address. */
  find(addr: number): Region | undefined {
    const lo = keyLow(addr);
    const hi = highLane(addr);
    const hash = hashOf(lo, hi);
    const hashes = this.#hashes;
    const mask = hashes.length - 1;
    for (let at = hash >>> this.#shift; ; at = (at + 1) & mask) {
      const other = hashes[at];
      if (other === 0) return undefined;
      if (other !== hash) continue;
      const region = this.#regions[at];
      if (region !== undefined && region.addrLo === lo && region.addrHi === hi) return region;
    }
  }

  /** Adds a region; none that starts there is in the table. */
  insert(region: Region): void {
    if (4 * ++this.#size > 3 * this.#hashes.length) this.#grow();
    this.#put(hashOf(region.addrLo, region.addrHi), region);
  }

  /** Takes a region out. Those behind it that could not have its place before move up. */
  erase(region: Region): void {
    const hashes = this.#hashes;
    const regions = this.#regions;
    const shift = this.#shift;
    const mask = hashes.length - 1;
    let gap = hashOf(region.addrLo, region.addrHi) >>> shift;
    while (regions[gap] !== region) {
      if (hashes[gap] === 0) throw new InvariantError(`the region at ${hex(region.addr)} is not indexed`);
      gap = (gap + 1) & mask;
    }
    for (let at = (gap + 1) & mask; ; at = (at + 1) & mask) {
      const other = hashes[at] as number;
      if (other === 0) break;
      if (((at - (other >>> shift)) & mask) < ((at - gap) & mask)) continue;
      hashes[gap] = other;
      regions[gap] = regions[at];
      gap = at;
    }
    hashes[gap] = 0;
    regions[gap] = undefined;
    this.#size--;
  }

  #put(hash: number, region: Region): void {
    const hashes = this.#hashes;
    const mask = hashes.length - 1;
    let at = hash >>> this.#shift;
    while (hashes[at] !== 0) at = (at + 1) & mask;
    hashes[at] = hash;
    this.#regions[at] = region;
  }

  #grow(): void {
    const hashes = this.#hashes;
    const regions = this.#regions;
    this.#shift--;
    this.#hashes = new Int32Array(2 * hashes.length);
    this.#regions = new Array<undefined>(2 * hashes.length).fill(undefined);
    for (let at = 0; at < hashes.length; at++) {
      const region = regions[at];
      if (region !== undefined) this.#put(hashes[at] as number, region);
    }
  }
}
