import { InvariantError } from './errors.js';
import { hex, highLane } from './numbers.js';
import { keyLow, type Region } from './region.js';

const MIN_BITS = 6;

/** Where the search for a region begins: the top bits of a product that depends on all bits of the address. */
function home(lo: number, hi: number, bits: number): number {
  return Math.imul(lo ^ (lo >>> 15) ^ Math.imul(hi, 0x85eb_ca6b), 0x9e37_79b1) >>> (32 - bits);
}

/**
 * The used regions by their first address, which is what most calls name: a hash table with open addressing that is at
 * most half full. A hit is one cache miss for the place and one for the region; in a tree of 20,000 it is ten.
 */
export class StartIndex {
  #places: (Region | undefined)[] = new Array<undefined>(1 << MIN_BITS).fill(undefined);
  #bits = MIN_BITS;
  #size = 0;

  /** The region that starts at an address. */
  find(addr: number): Region | undefined {
    const lo = keyLow(addr);
    const hi = highLane(addr);
    const places = this.#places;
    const mask = places.length - 1;
    for (let at = home(lo, hi, this.#bits); ; at = (at + 1) & mask) {
      const region = places[at];
      if (region === undefined || (region.addrLo === lo && region.addrHi === hi)) return region;
    }
  }

  /** Adds a region; none that starts there is in the table. */
  insert(region: Region): void {
    if (2 * ++this.#size > this.#places.length) this.#grow();
    this.#put(region);
  }

  /** Takes a region out. Those behind it that could not have its place before move up. */
  erase(region: Region): void {
    const places = this.#places;
    const bits = this.#bits;
    const mask = places.length - 1;
    let gap = home(region.addrLo, region.addrHi, bits);
    while (places[gap] !== region) {
      if (places[gap] === undefined) throw new InvariantError(`the region at ${hex(region.addr)} is not indexed`);
      gap = (gap + 1) & mask;
    }
    for (let at = (gap + 1) & mask; ; at = (at + 1) & mask) {
      const other = places[at];
      if (other === undefined) break;
      const wanted = home(other.addrLo, other.addrHi, bits);
      if (((at - wanted) & mask) < ((at - gap) & mask)) continue;
      places[gap] = other;
      gap = at;
    }
    places[gap] = undefined;
    this.#size--;
  }

  #put(region: Region): void {
    const places = this.#places;
    const mask = places.length - 1;
    let at = home(region.addrLo, region.addrHi, this.#bits);
    while (places[at] !== undefined) at = (at + 1) & mask;
    places[at] = region;
  }

  #grow(): void {
    const old = this.#places;
    this.#bits++;
    this.#places = new Array<undefined>(1 << this.#bits).fill(undefined);
    for (const region of old) if (region !== undefined) this.#put(region);
  }
}
