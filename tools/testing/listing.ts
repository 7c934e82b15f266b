// Checks of what listings, walks and annotations say about page tables.

import {
  annotate,
  encodeEntry,
  fieldValues,
  type LevelFormat,
  listRanges,
  type MappedRange,
  type MemoryImage,
  type MmuFormat,
  type Root,
  type TableRange,
  walk,
  type WalkResult,
} from '@nvmmu/vmm-core';
import fc from 'fast-check';
import { expect } from 'vitest';
import { rootAt, Words64 } from './table-image.js';

type Page = Pick<MappedRange, 'aperture' | 'shift' | 'ro' | 'priv' | 'vol'>;

function briefPage({ aperture, shift, ro, priv, vol }: Page, addr: bigint): string {
  const flags = [ro && 'ro', priv && 'priv', vol && 'vol'].filter((flag) => flag !== false);
  return [`${aperture} 0x${addr.toString(16)} ${shift}`, ...flags].join(' ');
}

/** What a walk says, short: for comparing with expectations. */
export function brief(result: WalkResult): string {
  switch (result.kind) {
    case 'mapped':
      return briefPage(result, result.addr);
    case 'sparse':
    case 'nowhere':
      return `${result.kind} ${result.shift}`;
    case 'fault':
      return `fault ${result.reason ?? '-'} ${result.level ?? '-'}`;
    case 'malformed':
      return `malformed ${result.level}`;
    case 'unreadable':
      return `unreadable ${result.level ?? '-'}`;
  }
}

/** The line of a listing that holds `va`, in the words of {@link brief}; without the level for faults. */
function briefRange(ranges: readonly TableRange[], va: bigint): string {
  const range = ranges.find((candidate) => va >= candidate.va && va < candidate.va + candidate.size);
  if (range === undefined) return 'fault';
  switch (range.kind) {
    case 'mapped':
      return briefPage(range, range.addr + va - range.va);
    case 'sparse':
    case 'nowhere':
      return `${range.kind} ${range.shift}`;
    case 'problem':
      return range.problem;
  }
}

/** Checks at `vas` that the listing and the walk say the same. */
function expectListed(format: MmuFormat, image: MemoryImage, root: Root, vas: Iterable<bigint>): void {
  const ranges = [...listRanges(format, image, root)];
  let last = 0n;
  for (const range of ranges) {
    expect(range.va >= last, `ranges in order at ${range.va}`).toBe(true);
    last = range.va + range.size;
  }
  for (const va of vas) {
    const walked = walk(format, image, root, va);
    const listed = briefRange(ranges, va);
    // Directory loops and the like are not followed by a listing, while a walk ends by itself.
    if (listed === 'loop' || listed === 'repeat') continue;
    const said =
      walked.kind === 'fault'
        ? walked.cause === 'both'
          ? 'conflict'
          : 'fault'
        : walked.kind === 'malformed' || walked.kind === 'unreadable'
          ? walked.kind
          : brief(walked);
    expect(listed, `at 0x${va.toString(16)}`).toBe(said);
  }
}

/** Tables with random entries, for {@link checkListings}. */
export interface RandomTables {
  /** Entries that make sense often enough for a walk to get deep; tables are at 0x100000 and the pages behind. */
  readonly entry: fc.Arbitrary<bigint>;
  /** Pages of tables. */
  readonly pages: number;
  /** Entries at the start of each page that may have content. */
  readonly slots: number;
  /** Makes any address one that such entries cover. */
  readonly near: (va: bigint) => bigint;
  /** Images to try. */
  readonly runs: number;
}

/** Checks that a listing says what the walk says, whatever the memory holds. */
export function checkListings(format: MmuFormat, { entry, pages, slots, near, runs }: RandomTables): void {
  const places = fc.record({
    page: fc.integer({ min: 0, max: pages - 1 }),
    at: fc.integer({ min: 0, max: slots - 1 }),
    value: entry,
  });
  const addresses = fc.array(fc.bigInt({ min: 0n, max: (1n << BigInt(format.vaBits)) - 1n }));
  fc.assert(
    fc.property(fc.array(places, { maxLength: 60 }), addresses, (list, vas) => {
      const words = new Words64();
      for (let page = 0n; page < pages; page++) words.set(0x100000n + (page << 12n), 0n);
      for (const { page, at, value } of list) words.set(0x100000n + BigInt((page << 12) + 8 * at), value);
      expectListed(format, words.image(), rootAt(0x100000n), [...vas, ...vas.map(near)]);
    }),
    { numRuns: runs },
  );
}

/** Checks that any entry of a level, taken apart and put together, is what it was, less its undefined bits. */
export function checkFieldRoundTrip(level: LevelFormat): void {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << BigInt(8 * level.entryBytes)) - 1n }), (value) => {
      const read = annotate(level, value);
      expect(encodeEntry(level, read.layout, fieldValues(read))).toBe(value & ~read.undefinedBits);
    }),
  );
}
