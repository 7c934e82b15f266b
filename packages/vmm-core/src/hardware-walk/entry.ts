/**
 * Where a physical address points. `host` is snooped (coherent) system memory, `ncoh` system memory that is not, `peer`
 * another device.
 */
export type Aperture = 'vram' | 'peer' | 'host' | 'ncoh';

/** Apertures in the order of their numbers in page entries on formats 1 to 3. */
export const APERTURES: readonly Aperture[] = ['vram', 'peer', 'host', 'ncoh'];

/**
 * What an entry says.
 *
 * - `none`: nothing here; in a large-page table with a partner, the small-page table decides.
 * - `blocked`: nothing here, and the small-page table is not consulted.
 * - `sparse`: not mapped, but accesses do not fault.
 * - `nowhere`: mapped to nowhere, format 3 only.
 * - `page`: a page.
 * - `table`: one table or, in a dual entry, up to two.
 * - `malformed`: a combination that the hardware does not define.
 */
export type EntryState = 'none' | 'blocked' | 'sparse' | 'nowhere' | 'page' | 'table' | 'malformed';

/**
 * What a decoder makes of one entry. A single object serves any number of entries, so that reading a table allocates
 * nothing; which members hold something depends on {@link DecodedEntry.state}, all others are left from before.
 */
export class DecodedEntry {
  state: EntryState = 'none';
  /** `malformed`: what is wrong. */
  problem = '';

  /** `table`: level (index in the format) of the table, or of the large-page table of a dual entry; -1 for none. */
  child = -1;
  childTarget: Exclude<Aperture, 'peer'> = 'vram';
  childAddr = 0;
  /** Entries that the table has; fewer than the level's index can name where the entry declares a size. */
  childEntries = 0;
  /** `table`: level of the small-page table of a dual entry, -1 for none. */
  small = -1;
  smallTarget: Exclude<Aperture, 'peer'> = 'vram';
  smallAddr = 0;
  smallEntries = 0;

  /** `page`: address in bytes of the page; of the first page of the block where `block` is not 0. */
  addr = 0;
  aperture: Aperture = 'vram';
  /** Number of the aperture in the entry, which on integrated chips says something else than `aperture`. */
  apertureCode = 0;
  /** Number of the peer device, for aperture `peer`. */
  peer = 0;
  ro = false;
  priv = false;
  /** Not cached. */
  vol = false;
  /** Atomics are refused. */
  noAtomics = false;
  /** Storage kind. */
  kind = 0;
  /** Compression tag line; a half line counts 0.5. */
  tag = 0;
  /** Tag lines from one page to the next in a compressed run; 0 when not compressed. */
  tagStep = 0;
  /** log2 of the pages in the contiguous block that the entry belongs to, format T. */
  block = 0;

  /** Makes the entry `malformed`. */
  fail(problem: string): void {
    this.state = 'malformed';
    this.problem = problem;
  }
}
