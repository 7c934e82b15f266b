import type { Aperture, ListOptions, TableRange, TreeNode } from '@nvmmu/vmm-core';
import { InvalidArgumentError } from 'commander';
import { parseNumber } from './addresses.js';

type Kind = 'mapped' | 'sparse' | 'nowhere';

/** Which lines of a listing to show: `--only mapped,vram,64K,ro`. Words of one sort widen, of several sorts narrow it. */
export interface Only {
  readonly kinds: readonly (Kind | 'problem')[];
  readonly apertures: readonly Aperture[];
  readonly shifts: readonly number[];
  readonly flags: readonly Flag[];
}

const KINDS = ['mapped', 'sparse', 'nowhere', 'problem'] as const;
const APERTURES: readonly Aperture[] = ['vram', 'peer', 'host', 'ncoh'];
const FLAGS = ['ro', 'rw', 'priv', 'vol', 'kind', 'tag'] as const;
type Flag = (typeof FLAGS)[number];

/** Reads the words of `--only`. */
export function parseOnly(text: string): Only {
  const kinds: (Kind | 'problem')[] = [];
  const apertures: Aperture[] = [];
  const shifts: number[] = [];
  const flags: Flag[] = [];
  for (const word of text.split(',')) {
    const name = word.toLowerCase();
    if (!(add(KINDS, name, kinds) || add(APERTURES, name, apertures) || add(FLAGS, name, flags))) {
      const size = parseNumber(word) ?? 0n;
      if (size <= 0n || (size & (size - 1n)) !== 0n) {
        const words = [...KINDS, ...APERTURES, ...FLAGS].join(', ');
        throw new InvalidArgumentError(`"${word}" is none of ${words}, or a page size such as 64K.`);
      }
      shifts.push(size.toString(2).length - 1);
    }
  }
  return { kinds, apertures, shifts, flags };
}

function add<T extends string>(all: readonly T[], name: string, to: T[]): boolean {
  const found = all.find((word) => word === name);
  if (found !== undefined) to.push(found);
  return found !== undefined;
}

/** What of it a listing can leave out itself. */
export function listFilters({
  kinds,
  apertures,
  shifts,
  flags,
}: Only): Pick<ListOptions, 'kinds' | 'apertures' | 'shifts'> {
  const wanted = kinds.filter((kind) => kind !== 'problem');
  // Words about pages alone ask for pages.
  const pages = apertures.length > 0 || flags.length > 0;
  return {
    ...(kinds.length > 0 ? { kinds: wanted } : pages && { kinds: ['mapped' as const] }),
    ...(apertures.length > 0 && { apertures }),
    ...(shifts.length > 0 && { shifts }),
  };
}

/** Whether a line is to be shown, as far as {@link listFilters} does not see to it. */
export function isWanted(line: TableRange | TreeNode, { kinds, flags }: Only): boolean {
  if (line.kind === 'problem') return kinds.length === 0 || kinds.includes('problem');
  if (line.kind !== 'mapped' || flags.length === 0) return true;
  const ways = flags.filter((flag) => flag === 'ro' || flag === 'rw');
  if (ways.length > 0 && !ways.includes(line.ro ? 'ro' : 'rw')) return false;
  return flags.every((flag) => {
    switch (flag) {
      case 'ro':
      case 'rw':
        return true;
      case 'priv':
        return line.priv;
      case 'vol':
        return line.vol;
      case 'kind':
        return line.storageKind !== 0;
      case 'tag':
        return line.tagStep !== 0;
    }
  });
}
