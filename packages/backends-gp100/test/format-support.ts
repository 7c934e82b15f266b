import {
  MemoryImage,
  type MmuFormat,
  type Root,
  listRanges,
  type TableRange,
  walk,
  type WalkResult,
} from '@nvmmu/vmm-core';
import { expect } from 'vitest';

/** Memory as 64-bit words by address: the slow and obvious way, independent of what is tested. */
export class Words64 {
  readonly words = new Map<bigint, bigint>();

  set(addr: bigint, value: bigint): void {
    this.words.set(addr, value);
  }

  or(addr: bigint, value: bigint): void {
    this.words.set(addr, (this.words.get(addr) ?? 0n) | value);
  }

  /** An image of whole 4 KiB pages, zero where nothing was written. */
  image(): MemoryImage {
    const pages = new Map<number, Uint32Array>();
    for (const [addr, value] of this.words) {
      const base = Number(addr & ~0xfffn);
      let page = pages.get(base);
      if (page === undefined) pages.set(base, (page = new Uint32Array(1024)));
      const at = (Number(addr) - base) / 4;
      page[at] = Number(value & 0xffffffffn);
      page[at + 1] = Number(value >> 32n);
    }
    return new MemoryImage([...pages].map(([addr, words]) => ({ addr, target: 'vram' as const, words })));
  }
}

export const rootAt = (addr: bigint): Root => ({ kind: 'root', target: 'vram', addr });

/** What a walk says, short: for comparing with expectations. */
export function brief(result: WalkResult): string {
  switch (result.kind) {
    case 'mapped': {
      const flags = [result.ro && 'ro', result.priv && 'priv', result.vol && 'vol'].filter((flag) => flag !== false);
      return [`${result.aperture} 0x${result.addr.toString(16)} ${result.shift}`, ...flags].join(' ');
    }
    case 'sparse':
    case 'nowhere':
      return `${result.kind} ${result.shift}`;
    case 'fault':
      return `fault ${result.reason ?? '-'} ${result.level ?? '-'}`;
    case 'malformed':
      return `malformed ${result.level}`;
    case 'unreadable':
      return `unreadable ${result.level ?? '-'}`;
  }
}

/** The line of a listing that holds `va`, in the words of {@link brief}; without the level for faults. */
export function briefRange(ranges: readonly TableRange[], va: bigint): string {
  const range = ranges.find((candidate) => va >= candidate.va && va < candidate.va + candidate.size);
  if (range === undefined) return 'fault';
  switch (range.kind) {
    case 'mapped': {
      const flags = [range.ro && 'ro', range.priv && 'priv', range.vol && 'vol'].filter((flag) => flag !== false);
      return [`${range.aperture} 0x${(range.addr + va - range.va).toString(16)} ${range.shift}`, ...flags].join(' ');
    }
    case 'sparse':
    case 'nowhere':
      return `${range.kind} ${range.shift}`;
    case 'problem':
      return range.problem;
  }
}

/** Checks at `vas` that the listing and the walk say the same. */
export function expectListed(format: MmuFormat, image: MemoryImage, root: Root, vas: Iterable<bigint>): void {
  const ranges = [...listRanges(format, image, root)];
  let last = 0n;
  for (const range of ranges) {
    expect(range.va >= last, `ranges in order at ${range.va}`).toBe(true);
    last = range.va + range.size;
  }
  for (const va of vas) {
    const walked = walk(format, image, root, va);
    const listed = briefRange(ranges, va);
    // Directory loops and the like are not followed by a listing, while a walk ends by itself.
    if (listed === 'loop' || listed === 'repeat') continue;
    const said =
      walked.kind === 'fault'
        ? walked.cause === 'both'
          ? 'conflict'
          : 'fault'
        : walked.kind === 'malformed' || walked.kind === 'unreadable'
          ? walked.kind
          : brief(walked);
    expect(listed, `at 0x${va.toString(16)}`).toBe(said);
  }
}
