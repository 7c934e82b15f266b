import type { Level, PageSize } from './backend.js';

const known = new WeakMap<readonly PageSize[], readonly PageSize[]>();

/**
 * The page sizes of a chip with levels that have all properties, in one order, whatever the chip's own look like. Walks
 * read levels all the time, and V8 looks a property up in a table where it has met more than four shapes of object.
 */
export function uniformPages(pages: readonly PageSize[]): readonly PageSize[] {
  let uniform = known.get(pages);
  if (uniform === undefined) {
    const levels = new Map<Level, Level>();
    uniform = pages.map(({ shift, flags, levels: all }) => ({
      shift,
      flags,
      levels: all.map((level) => {
        const same = levels.get(level) ?? uniformLevel(level);
        levels.set(level, same);
        return same;
      }),
    }));
    known.set(pages, uniform);
  }
  return uniform;
}

function uniformLevel(level: Level): Level {
  return {
    type: level.type,
    bits: level.bits,
    entryBytes: level.entryBytes,
    align: level.align,
    unmapped: level.unmapped,
    sparse: level.sparse,
    invalid: level.invalid,
    encodePde: level.encodePde,
    sources: level.sources,
    write: level.write,
    writeList: level.writeList,
    frames: level.frames,
  };
}
