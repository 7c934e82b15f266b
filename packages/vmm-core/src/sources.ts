import type { PooledTable } from '@nvmmu/ptcache';
import type { Level } from './backend.js';
import { logWrites } from './entries.js';
import { InvariantError } from './errors.js';
import type { MapState } from './map-state.js';
import type { MemoryObject } from './memory-object.js';
import { paddedHex, pow2, shiftRight } from './numbers.js';
import { LOG } from './observer.js';
import type { SpaceState } from './space-state.js';

const LIST_SHIFT = 12;

/** Sets the cursor of a map to the byte of the object that it starts with. */
export function seek(map: MapState, memory: MemoryObject): void {
  const { kind, lengths } = memory;
  map.cursor = 0;
  map.used = map.offset;
  if (kind === 'pages') {
    map.cursor = shiftRight(map.offset, LIST_SHIFT);
    // Modulo 4 KiB; the reference inverts the mask, harmless with 4 KiB pages (KD-40).
    map.used = map.offset - map.cursor * pow2(LIST_SHIFT);
    return;
  }
  while (map.used > 0 && map.cursor < lengths.length) {
    const length = lengths[map.cursor] as number;
    if (length > map.used) break;
    map.used -= length;
    map.cursor++;
  }
}

/** Writes the entries `[index, index + count)` of a table from where the map's cursor stands. */
export function writeFromSource(
  space: SpaceState,
  level: Level,
  table: PooledTable,
  index: number,
  count: number,
  map: MapState,
): void {
  const { memory } = map;
  if (memory === undefined) throw new InvariantError('a map without a memory object');
  const perEntry = level.entryBytes >> 2;
  if (memory.kind === 'pages') {
    if (map.page.shift !== LIST_SHIFT || level.writeList === undefined) {
      throw new InvariantError(`an address list can't fill pages of shift ${map.page.shift}`);
    }
    if (space.logLevel >= LOG.spam) space.log(`DMAA ${paddedHex(index, 8)} ${paddedHex(count, 8)} PTE(s)`, 'spam');
    level.writeList(table.words, table.wordBase + index * perEntry, memory.starts, map.cursor, count, map);
    map.cursor += count;
    logWrites(space, level.entryBytes, level.entryBytes, table, index, count);
    return;
  }
  if (level.write === undefined) throw new InvariantError(`pages of shift ${map.page.shift} have no writer`);
  const { starts, lengths } = memory;
  const { shift } = map.page;
  const unit = pow2(shift);
  let at = index;
  let left = count;
  while (left > 0) {
    if (map.cursor >= lengths.length) throw new InvariantError('a map ran off the end of its memory object');
    const available = shiftRight((lengths[map.cursor] as number) - map.used, shift);
    const addr = (starts[map.cursor] as number) + map.used;
    let n = available;
    if (available > left) {
      n = left;
      map.used += n * unit;
    } else {
      // An extent that is used up exactly is stepped over at once.
      map.used = 0;
      map.cursor++;
    }
    if (space.logLevel >= LOG.spam) space.log(`ITER ${paddedHex(at, 8)} ${paddedHex(n, 8)} PTE(s)`, 'spam');
    if (n > 0) {
      level.write(table.words, table.wordBase + at * perEntry, at, n, addr, map);
      logWrites(space, level.entryBytes, level.entryBytes, table, at, n);
    }
    at += n;
    left -= n;
  }
}
