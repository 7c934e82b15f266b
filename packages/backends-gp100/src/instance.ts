// How an instance block names an address space. Words of 32 bits, offsets in bytes:
//
//   0x200  page directory, two words      63:12 address · 11 large pages of 64 KiB · 10 format 2 · 5:4 replayable
//                                         faults (texture, GCC) · 2 volatile · 1:0 target
//   0x208  last address, two words        limit - 1
//   0x21c  ATS and PASID                  0
//   0x298  mask of subcontexts, two words
//   0x2a0  subcontext i at + 16 · i       as 0x200 · two words more, of which the first is ATS and PASID

import {
  type BoundSpace,
  highLane,
  InvariantError,
  lowLane,
  type PooledTable,
  type SpaceTemplate,
  type TableMemory,
} from '@nvmmu/vmm-core';

const DIRECTORY = 0x200 / 4;
const LIMIT = 0x208 / 4;
const ATS = 0x21c / 4;
const SUBCONTEXT_MASK = 0x298 / 4;
const SUBCONTEXT = 0x2a0 / 4;
const SUBCONTEXT_WORDS = 4;
const SUBCONTEXTS = 64;
/** In the place of a directory: target 1, which no memory has. */
const NO_DIRECTORY = 1;

const TARGET_BITS = { vram: 0, host: 2 | (1 << 2), ncoh: 3 } as const;
const FORMAT_2 = 1 << 10;
const LARGE_64K = 1 << 11;
const REPLAY = (1 << 4) | (1 << 5);

/** Bytes of an instance block that ends behind the limit. */
export const INSTANCE_BYTES = 0x210;
/** Bytes of an instance block with subcontexts. The last word written is at 0x698. */
export const SUBCONTEXT_INSTANCE_BYTES: number = (SUBCONTEXT + SUBCONTEXTS * SUBCONTEXT_WORDS) * 4;

/** The top-level directory of a space. Every space of these chips has one. */
export function directoryOf(space: BoundSpace): PooledTable {
  if (space.directory === undefined) throw new InvariantError(`${space.name} has no page directory`);
  return space.directory;
}

/** Binds an address space to an instance block. */
export type Join = NonNullable<SpaceTemplate['join']>;

/**
 * Makes the `join` of Pascal (`gp100_vmm_join`): directory and limit.
 *
 * @param replay - Whether faults of texture and GCC clients are replayable.
 */
export function joinPascal(replay: boolean): Join {
  return (space, inst) => {
    writeDirectory(space, inst.words, replay);
    return undefined;
  };
}

/** As {@link joinPascal}, and binds the first of the subcontexts alone (`gv100_vmm_join`). */
export function joinVolta(replay: boolean): Join {
  return (space, { words }) => {
    writeDirectory(space, words, replay);
    writeSubcontexts(words);
    return undefined;
  };
}

function writeDirectory(space: BoundSpace, words: Uint32Array, replay: boolean): void {
  const { addr, target } = directoryOf(space);
  words[DIRECTORY] = lowLane(addr) | FORMAT_2 | LARGE_64K | TARGET_BITS[target] | (replay ? REPLAY : 0);
  words[DIRECTORY + 1] = highLane(addr);
  // In lanes, because limit - 1 may be 2^57 - 1, which no double can be.
  const limitLo = lowLane(space.limit);
  words[LIMIT] = limitLo - 1;
  words[LIMIT + 1] = highLane(space.limit) - (limitLo === 0 ? 1 : 0);
}

function writeSubcontexts(words: Uint32Array): void {
  words[ATS] = 0;
  for (let i = 0; i < SUBCONTEXTS; i++) {
    const at = SUBCONTEXT + i * SUBCONTEXT_WORDS;
    words[at] = i === 0 ? words[DIRECTORY]! : NO_DIRECTORY;
    words[at + 1] = i === 0 ? words[DIRECTORY + 1]! : NO_DIRECTORY;
    words[at + 2] = 0;
  }
  words[SUBCONTEXT_MASK] = 1;
  words[SUBCONTEXT_MASK + 1] = 0;
}

/** Clears directory and limit. Subcontexts stay as they are: a stale block goes on naming the directory there. */
export function partDirectory(_space: BoundSpace, { words }: TableMemory): void {
  words.fill(0, DIRECTORY, LIMIT + 2);
}
