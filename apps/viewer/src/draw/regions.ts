import { REGION, type ObjectInfo, type SpaceInfo } from '../model/recording.js';
import { stateOf, type RegionColumns, type RegionState } from '../model/region-table.js';
import { hatch } from './patterns.js';
import { mappedColour, type Palette } from './theme.js';

/** What is needed to colour regions. */
export interface RegionLook {
  readonly columns: RegionColumns;
  readonly info: SpaceInfo;
  readonly objects: readonly ObjectInfo[];
}

/** Which state wins where several regions share a pixel. */
const RANK: Readonly<Record<RegionState, number>> = { free: 0, reserved: 1, sparse: 2, mapped: 3 };
/** Regions that are looked at for one pixel: the rest of a crowd is taken to be alike. */
const CROWD = 8;
/** Pixels that something is wide at least. */
const MIN_WIDTH = 0.75;

/** The colour of a row. */
export function regionColour({ columns, info, objects }: RegionLook, row: number, colours: Palette): string {
  const flags = columns.flags[row] as number;
  switch (stateOf(flags)) {
    case 'free':
      return colours.free;
    case 'reserved':
      return colours.reserved;
    case 'sparse':
      return colours.sparse;
    case 'mapped': {
      const page = (flags >> 12) & 15;
      const shift = info.pages[page - 1]?.shift ?? 12;
      const object = objects[columns.object[row] as number];
      return mappedColour(colours, object?.target ?? 'host', shift);
    }
  }
}

/** Where row `i` begins, in pixels. */
export type Place = (i: number) => number;

/**
 * Draws rows `[from, to)`, merged wherever several begin in one pixel column: the work depends on pixels, not on
 * regions.
 *
 * @returns How many rectangles were drawn.
 */
export function drawRegions(
  context: CanvasRenderingContext2D,
  look: RegionLook,
  colours: Palette,
  from: number,
  to: number,
  place: Place,
  width: number,
  top: number,
  height: number,
): number {
  const { columns } = look;
  let drawn = 0;
  /** Everything left of it is painted. */
  let painted = 0;
  for (let i = from; i < to && painted < width;) {
    const left = Math.max(painted, place(i));
    if (left >= width) break;
    const edge = Math.floor(left) + 1;
    let best = i;
    let right = Math.min(width, Math.max(place(i + 1), left + MIN_WIDTH));
    let next = i + 1;
    if (right < edge) {
      // A crowd in one column: one rectangle for all of it, and the last of them may go on behind it.
      next = firstAfter(place, i + 1, to, edge);
      for (let k = i + 1; k < Math.min(next, i + CROWD); k++) {
        if (RANK[stateOf(columns.flags[k] as number)] > RANK[stateOf(columns.flags[best] as number)]) best = k;
      }
      if (next - 1 > i && place(next) > edge + MIN_WIDTH) next--;
      right = edge;
    }
    painted = right;
    i = next;
    const flags = columns.flags[best] as number;
    if (stateOf(flags) === 'free') continue;
    const wide = Math.max(MIN_WIDTH, right - left);
    const gap = wide > 3 ? 1 : 0;
    context.fillStyle = regionColour(look, best, colours);
    context.fillRect(left, top, wide - gap, height);
    if ((flags & REGION.sparse) !== 0) hatch(context, left, top, wide - gap, height, colours.paper);
    drawn++;
  }
  return drawn;
}

/** The first row at or after `from` that begins at pixel `x` or later. */
export function firstAfter(place: Place, from: number, to: number, x: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (place(middle) < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Positions for the overview, from 0 to 1: each region is as wide as the logarithm of its size, so that a page and a
 * petabyte both show.
 */
export function logPlaces({ count, addr }: RegionColumns): Float64Array {
  const places = new Float64Array(count + 1);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    places[i] = sum;
    sum += 1 + Math.max(0, Math.log2(((addr[i + 1] as number) - (addr[i] as number)) / 4096));
  }
  for (let i = 0; i < count; i++) places[i] = (places[i] as number) / sum;
  places[count] = 1;
  return places;
}
