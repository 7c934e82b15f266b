import type { PooledTable } from '@nvmmu/ptcache';
import type { EntryWords, Level } from './backend.js';
import { InvariantError } from './errors.js';
import { LANE, paddedHex } from './numbers.js';
import { LOG } from './observer.js';
import type { PageTable } from './page-table.js';
import type { SpaceState } from './space-state.js';

const scratch = new Uint32Array(4);
/** Words that are stored one by one before copying pays. */
const COPY_FROM = 64;

/** Fills `count` entries of a table with one value. */
export function fillEntries(
  space: SpaceState,
  level: Level,
  table: PooledTable,
  index: number,
  count: number,
  value: EntryWords | undefined,
): void {
  if (value === undefined) throw new InvariantError(`a ${level.type} level has no such entry value`);
  if (space.logLevel >= LOG.spam) {
    const addr = paddedHex(table.addr + index * level.entryBytes, 10);
    space.log(`   ${addr} ${entryText(value, 0, value.length)} ${paddedHex(count, 8)}`, 'spam');
  }
  const { words } = table;
  const per = value.length;
  const from = table.wordBase + index * per;
  const to = from + count * per;
  const first = value[0] as number;
  // All words alike is the common case (zero), and one native fill.
  let uniform = true;
  for (let i = 1; i < per; i++) uniform &&= value[i] === first;
  if (uniform) {
    words.fill(first, from, to);
    return;
  }
  if (count === 1 || per !== 2) {
    for (let at = from; at < to; at += per) {
      for (let i = 0; i < per; i++) words[at + i] = value[i] as number;
    }
    return;
  }
  const second = value[1] as number;
  const head = Math.min(to, from + COPY_FROM);
  for (let at = from; at < head; at += 2) {
    words[at] = first;
    words[at + 1] = second;
  }
  // Long runs double what is there: a native copy moves a word in a fraction of the time of a store.
  for (let at = head; at < to;) {
    const length = Math.min(at - from, to - at);
    words.copyWithin(at, from, from + length);
    at += length;
  }
}

/** Writes the directory entry that points at the tables of `child`, wherever the directory lives. */
export function writePde(
  space: SpaceState,
  level: Level,
  directory: PageTable,
  index: number,
  child: PageTable | undefined,
): void {
  if (level.encodePde === undefined) throw new InvariantError('a directory level has no encoder');
  scratch.fill(0);
  if (!level.encodePde(child, scratch)) return;
  const table = directory.slot0;
  if (table === undefined) {
    const offset = space.template.directoryOffset ?? 0;
    for (const block of space.joined) {
      const at = (offset >> 2) + index * 2;
      block.words[at] = scratch[0] as number;
      block.words[at + 1] = scratch[1] as number;
    }
    return;
  }
  const per = level.entryBytes >> 2;
  const at = table.wordBase + index * per;
  for (let i = 0; i < per; i++) table.words[at + i] = scratch[i] as number;
  logWrites(space, level.entryBytes, level.entryBytes, table, index, 1);
}

/**
 * Logs writes of entries that have just been made, one line each, from the bytes themselves.
 *
 * @param stride - Bytes from one entry to the next.
 * @param width - Bytes of an entry that were written.
 */
export function logWrites(
  space: SpaceState,
  stride: number,
  width: number,
  table: PooledTable,
  index: number,
  count: number,
): void {
  if (space.logLevel < LOG.spam) return;
  const { words } = table;
  for (let i = index; i < index + count; i++) {
    const at = table.wordBase + i * (stride >> 2);
    space.log(`   ${paddedHex(table.addr + i * stride, 10)} ${entryText(words, at, width >> 2)}`, 'spam');
  }
}

/** An entry as the driver prints it: 128-bit entries high half first, without a gap. */
function entryText(words: ArrayLike<number>, at: number, count: number): string {
  if (count === 1) return paddedHex(words[at] as number, 8);
  let text = '';
  for (let i = at + count - 2; i >= at; i -= 2) {
    const hi = words[i + 1] as number;
    text +=
      hi === 0 ? paddedHex(words[i] as number, 16) : hi.toString(16).padStart(8, '0') + lowText(words[i] as number);
  }
  return text;
}

function lowText(word: number): string {
  return (word % LANE).toString(16).padStart(8, '0');
}
