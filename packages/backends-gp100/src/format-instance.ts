import { field, fieldValue, type InstanceFormat, type InstanceResult, type InstanceWord } from '@nvmmu/vmm-core';

const TARGET = field('target', 1, 0, 'memory that holds the directory', {
  values: { 0: 'video memory', 1: 'invalid', 2: 'coherent system memory', 3: 'non-coherent system memory' },
});
const VOL = field('vol', 2, 2, 'the directory is not cached');
const REPLAY_TEX = field('replay-tex', 4, 4, 'faults of texture clients are replayable');
const REPLAY_GCC = field('replay-gcc', 5, 5, 'faults of GCC clients are replayable');
const VERSION = field('format', 10, 10, 'format of the tables', { values: { 0: 'two levels', 1: 'version 2' } });
const BIG_PAGE = field('big-page', 11, 11, 'big pages', { values: { 0: '128 KiB', 1: '64 KiB' } });
const ADDR = field('addr', 63, 12, 'address of the directory', { shift: 12 });
const LIMIT = field('limit', 63, 0, 'last valid address; not checked from Volta on');
const PASID = field('pasid', 19, 0, 'PASID');
const ATS = field('ats', 31, 31, 'ATS is in use');

const DIRECTORY = 0x200;
const DIRECTORY_LIMIT = 0x208;
const SUBCONTEXT = 0x2a0;
const SUBCONTEXT_BYTES = 0x10;
const SUBCONTEXTS = 64;

const TARGETS = ['vram', undefined, 'host', 'ncoh'] as const;

/** What differs between the chips that have this instance block. */
export interface InstanceTraits {
  /** Whether the limit word is checked. */
  readonly limit: boolean;
  /** Whether bit 10 must name the new format. */
  readonly formatBit: boolean;
  /** Whether bit 11 must name 64 KiB pages. */
  readonly needsBigPage: boolean;
  /** Whether there are subcontext words. */
  readonly subcontexts: boolean;
}

function wordList(traits: InstanceTraits): InstanceWord[] {
  const directory = [TARGET, VOL, REPLAY_TEX, REPLAY_GCC, VERSION, BIG_PAGE, ADDR];
  const words: InstanceWord[] = [
    { offset: DIRECTORY, fields: directory },
    { offset: DIRECTORY_LIMIT, fields: [LIMIT] },
  ];
  if (!traits.subcontexts) return words;
  words.push({ offset: 0x298, fields: [field('subcontexts', 63, 0, 'mask of the valid subcontexts')] });
  for (let i = 0; i < SUBCONTEXTS; i++) {
    words.push({ offset: SUBCONTEXT + i * SUBCONTEXT_BYTES, fields: directory });
    words.push({ offset: SUBCONTEXT + i * SUBCONTEXT_BYTES + 8, fields: [PASID, ATS] });
  }
  return words;
}

/** How instance blocks from Pascal on name the page directory. */
export function instanceFormat(traits: InstanceTraits): InstanceFormat {
  return {
    bytes: traits.subcontexts ? SUBCONTEXT + SUBCONTEXTS * SUBCONTEXT_BYTES : DIRECTORY + 0x10,
    words: wordList(traits),
    subcontexts: traits.subcontexts ? SUBCONTEXTS : 0,
    decode: (inst, read, subcontext) => {
      const read64 = (offset: number): bigint | undefined => {
        const lo = read(offset);
        const hi = read(offset + 4);
        return lo === undefined || hi === undefined ? undefined : (BigInt(hi) << 32n) | BigInt(lo);
      };
      const offset = subcontext === undefined ? DIRECTORY : SUBCONTEXT + subcontext * SUBCONTEXT_BYTES;
      const word = read64(offset);
      if (word === undefined) return { kind: 'unreadable', addr: inst.addr + BigInt(offset) };
      const root = decodeDirectory(traits, word);
      if (root.kind !== 'root' || !traits.limit) return root;
      const limit = read64(DIRECTORY_LIMIT);
      if (limit === undefined) return { kind: 'unreadable', addr: inst.addr + BigInt(DIRECTORY_LIMIT) };
      return { ...root, limit: BigInt.asUintN(49, limit) };
    },
  };
}

function decodeDirectory(traits: InstanceTraits, word: bigint): InstanceResult {
  const target = TARGETS[Number(fieldValue(TARGET, word))];
  if (target === undefined) return { kind: 'unbound', why: 'the target of the directory is 1, invalid' };
  if (traits.formatBit && fieldValue(VERSION, word) === 0n) {
    return { kind: 'unbound', why: 'bit 10 names the two-level format of the chips before gp100' };
  }
  if (traits.needsBigPage && fieldValue(BIG_PAGE, word) === 0n) {
    return { kind: 'unbound', why: 'bit 11 names big pages of 128 KiB, which the chip does not have' };
  }
  const addr = fieldValue(ADDR, word) << 12n;
  // No table can live above: directory entries have no more address bits.
  if (addr >> 58n !== 0n)
    return { kind: 'unbound', why: `the directory address 0x${addr.toString(16)} is out of reach` };
  return { kind: 'root', target, addr };
}
