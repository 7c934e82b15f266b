// Maps as backends get and leave them: their pages, templates of entries, and tags.

import {
  type Level,
  type MapArguments,
  MapState,
  type MemoryObject,
  type PageSize,
  type Refusal,
  type SpaceTemplate,
  TagAllocator,
} from '@nvmmu/vmm-core';
import { high, joinLanes, low } from './lanes.js';
import { boundSpace } from './space.js';

/** The page size of a template with that shift; throws when there is none. */
export function pageOf(template: SpaceTemplate, shift: number): PageSize {
  const page = template.pages.find((candidate) => candidate.shift === shift);
  if (page === undefined) throw new Error(`no page of shift ${shift}`);
  return page;
}

/** The level that holds the entries of pages of a size. */
export function leafOf(template: SpaceTemplate, shift: number): Level {
  return pageOf(template, shift).levels[0]!;
}

/** A device's tags, and which of them were cleared. */
export class Tags {
  readonly cleared: [number, number][] = [];
  readonly allocator: TagAllocator;

  constructor(total: number) {
    this.allocator = new TagAllocator(total, (first, count) => this.cleared.push([first, count]));
  }
}

/** A map after its argument check, and why it was refused. */
export interface Checked {
  readonly map: MapState;
  readonly refusal: Refusal | undefined;
}

/** Runs a template's argument check for one page size. */
export function check(
  template: SpaceTemplate,
  shift: number,
  memory: MemoryObject,
  args?: MapArguments,
  options: { offset?: number; tags?: Tags; raw?: boolean } = {},
): Checked {
  const map = new MapState((options.tags ?? new Tags(0)).allocator);
  map.memory = memory;
  map.offset = options.offset ?? 0;
  map.page = pageOf(template, shift);
  map.withoutTags = options.raw ?? false;
  return { map, refusal: template.valid(boundSpace({}), map, args) };
}

/** The 64-bit values that a map's entries are made of. */
export interface EntryTemplate {
  readonly type: bigint;
  readonly next: bigint;
  readonly ctag: bigint;
}

/** Gives `map` a template that no argument check made. */
export function setTemplate(map: MapState, { type, next, ctag }: EntryTemplate): MapState {
  map.typeLo = low(type);
  map.typeHi = high(type);
  map.nextLo = low(next);
  map.nextHi = high(next);
  map.ctagLo = low(ctag);
  map.ctagHi = high(ctag);
  return map;
}

/** A map with a template that no argument check made, on a device without tags. */
export function stateOf(template: EntryTemplate): MapState {
  return setTemplate(new MapState(new Tags(0).allocator), template);
}

/** The bits that a map adds to the address of its next page. */
export const typeOf = (map: MapState): bigint => joinLanes(map.typeLo, map.typeHi);

/** What a map's entries grow by from one page to the next. */
export const nextOf = (map: MapState): bigint => joinLanes(map.nextLo, map.nextHi);

/** What a map's template grows by from one page to the next. */
export const ctagOf = (map: MapState): bigint => joinLanes(map.ctagLo, map.ctagHi);
