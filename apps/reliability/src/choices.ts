// What commands choose from.

import type { MapArguments } from '@nvmmu/vmm-core';
import { PAGE_BYTES } from './model.js';
import type { ModelObject } from './objects.js';

/** An element of a list, whatever the number. */
export const pick = <T>(list: readonly T[], choice: number): T => list[choice % list.length] as T;

/** Lengths in 4 KiB pages that meet the edges of tables and large pages. */
export const LENGTHS = [1, 1, 2, 3, 4, 8, 16, 16, 17, 31, 32, 33, 48, 64, 100, 512, 513] as const;

/** Arguments of maps. */
export const ARGUMENTS: readonly (MapArguments | undefined)[] = [
  undefined,
  undefined,
  undefined,
  { ro: true },
  { kind: 0, priv: true },
  { kind: 0, ro: true, vol: true },
  { kind: 0xdb },
  { kind: 0x0a },
  { kind: 0x70, comp: 1 },
  { kind: 0xff },
];

/** The physical address of each page of a map that begins with a byte of an object. */
export function physicalFrom(object: ModelObject, offset: number): (page: number) => number {
  const first = offset / PAGE_BYTES;
  return (page) => object.physical[first + page] as number;
}
