import type { MapArguments } from '@nvmmu/vmm-core';
import { formatHex } from './numbers.js';
import type { AddressRef, FrameList, MemoryLayout, Pieces } from './operations.js';

// Rules that concern more than one key of an operation.

/** Throws a ScriptError that names the operation and its line. */
export type Fail = (reason: string) => never;

/** Keys as they stand on the line; absent ones may be `undefined`. */
export type Given<T> = { readonly [K in keyof T]?: T[K] | undefined };

const PAGE = 0xfffn;

/** The address that an operation acts on. */
export function addressOf(raw: Given<{ addr: bigint; vma: string; delta: bigint }>, fail: Fail): AddressRef {
  if (raw.vma !== undefined) {
    if (raw.addr !== undefined) fail('"addr" and "vma" exclude each other');
    return { vma: raw.vma, delta: raw.delta ?? 0n };
  }
  if (raw.delta !== undefined) fail('"delta" goes with "vma" only');
  if (raw.addr === undefined) return fail('needs an address: "addr", or "vma" with an optional "delta"');
  return { addr: raw.addr };
}

/** The arguments of a map; none when no key of theirs was given. */
export function argumentsOf(raw: Given<MapArguments>): MapArguments | undefined {
  const { kind, ro, priv, vol, comp } = raw;
  if (kind === undefined && ro === undefined && priv === undefined && vol === undefined && comp === undefined) {
    return undefined;
  }
  return {
    ...(kind !== undefined && { kind }),
    ...(ro !== undefined && { ro }),
    ...(priv !== undefined && { priv }),
    ...(vol !== undefined && { vol }),
    ...(comp !== undefined && { comp }),
  };
}

/** The frame words of a `pfnmap`. */
export function framesOf(
  raw: Given<{ pfns: readonly bigint[]; pfnRange: readonly [bigint, bigint, number] }>,
  fail: Fail,
): FrameList {
  if ((raw.pfns === undefined) === (raw.pfnRange === undefined)) fail('needs one of "pfns" and "pfnRange"');
  if (raw.pfnRange === undefined) return { list: raw.pfns ?? [] };
  const [first, step, count] = raw.pfnRange;
  return { first, step, count };
}

interface MemoryKeys {
  page: number;
  type: number;
  extents: Pieces;
  sgl: Pieces;
  dma: readonly bigint[];
  dmaRange: readonly [bigint, number];
}

/** The layout of a memory object, checked. */
export function layoutOf(target: 'vram' | 'host' | 'ncoh', raw: Given<MemoryKeys>, fail: Fail): MemoryLayout {
  const layout = chooseLayout(target, raw, fail);
  checkLayout(layout, fail);
  return layout;
}

function chooseLayout(target: 'vram' | 'host' | 'ncoh', raw: Given<MemoryKeys>, fail: Fail): MemoryLayout {
  const given = (['extents', 'sgl', 'dma', 'dmaRange'] as const).filter((key) => raw[key] !== undefined);
  if (target === 'vram') {
    if (raw.extents === undefined || given.length !== 1) return fail('vram needs "extents", and no other list');
    return { kind: 'extents', page: raw.page ?? 12, type: raw.type ?? 1, pieces: raw.extents };
  }
  if (raw.page !== undefined || raw.type !== undefined) fail('"page" and "type" go with target "vram" only');
  if (given.length !== 1 || raw.extents !== undefined) fail('host memory needs one of "sgl", "dma" and "dmaRange"');
  if (raw.sgl !== undefined) return { kind: 'sgl', pieces: raw.sgl };
  if (raw.dma !== undefined) return { kind: 'dma', addrs: raw.dma };
  const [addr, pages] = raw.dmaRange ?? fail('host memory needs a list');
  return { kind: 'dmaRange', addr, pages };
}

/** Refuses sizes of memory objects that are no multiple of their page size, or of 4 KiB. */
function checkLayout(layout: MemoryLayout, fail: Fail): void {
  if (layout.kind === 'extents' || layout.kind === 'sgl') {
    const shift = layout.kind === 'extents' ? layout.page : 12;
    if (shift < 12 || shift > 63) fail(`page shift ${shift} is not from 12 to 63`);
    const mask = (1n << BigInt(shift)) - 1n;
    const unit = formatHex(mask + 1n);
    if (layout.pieces.length === 0) fail(`"${layout.kind}" is empty`);
    layout.pieces.forEach(([addr, size], i) => {
      const at = `${layout.kind}[${i}]`;
      if ((addr & mask) !== 0n) fail(`${at}: address ${formatHex(addr)} is no multiple of ${unit}`);
      if ((size & mask) !== 0n) fail(`${at}: length ${formatHex(size)} is no multiple of ${unit}`);
      if (size === 0n) fail(`${at}: length 0x0`);
    });
  } else if (layout.kind === 'dma') {
    if (layout.addrs.length === 0) fail('"dma" is empty');
    layout.addrs.forEach((addr, i) => {
      if ((addr & PAGE) !== 0n) fail(`dma[${i}]: address ${formatHex(addr)} is no multiple of 0x1000`);
    });
  } else if ((layout.addr & PAGE) !== 0n) {
    fail(`dmaRange: address ${formatHex(layout.addr)} is no multiple of 0x1000`);
  }
}
