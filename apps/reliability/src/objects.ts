// The memory objects that sessions map, as script operations and as plain lists of page addresses.

import type { MemOperation } from '@nvmmu/script';
import { PAGE_BYTES } from './model.js';

/** A memory object of a session. */
export interface ModelObject {
  readonly operation: MemOperation;
  readonly id: string;
  readonly bytes: number;
  /** Physical address of each 4 KiB page. */
  readonly physical: readonly number[];
  /** log2 of the pages that its pieces respect. */
  readonly shift: number;
  readonly target: 'vram' | 'host' | 'ncoh';
}

type Piece = readonly [addr: number, size: number];

function pagesOf(pieces: readonly Piece[]): number[] {
  return pieces.flatMap(([addr, size]) => Array.from({ length: size / PAGE_BYTES }, (_, i) => addr + i * PAGE_BYTES));
}

function big(pieces: readonly Piece[]): (readonly [bigint, bigint])[] {
  return pieces.map(([addr, size]) => [BigInt(addr), BigInt(size)]);
}

function object(operation: MemOperation, physical: readonly number[], shift: number): ModelObject {
  const { id, target } = operation;
  return { operation, id, physical, bytes: physical.length * PAGE_BYTES, shift, target };
}

function video(id: string, page: number, pieces: readonly Piece[]): ModelObject {
  const layout = { kind: 'extents', page, type: 1, pieces: big(pieces) } as const;
  return object({ op: 'mem', line: 0, id, target: 'vram', layout }, pagesOf(pieces), page);
}

function scatter(id: string, target: 'host' | 'ncoh', pieces: readonly Piece[]): ModelObject {
  return object({ op: 'mem', line: 0, id, target, layout: { kind: 'sgl', pieces: big(pieces) } }, pagesOf(pieces), 12);
}

function pages(id: string, target: 'host' | 'ncoh', addrs: readonly number[]): ModelObject {
  return object({ op: 'mem', line: 0, id, target, layout: { kind: 'dma', addrs: addrs.map(BigInt) } }, addrs, 12);
}

function pageRange(id: string, target: 'host' | 'ncoh', addr: number, count: number): ModelObject {
  const layout = { kind: 'dmaRange', addr: BigInt(addr), pages: count } as const;
  return object({ op: 'mem', line: 0, id, target, layout }, pagesOf([[addr, count * PAGE_BYTES]]), 12);
}

/** Pieces of one and more pages, with gaps between them. */
function fragments(base: number, unit: number, lengths: readonly number[]): Piece[] {
  let at = base;
  return lengths.map((length) => {
    const piece: Piece = [at, length * unit];
    at += (length + 1) * unit;
    return piece;
  });
}

/** All objects; the first suits every chip with video memory, the second every chip. */
export const OBJECTS: readonly ModelObject[] = [
  video('m12', 12, [[0x1000_0000, 0x30_0000]]),
  pageRange('ncoh', 'ncoh', 0x2_0000_0000, 600),
  video('m12f', 12, fragments(0x1100_0000, 0x1000, [1, 2, 5, 16, 3, 33, 4, 1])),
  video('m16', 16, fragments(0x1200_0000, 0x1_0000, [1, 40, 2, 1, 17])),
  video('m17', 17, fragments(0x1400_0000, 0x2_0000, [3, 20, 1, 8])),
  video('m21', 21, fragments(0x2000_0000, 0x20_0000, [1, 2, 1])),
  scatter('sgl', 'host', fragments(0x3_1000_0000, 0x1000, [1, 3, 16, 2, 40, 1, 7])),
  scatter('sgln', 'ncoh', fragments(0x3_2000_0000, 0x1000, [16, 16, 1, 16])),
  pages(
    'dma',
    'host',
    [7, 3, 9, 1, 4, 4, 12, 13, 14, 15, 2].map((i) => 0x3_3000_0000 + i * 0x1000),
  ),
  video('one', 12, [[0x1fff_f000, 0x1000]]),
];
