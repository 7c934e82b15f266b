import type { RegionInfo } from '@nvmmu/vmm-core';
import type { FrameList } from '../operations.js';
import type { WalkItem } from './log-lines.js';
import { isHostOnly, type Session, type Space } from './session.js';
import type { Stream } from './stream.js';

// Page frames: mapped by number instead of from a memory object, which no line says.

/** Lines that are looked at to tell page frames from memory objects. */
const FRAME_HORIZON = 3000;
/** Frames, valid and writable, in host memory or (bit 4) in video memory; where they are is not in the log. */
const FRAME_BASE = 0x1_0000_0003n;
const FRAME_VIDEO = 0x10n;
/** Frames of one map that are looked at one by one. */
const MAX_LISTED = 4096;

/** Page frames that stand for unknown ones. Whether one is in host memory shows when it goes. */
export function framesFor({ stream }: Space, { addr, size, page }: WalkItem): FrameList {
  const step = 1n << BigInt(page);
  const count = Number(size >> BigInt(page));
  const range = (first: bigint): FrameList => ({ first, step, count });
  if (count > MAX_LISTED) return range(FRAME_BASE);
  const list = new Array<bigint>(count).fill(0n);
  let open = count;
  for (const next of stream.walks(stream.at + 1, FRAME_HORIZON)) {
    if (open === 0) break;
    if (next.addr >= addr + size || next.addr + next.size <= addr) continue;
    let isHost: boolean;
    if (next.walk === 'release') isHost = stream.lines[next.index + 1]?.text.includes(' flush: ') === true;
    else if (next.walk === 'unmap' || next.walk === 'unmap + unref') isHost = isFlushedFirst(stream, next.index);
    else continue;
    const base = isHost ? FRAME_BASE : FRAME_BASE | FRAME_VIDEO;
    for (let i = 0; i < count; i++) {
      const at = addr + BigInt(i) * step;
      if (list[i] !== 0n || at < next.addr || at >= next.addr + next.size) continue;
      list[i] = base + BigInt(i) * step;
      open--;
    }
  }
  const [first = 0n] = list;
  const filled = list.map((word, i) => (word === 0n ? FRAME_BASE + BigInt(i) * step : word));
  const isUniform = filled.every((word, i) => word === (filled[0] ?? first) + BigInt(i) * step);
  return isUniform ? range(filled[0] ?? FRAME_BASE) : { list: filled };
}

/** Whether a walk that unmaps flushes before anything else, and not only at its end. */
function isFlushedFirst({ lines }: Stream, index: number): boolean {
  return lines[index + 1]?.text.includes(' flush: ') === true && lines[index + 2]?.what.kind === 'detail';
}

/** Whether page frames can be mapped there. */
export function takesFrames({ vmm }: Space, { page }: WalkItem, { mapref, memory }: RegionInfo): boolean {
  return (
    vmm.pages.some(({ shift, levels }) => shift === page && levels[0]?.frames !== undefined) &&
    mapref &&
    memory === undefined
  );
}

/** Whether a map is of page frames: no line says so, but a memory object could not be mapped or unmapped like that. */
export function isFrames({ chip }: Session, { vmm, stream }: Space, walk: WalkItem, region: RegionInfo): boolean {
  const { addr, size, page } = walk;
  const level = vmm.pages.find(({ shift }) => shift === page)?.levels[0];
  if (level === undefined) return false;
  if (region.mapped) return true;
  const asked = region.page === undefined ? undefined : vmm.pages[region.page]?.shift;
  if (asked !== undefined && asked !== page) return true;
  if (level.sources.length === 0 || (page > 12 && isHostOnly(chip, vmm, page))) return true;
  const end = addr + size;
  let below = addr;
  for (const next of stream.walks(stream.at + 1, FRAME_HORIZON)) {
    const overlaps = next.addr < end && addr < next.addr + next.size;
    if (next.walk === 'ref + map' || (next.walk === 'ref' && vmm.type === 'raw')) {
      // Mapped right behind it: with it, page frames become one region, objects never do.
      if (overlaps) return false;
      if (next.addr === end) below = below < addr ? below : addr;
    }
    if (!overlaps) continue;
    if (next.walk === 'release') return true;
    if (next.walk === 'unmap + unref' || next.walk === 'unmap') {
      return next.addr > addr || next.addr + next.size < end || isFlushedFirst(stream, next.index);
    }
    if (next.walk === 'map' && next.index > stream.after(stream.at)) return false;
  }
  return false;
}
