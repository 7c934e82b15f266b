import { listRanges, listTree, type MemoryReader, type TableNode, type TableRange } from '@nvmmu/vmm-core';
import { directoryOf, type State } from './state-source.js';

/** Addresses whose translation differs. */
export interface RangeDifference {
  readonly va: bigint;
  readonly size: bigint;
  /** What is there in each state; `undefined` for nothing. A range may begin before `va`. */
  readonly a: TableRange | undefined;
  readonly b: TableRange | undefined;
}

/** A page table that is in one state only, has another size, or holds other bytes. */
export interface TableDifference {
  readonly kind: 'only in A' | 'only in B' | 'other size' | 'other bytes';
  readonly table: TableNode;
  /** The table of B that it was compared with. */
  readonly other?: TableNode;
  /** The 32-bit words that differ: how many, and the first one. */
  readonly words?: WordDifference;
}

/** Words of two tables that differ. */
export interface WordDifference {
  readonly count: number;
  /** Offset in bytes of the first one, and its value in each. */
  readonly first: number;
  readonly a: number;
  readonly b: number;
}

const endOf = (range: TableRange): bigint => range.va + range.size;

/** What a range says of one address, apart from the address itself. */
function meaning(range: TableRange, va: bigint): string {
  const delta = va - range.va;
  switch (range.kind) {
    case 'mapped': {
      const { addr, aperture, peer, shift, ro, priv, vol, noAtomics, storageKind } = range;
      return JSON.stringify([
        String(addr + delta),
        aperture,
        peer,
        shift,
        ro,
        priv,
        vol,
        noAtomics,
        storageKind,
        tagAt(range, delta),
      ]);
    }
    case 'sparse':
    case 'nowhere':
      return range.kind;
    case 'problem':
      return `${range.problem} ${range.why}`;
  }
}

function tagAt(range: TableRange & { readonly kind: 'mapped' }, delta: bigint): number {
  return range.tag + range.tagStep * Number(delta >> BigInt(range.shift));
}

/** Whether two ranges, one behind the other, say the same of addresses that follow on. */
function continues(before: TableRange | undefined, after: TableRange | undefined, at: bigint): boolean {
  if (before === undefined || after === undefined) return before === after;
  return before.kind === after.kind && meaning(before, at) === meaning(after, at);
}

function advance(ranges: Iterator<TableRange, unknown>): TableRange | undefined {
  const next = ranges.next();
  return next.done === true ? undefined : next.value;
}

/** The addresses that two states translate differently, in order; neighbours are joined where both sides go on. */
export function* diffRanges(a: State, b: State): Generator<RangeDifference> {
  const left = listRanges(a.format, a.reader, directoryOf(a));
  const right = listRanges(b.format, b.reader, directoryOf(b));
  let l = advance(left);
  let r = advance(right);
  let at = 0n;
  let open: RangeDifference | undefined;
  while (l !== undefined || r !== undefined) {
    const starts = [l, r].flatMap((it) => (it === undefined ? [] : [it.va > at ? it.va : at]));
    const from = starts.reduce((low, it) => (it < low ? it : low));
    const inL = l !== undefined && l.va <= from ? l : undefined;
    const inR = r !== undefined && r.va <= from ? r : undefined;
    const bounds = [l, r].flatMap((it) => (it === undefined ? [] : [it.va > from ? it.va : endOf(it)]));
    const to = bounds.reduce((low, it) => (it < low ? it : low));
    const isSame = inL !== undefined && inR !== undefined && meaning(inL, from) === meaning(inR, from);
    if (!isSame) {
      if (
        open !== undefined &&
        open.va + open.size === from &&
        continues(open.a, inL, from) &&
        continues(open.b, inR, from)
      ) {
        open = { ...open, size: to - open.va };
      } else {
        if (open !== undefined) yield open;
        open = { va: from, size: to - from, a: inL, b: inR };
      }
    }
    at = to;
    if (l !== undefined && endOf(l) <= to) l = advance(left);
    if (r !== undefined && endOf(r) <= to) r = advance(right);
  }
  if (open !== undefined) yield open;
}

/** What a table is known by: where it lies, or between two chips what it is for. */
type KeyOf = (table: TableNode) => string;

const byPlace: KeyOf = ({ target, addr, level }) => `${target} ${addr} ${level}`;
const byPurpose: KeyOf = ({ va, level }) => `${level} ${va}`;

function tablesOf(state: State, keyOf: KeyOf): Map<string, TableNode> {
  const tables = new Map<string, TableNode>();
  for (const node of listTree(state.format, state.reader, directoryOf(state))) {
    if (node.kind === 'table') tables.set(keyOf(node), node);
  }
  return tables;
}

/**
 * The page tables that differ, those of A first. Between states of one chip a table is compared with that at the same
 * address; between two chips with that of the same level for the same addresses, wherever it lies.
 */
export function* diffTables(a: State, b: State): Generator<TableDifference> {
  const keyOf = a.format.chip === b.format.chip ? byPlace : byPurpose;
  const left = tablesOf(a, keyOf);
  const right = tablesOf(b, keyOf);
  for (const [key, table] of left) {
    const other = right.get(key);
    if (other === undefined) yield { kind: 'only in A', table };
    else if (other.bytes !== table.bytes) yield { kind: 'other size', table, other };
    else {
      const words = compareWords(table, other, a.reader, b.reader);
      if (words !== undefined) yield { kind: 'other bytes', table, other, words };
    }
  }
  for (const [key, table] of right) if (!left.has(key)) yield { kind: 'only in B', table };
}

function compareWords(a: TableNode, b: TableNode, left: MemoryReader, right: MemoryReader): WordDifference | undefined {
  let found: WordDifference | undefined;
  for (let offset = 0; offset < a.bytes; offset += 4) {
    const one = left.read32(a.target, Number(a.addr) + offset) ?? 0;
    const two = right.read32(b.target, Number(b.addr) + offset) ?? 0;
    if (one === two) continue;
    found = found === undefined ? { count: 1, first: offset, a: one, b: two } : { ...found, count: found.count + 1 };
  }
  return found;
}
