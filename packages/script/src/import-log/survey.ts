import type { LogLine } from './log-lines.js';

/** What the whole log says of one address space, before anything is replayed. */
export interface Survey {
  readonly type: 'unmanaged' | 'managed' | 'raw';
  /** Range for the `vmm`; 0 where the log does not tell it. */
  readonly addr: bigint;
  readonly size: bigint;
  /** log2 of the large page, when walks have one. */
  readonly bigPage: number | undefined;
  readonly levels: number;
}

/** Start of the driver's window where nothing tells it: above what clients use in practice. */
const WINDOW = 1n << 32n;

/** Looks through all lines of one address space. */
export function survey(lines: readonly LogLine[]): Survey {
  let type = 'unmanaged' as Survey['type'];
  let largest = 0n;
  let expectsRef = false;
  let boot: { addr: bigint; size: bigint } | undefined;
  let first: bigint | undefined;
  let bigPage: number | undefined;
  let levels = 0;
  let pending: bigint | undefined;
  let before = 0n;
  lines.forEach(({ what }, index) => {
    if (what.kind === 'get') {
      if (pending !== undefined) before += (pending + 0xfffn) & ~0xfffn;
      largest = what.size > largest ? what.size : largest;
      expectsRef = what.getref || what.sparse;
      pending = what.size;
      if (what.page === 16 || what.page === 17) bigPage ??= what.page;
      return;
    }
    if (what.kind !== 'walk') return;
    levels = Math.max(levels, what.levels);
    if (what.page === 16 || what.page === 17) bigPage = what.page;
    if (what.walk === 'bootstrap') boot ??= { addr: what.addr, size: what.size };
    const boots = what.walk === 'ref' && isBoot(lines, index);
    if (first === undefined && pending !== undefined && !boots && what.size === pending) {
      // Allocations before it lie below it, one behind the other, as long as none was freed.
      first = what.addr >= before ? what.addr - before : 0n;
    }
    if ((what.walk === 'ref' || what.walk === 'sparse ref') && !boots && !expectsRef) type = 'raw';
    // Only a client that places its maps itself can map more than was ever allocated.
    if (what.walk === 'ref + map' && what.size > largest && type === 'unmanaged') type = 'managed';
    if (what.walk === 'ref + map' || what.walk === 'map') expectsRef = false;
  });
  if (type === 'unmanaged') {
    return { type, addr: boot?.addr ?? first ?? 0n, size: boot?.size ?? 0n, bigPage, levels };
  }
  return { type, addr: first ?? WINDOW, size: 1n << 30n, bigPage, levels };
}

/** Whether the `ref` walk at an index is the first half of building all tables. */
export function isBoot(lines: readonly LogLine[], index: number): boolean {
  const ref = lines[index]?.what;
  for (let at = index + 1; at < lines.length; at++) {
    const next = lines[at]?.what;
    if (next?.kind === 'detail') continue;
    return (
      next?.kind === 'walk' &&
      next.walk === 'bootstrap' &&
      ref?.kind === 'walk' &&
      next.addr === ref.addr &&
      next.size === ref.size
    );
  }
  return false;
}
