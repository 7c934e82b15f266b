import type { DecodedEntry, LevelFormat } from '@nvmmu/vmm-core';
import { hex, plural, shiftName } from './text.js';
import type { TableReader, TableRef } from './tables.js';

/** Neighbouring entries that say the same. */
export interface EntryRun {
  readonly first: number;
  readonly count: number;
  readonly state: string;
  /** What they say, in words. */
  readonly text: string;
}

/** What an entry says, in words. */
export function entryText(reader: TableReader, entry: DecodedEntry): string {
  const name = (level: number): string => reader.format.levels[level]?.name ?? 'table';
  switch (entry.state) {
    case 'none':
      return 'nothing';
    case 'blocked':
      return 'nothing, and the small-page table is not asked';
    case 'sparse':
      return 'sparse: reads give zero, writes are dropped';
    case 'nowhere':
      return 'mapped to nowhere';
    case 'malformed':
      return entry.problem;
    case 'table': {
      const { child, childAddr, childTarget, small, smallAddr, smallTarget } = entry;
      return [
        ...(child >= 0 ? [`${name(child)} at ${childTarget} ${hex(childAddr)}`] : []),
        ...(small >= 0 ? [`${name(small)} at ${smallTarget} ${hex(smallAddr)}`] : []),
      ].join(', ');
    }
    case 'page':
      return [
        `${entry.aperture === 'peer' ? `peer ${entry.peer}` : entry.aperture} ${hex(entry.addr)}`,
        ...(entry.ro ? ['read-only'] : []),
        ...(entry.priv ? ['privileged'] : []),
        ...(entry.vol ? ['volatile'] : []),
        ...(entry.noAtomics ? ['no atomics'] : []),
        ...(entry.kind === 0 ? [] : [`kind ${hex(entry.kind)}`]),
        ...(entry.tagStep === 0 ? [] : [`tag ${entry.tag}`]),
      ].join(', ');
  }
}

/** What two page entries must share to be told as one run. */
function likeness(entry: DecodedEntry): string {
  const { state, apertureCode, peer, ro, priv, vol, noAtomics, kind, tagStep } = entry;
  return state === 'page' ? [state, apertureCode, peer, ro, priv, vol, noAtomics, kind, tagStep].join(' ') : state;
}

/** The entries of a table as runs; entries that point at tables stand alone. */
export function entryRuns(reader: TableReader, table: TableRef): EntryRun[] {
  const runs: EntryRun[] = [];
  const level = reader.levelOf(table.level);
  let first = 0;
  let count = 0;
  let like = '';
  let next = 0;
  let text = '';
  let state = '';
  const close = (): void => {
    if (count === 0) return;
    const more =
      state === 'page' && count > 1 ? ` … ${hex(next - 1)}, ${plural(count, `${shiftName(level.shift)} page`)}` : '';
    runs.push({ first, count, state, text: text + more });
  };
  reader.each(table, (index, entry) => {
    const alike = likeness(entry);
    const at = pageAddress(entry, index, level);
    const goes = count > 0 && index === first + count && alike === like && entry.state !== 'table';
    if (goes && (entry.state !== 'page' || at === next)) {
      count++;
    } else {
      close();
      first = index;
      count = 1;
      like = alike;
      state = entry.state;
      text = entryText(reader, entry);
    }
    next = at + 2 ** level.shift;
  });
  close();
  return runs;
}

/** Address of the page itself, for an entry that names the block that it is in. */
function pageAddress(entry: DecodedEntry, index: number, level: LevelFormat): number {
  if (entry.state !== 'page') return 0;
  return entry.addr + (index & (2 ** entry.block - 1)) * 2 ** level.shift;
}
