import { InvariantError } from './errors.js';
import type { MemoryReader } from './hardware-walk/reader.js';
import type { Root } from './hardware-walk/format.js';
import { MemoryImage } from './hardware-walk/memory-image.js';
import { createWalker, type Walker } from './hardware-walk/walker.js';
import type { MemoryObject } from './memory-object.js';
import { alignDown, hex, pow2 } from './numbers.js';
import type { PageTable } from './page-table.js';
import type { Region } from './region.js';
import type { SpaceState } from './space-state.js';

const PAGE_SHIFT = 12;
/** Pages looked up in a region, spread over it, besides both ends. */
const SAMPLES = 6;

/** Walks addresses of every region as the hardware would, and compares with what is mapped there. */
export function verifyTranslations(space: SpaceState): void {
  const walker = walkerOf(space);
  if (walker === undefined) return;
  for (const region of space.regions) {
    if (space.isRaw && region.used && isClient(space, region)) continue;
    for (const addr of samples(region)) verifyAddress(space, walker, region, addr);
  }
}

function isClient(space: SpaceState, region: Region): boolean {
  return region.end <= space.windowStart || region.addr >= space.windowEnd;
}

/** A walker over the tables of a space; none where the directory is in no joined instance block. */
function walkerOf(space: SpaceState): Walker | undefined {
  const { directory, template } = space;
  if (directory !== undefined) {
    const root: Root = { kind: 'root', target: directory.target, addr: BigInt(directory.addr) };
    return createWalker(template.format, readerOf(space), root);
  }
  const block = space.joined.at(-1);
  if (block === undefined) return undefined;
  const root: Root = {
    kind: 'root',
    target: block.target,
    addr: BigInt(block.addr + (template.directoryOffset ?? 0)),
  };
  return createWalker(template.format, readerOf(space), root);
}

function readerOf(space: SpaceState): MemoryReader {
  const image = new MemoryImage(space.joined.filter((block, i, all) => all.indexOf(block) === i));
  const seen = new Set<object>();
  const visit = (pt: PageTable): void => {
    for (const table of [pt.slot0, pt.slot1]) {
      if (table === undefined || seen.has(table.memory)) continue;
      // Tables cut from one parent share its memory.
      seen.add(table.memory);
      image.add(table.memory);
    }
    for (const child of pt.children) if (child !== undefined) visit(child);
  };
  visit(space.root);
  return image;
}

function* samples(region: Region): IterableIterator<number> {
  const first = Math.ceil(region.addr / pow2(PAGE_SHIFT));
  // Not of `end - 1`: beyond 2^53 that is no number.
  const last = Math.ceil(region.end / pow2(PAGE_SHIFT)) - 1;
  const step = Math.max(1, Math.floor((last - first) / SAMPLES));
  for (let page = first; page <= last; page += step) yield page * pow2(PAGE_SHIFT);
  if (last >= first) yield last * pow2(PAGE_SHIFT);
}

function verifyAddress(space: SpaceState, walker: Walker, region: Region, addr: number): void {
  const outcome = walker.lookup(addr);
  const place = `address ${hex(addr)} of the region at ${hex(region.addr)}`;
  if (!region.mapped || !region.used) {
    const should = region.used && region.sparse ? 'sparse' : 'fault';
    if (outcome !== should) throw new InvariantError(`${place}: the hardware finds ${outcome}, not ${should}`);
    return;
  }
  if (region.memory === undefined) {
    if (outcome !== 'mapped' && space.hostPages === undefined) {
      throw new InvariantError(`${place}: the hardware finds ${outcome}, not a page frame`);
    }
    return;
  }
  if (outcome !== 'mapped') throw new InvariantError(`${place}: the hardware finds ${outcome}, not a mapping`);
  const { shift } = space.pageAt(region.refd);
  if (walker.shift !== shift) throw new InvariantError(`${place}: a page of 2^${walker.shift} bytes, not 2^${shift}`);
  const stolen = region.memory.target === 'vram' ? space.device.config.stolen : 0;
  const should = addressIn(region.memory, region.offset + (addr - region.addr)) + stolen;
  // Entries keep no address bits beyond what the format has.
  const bits = walker.format.addressBits[walker.page.apertureCode] ?? 64;
  const kept = should - alignDown(should, bits);
  if (walker.addr !== kept) {
    throw new InvariantError(`${place}: the hardware finds ${hex(walker.addr)}, not ${hex(kept)}`);
  }
}

/** Address of a byte of a memory object. */
function addressIn(memory: MemoryObject, offset: number): number {
  const { kind, starts, lengths } = memory;
  if (kind === 'pages') {
    const page = Math.floor(offset / pow2(PAGE_SHIFT));
    return (starts[page] ?? Number.NaN) + (offset - page * pow2(PAGE_SHIFT));
  }
  let left = offset;
  for (let i = 0; i < starts.length; i++) {
    const length = lengths[i] ?? 0;
    if (left < length) return (starts[i] ?? Number.NaN) + left;
    left -= length;
  }
  return Number.NaN;
}
