import { DecodedEntry, type Chip, type MapArguments, type Vmm } from '@nvmmu/vmm-core';
import type { MemOperation } from '../operations.js';
import type { Stream } from './stream.js';
import type { WalkItem } from './log-lines.js';

// At level "spam" the driver also logs every entry that it writes, and with it where the memory is.

/** The words of an entry, low one first; those that it does not have are 0. */
export type EntryWords = readonly [number, number, number, number];

/** A line that stands behind one of level "trace": the beginning of a run of pages, or an entry. */
export type SpamLine =
  | { readonly kind: 'run'; readonly isList: boolean; readonly count: number }
  | { readonly kind: 'entry'; readonly words: EntryWords };

const RUN = /^(ITER|DMAA) [0-9a-f]{8} ([0-9a-f]{8}) PTE\(s\)$/;
const ENTRY = /^ +[0-9a-f]{10} ([0-9a-f]{8}|[0-9a-f]{16}|[0-9a-f]{32})$/;

/** Reads the text of a line behind the name of its address space. Fills of many entries with one value tell nothing. */
export function parseSpam(text: string): SpamLine | undefined {
  const run = RUN.exec(text);
  if (run !== null) {
    const [, name, count = '0'] = run;
    return { kind: 'run', isList: name === 'DMAA', count: Number.parseInt(count, 16) };
  }
  const [, digits] = ENTRY.exec(text) ?? [];
  if (digits === undefined) return undefined;
  // Of 128 bits the driver prints the high half second in memory, and first in the log.
  const word = (at: number): number => {
    const end = digits.length - 8 * at;
    return end <= 0 ? 0 : Number.parseInt(digits.slice(end - 8, end), 16);
  };
  return { kind: 'entry', words: [word(0), word(1), word(2), word(3)] };
}

interface Page {
  readonly addr: bigint;
  readonly target: MemOperation['target'];
  readonly kind: number;
  readonly ro: boolean;
  readonly priv: boolean;
  readonly vol: boolean;
  /** Whether the entry itself says video memory, whatever that is on the chip. */
  readonly video: boolean;
}

/** What a walk wrote: runs of pages of a memory object, or page frames. */
export interface Written {
  readonly isObject: boolean;
  /** Whether the object is a list of single pages. */
  readonly isList: boolean;
  /** First page of each run, with its pages. */
  readonly runs: readonly { readonly page: Page; readonly count: number }[];
}

/** What a walk at an index of the log wrote; `undefined` where the log does not tell, or tells what makes no sense. */
export function readWritten(stream: Stream, index: number, walk: WalkItem, { state }: Vmm): Written | undefined {
  const level = state.template.format.levels.find(({ shift }) => shift === walk.page);
  if (level === undefined) return undefined;
  const runs: { page: Page; count: number }[] = [];
  const total = Number(walk.size >> BigInt(walk.page));
  const end = stream.after(index);
  let pages = 0;
  let isList = false;
  let isObject = false;
  for (let at = index; at < end; at++) {
    const line = stream.lines[at];
    // A new table is written into its directory first.
    let skip = line?.what.kind === 'detail' && line.what.of === 'new' ? 1 : 0;
    let left = 0;
    for (const spam of line?.spam ?? []) {
      if (spam.kind === 'run') {
        isObject = true;
        isList ||= spam.isList;
        left = spam.count;
        skip = 0;
        continue;
      }
      if (skip-- > 0 || (isObject && left === 0)) continue;
      const page = decode(level, spam.words);
      if (page === undefined) return undefined;
      const isFirst = !isObject || isList || left === firstOf(stream, at, spam);
      if (isFirst) runs.push({ page, count: 1 });
      else {
        const last = runs.at(-1);
        if (last !== undefined) last.count++;
      }
      left--;
      pages++;
    }
  }
  return pages === total && pages > 0 ? { isObject, isList, runs } : undefined;
}

/** Pages of the run that an entry begins; 0 for one inside. */
function firstOf(stream: Stream, at: number, entry: SpamLine): number {
  const list = stream.lines[at]?.spam ?? [];
  const before = list[list.indexOf(entry) - 1];
  return before?.kind === 'run' ? before.count : 0;
}

function decode(
  level: { readonly decode: (w0: number, w1: number, w2: number, w3: number, out: DecodedEntry) => void },
  words: EntryWords,
): Page | undefined {
  const out = new DecodedEntry();
  level.decode(...words, out);
  if (out.state !== 'page' || out.aperture === 'peer') return undefined;
  const { addr, aperture, apertureCode, kind, ro, priv, vol } = out;
  return { addr: BigInt(addr), target: aperture, kind, ro, priv, vol, video: apertureCode === 0 };
}

/** The layout of an object that such pages come from; `undefined` when no object can be like that. */
export function layoutOf(
  { runs, isList }: Written,
  page: number,
  chip: Chip,
): { target: MemOperation['target']; layout: MemOperation['layout'] } | undefined {
  const [first] = runs;
  if (first === undefined) return undefined;
  const { target, kind } = first.page;
  if (runs.some((it) => it.page.target !== target)) return undefined;
  const pieces = runs.map((it): [bigint, bigint] => [it.page.addr, BigInt(it.count) << BigInt(page)]);
  if (target === 'vram') {
    // The nv50 family has kinds for memory of another type.
    const type = chip.mapArguments.includes('comp') ? (chip.kinds.table[kind] ?? 1) : 1;
    return { target, layout: { kind: 'extents', page, type, pieces } };
  }
  if (isList) {
    const addrs = runs.map((it) => it.page.addr);
    const { addr } = first.page;
    const isRange = addrs.length > 1 && addrs.every((it, i) => it === addr + (BigInt(i) << 12n));
    return { target, layout: isRange ? { kind: 'dmaRange', addr, pages: addrs.length } : { kind: 'dma', addrs } };
  }
  return { target, layout: { kind: 'sgl', pieces } };
}

/** The arguments with which entries come out so; `undefined` for the driver's defaults. */
export function argumentsOf({ runs }: Written, chip: Chip): MapArguments | undefined {
  const page = runs[0]?.page;
  if (page === undefined) return undefined;
  const { kind, ro, priv, vol, target } = page;
  const takesVol = chip.mapArguments.includes('vol');
  const isDefault = kind === 0 && !ro && !priv && (!takesVol || vol === (target === 'host'));
  if (isDefault) return undefined;
  return { kind, ro, priv, ...(takesVol && { vol }) };
}

/** Page frames that such entries come from. */
export function framesOf({ runs }: Written): bigint[] {
  const valid = 1n;
  const writable = 2n;
  const video = 0x10n;
  return runs.map(({ page }) => page.addr | valid | (page.ro ? 0n : writable) | (page.video ? video : 0n));
}
