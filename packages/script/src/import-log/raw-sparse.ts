import type { PageSize } from '@nvmmu/vmm-core';
import type { WalkItem } from './log-lines.js';
import type { Session, Space } from './session.js';
import type { Stream } from './stream.js';

// A sparse range of a raw space is one call, but a walk for each block that it is cut into.

interface Block {
  readonly addr: bigint;
  readonly size: bigint;
  readonly page: number;
}

/** The blocks of a range: each of the largest page size that fits the rest and the alignment. */
function* blocksOf(pages: readonly PageSize[], addr: bigint, size: bigint): IterableIterator<Block> {
  const shifts = pages.map(({ shift }) => BigInt(shift));
  let at = addr;
  let left = size;
  while (left > 0n) {
    const largest = shifts.findIndex((shift) => 1n << shift <= left);
    const index = shifts.findIndex((shift, i) => i >= largest && BigInt.asUintN(Number(shift), at) === 0n);
    const shift = shifts[index];
    if (largest < 0 || shift === undefined) return;
    let block = (left >> shift) << shift;
    const above = shifts[index - 1];
    if (index !== largest && above !== undefined) {
      const part = (((at + (1n << above) - 1n) >> above) << above) - at;
      if (left - part >= 1n << above) block = (part >> shift) << shift;
    }
    yield { addr: at, size: block, page: Number(shift) };
    at += block;
    left -= block;
  }
}

/** The walks of one name that follow each other without a gap. */
function runOf(stream: Stream, walk: WalkItem): Block[] {
  const run: Block[] = [walk];
  let end = walk.addr + walk.size;
  for (let at = stream.after(stream.at); ; at = stream.after(at)) {
    const next = stream.walkAt(at);
    if (next?.walk !== walk.walk || next.addr !== end) return run;
    run.push(next);
    end += next.size;
  }
}

/** How many blocks of a run are those of one range, from its beginning on; at least one. */
function cutsOf(pages: readonly PageSize[], run: readonly Block[]): number[] {
  const [first] = run;
  if (first === undefined) return [];
  const counts: number[] = [];
  let size = 0n;
  run.forEach((block, index) => {
    size += block.size;
    const cut = [...blocksOf(pages, first.addr, size)];
    const isSame =
      cut.length === index + 1 &&
      cut.every((it, i) => it.addr === run[i]?.addr && it.size === run[i].size && it.page === run[i].page);
    if (isSame) counts.push(index + 1);
  });
  return counts;
}

/** Does the raw call behind walks over sparse blocks. */
export function rawSparse(session: Session, space: Space, walk: WalkItem): void {
  const { vmm, stream, id } = space;
  const { addr } = walk;
  const ref = walk.walk === 'sparse ref';
  const run = runOf(stream, walk);
  const known = ref ? undefined : space.sparse.find((it) => it.addr === addr);
  let size = known?.size;
  if (size === undefined) {
    const counts = cutsOf(vmm.pages, run);
    const sizes = counts.map((count) => run.slice(0, count).reduce((sum, it) => sum + it.size, 0n));
    const later = laterEnd(stream, walk);
    size = sizes.find((it) => later.has(it)) ?? sizes.at(-1) ?? walk.size;
  }
  const operation = { op: 'rawsparse', line: 0, vmm: id, addr, size, ref } as const;
  const tables = ref ? stream.tablesBeforeFailure(stream.at) : undefined;
  if (tables !== undefined) {
    session.doWithoutMemory({ ...operation, size: failedSize(vmm.pages, run) }, stream, tables);
    return;
  }
  session.do(operation, stream);
  if (ref) space.sparse.push({ addr, size });
  else if (known !== undefined) space.sparse.splice(space.sparse.indexOf(known), 1);
}

/** Sizes that end later as one range from the same address: the call that ends one must name it as it began. */
function laterEnd(stream: Stream, { addr }: WalkItem): ReadonlySet<bigint> {
  const sizes = new Set<bigint>();
  let end: bigint | undefined;
  for (const walk of stream.walks(stream.at + 1, 4000)) {
    if (walk.walk === 'sparse unref' && walk.addr === (end ?? addr)) {
      end = walk.addr + walk.size;
      sizes.add(end - addr);
    } else if (end !== undefined) return largest(sizes);
  }
  return largest(sizes);
}

function largest(sizes: ReadonlySet<bigint>): ReadonlySet<bigint> {
  const last = [...sizes].at(-1);
  return new Set(last === undefined ? [] : [last]);
}

/** Size of a range whose last block was not finished: what comes behind that block is not known. */
function failedSize(pages: readonly PageSize[], run: readonly Block[]): bigint {
  const [first] = run;
  const counts = cutsOf(pages, run);
  const count = counts.at(-1) ?? run.length;
  return first === undefined ? 0n : run.slice(0, count).reduce((sum, it) => sum + it.size, 0n);
}
