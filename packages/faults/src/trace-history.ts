import type { TraceOperation } from './trace-log.js';

/** What a replay of trace operations ends with. */
export interface TraceState {
  vmm: string;
  /** Mapped ranges `[start, end)` in address order, neighbours of the same page size joined. */
  ranges: { start: string; end: string; page: number }[];
}

interface Range {
  start: bigint;
  end: bigint;
  page: number;
  line: number;
}

/** What the trace lines say about one address. */
export type TraceAnswer =
  | { kind: 'mapped'; line: number; start: string; end: string; page: number }
  | { kind: 'unmapped'; mappedAt: number; unmappedAt: number }
  | { kind: 'never' }
  | { kind: 'unknown' };

const HISTORY_LIMIT = 65536;

/**
 * Follows map and unmap operations and answers what was mapped at an address. Memory is bounded: beyond a limit the
 * oldest history is forgotten, and answers become `unknown` rather than wrong.
 */
export class TraceHistory {
  readonly #spaces = new Map<string, { ranges: Range[]; gone: (Range & { gone: number })[] }>();
  #seen = 0;
  #forgot = false;

  /** Applies one operation. Operations without an address change nothing. */
  apply(operation: TraceOperation): void {
    if (operation.addr === undefined) return;
    const start = BigInt(operation.addr);
    const end = start + BigInt(operation.size);
    let space = this.#spaces.get(operation.vmm);
    if (space === undefined) {
      if (this.#spaces.size > 256) return;
      space = { ranges: [], gone: [] };
      this.#spaces.set(operation.vmm, space);
    }
    if (operation.op === 'map') {
      this.#seen++;
      this.#cut(space.ranges, start, end);
      const at = lowerBound(space.ranges, start);
      space.ranges.splice(at, 0, { start, end, page: operation.page, line: operation.line });
    } else if (operation.op === 'unmap') {
      for (const range of this.#cut(space.ranges, start, end)) space.gone.push({ ...range, gone: operation.line });
    }
    if (space.gone.length > HISTORY_LIMIT) {
      space.gone.splice(0, HISTORY_LIMIT >> 1);
      this.#forgot = true;
    }
    if (space.ranges.length > HISTORY_LIMIT) {
      space.ranges.splice(0, HISTORY_LIMIT >> 1);
      this.#forgot = true;
    }
  }

  /** Says what the operations so far did to an address in one address space. */
  at(vmm: string, address: bigint): TraceAnswer {
    const space = this.#spaces.get(vmm);
    if (space === undefined || this.#seen === 0) return { kind: 'unknown' };
    const range = space.ranges[lowerBound(space.ranges, address + 1n) - 1];
    if (range !== undefined && address < range.end) {
      return { kind: 'mapped', line: range.line, start: big(range.start), end: big(range.end), page: range.page };
    }
    for (let i = space.gone.length - 1; i >= 0; i--) {
      const gone = space.gone[i];
      if (gone !== undefined && gone.start <= address && address < gone.end) {
        return { kind: 'unmapped', mappedAt: gone.line, unmappedAt: gone.gone };
      }
    }
    return this.#forgot ? { kind: 'unknown' } : { kind: 'never' };
  }

  /** The mapped ranges below and above an address, as distances in bytes. */
  neighbours(
    vmm: string,
    address: bigint,
  ): { below?: { end: string; distance: string }; above?: { start: string; distance: string } } {
    const ranges = this.#spaces.get(vmm)?.ranges ?? [];
    const at = lowerBound(ranges, address + 1n);
    const below = ranges[at - 1];
    const above = ranges[at];
    return {
      ...(below === undefined || address < below.end
        ? {}
        : { below: { end: big(below.end), distance: big(address - below.end) } }),
      ...(above === undefined ? {} : { above: { start: big(above.start), distance: big(above.start - address) } }),
    };
  }

  /** The mapped ranges of every address space. */
  state(): TraceState[] {
    return [...this.#spaces].map(([vmm, { ranges }]) => {
      const joined: { start: bigint; end: bigint; page: number }[] = [];
      for (const { start, end, page } of ranges) {
        const last = joined.at(-1);
        if (last?.end === start && last.page === page) last.end = end;
        else joined.push({ start, end, page });
      }
      return { vmm, ranges: joined.map(({ start, end, page }) => ({ start: big(start), end: big(end), page })) };
    });
  }

  /** Removes `[start, end)` from the ranges and returns the parts removed. */
  #cut(ranges: Range[], start: bigint, end: bigint): Range[] {
    let first = lowerBound(ranges, start);
    const before = ranges[first - 1];
    if (before !== undefined && before.end > start) first--;
    let last = first;
    while (last < ranges.length && (ranges[last]?.start ?? end) < end) last++;
    const hit = ranges.slice(first, last);
    const kept: Range[] = [];
    for (const range of hit) {
      if (range.start < start) kept.push({ ...range, end: start });
      if (range.end > end) kept.push({ ...range, start: end });
    }
    ranges.splice(first, last - first, ...kept);
    return hit.map((range) => ({
      ...range,
      start: range.start < start ? start : range.start,
      end: range.end > end ? end : range.end,
    }));
  }
}

const big = (value: bigint): string => `0x${value.toString(16)}`;

function lowerBound(ranges: readonly Range[], start: bigint): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.start ?? start) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}
