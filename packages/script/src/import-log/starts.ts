import type { Chip } from '@nvmmu/vmm-core';
import { findEvidence } from './evidence.js';
import { Replayer } from './replayer.js';
import type { Stream } from './stream.js';
import type { Survey } from './survey.js';

/** Allocations that are looked at. */
const GETS = 40;

/** The first address of a space with which most of its first allocations come to lie where the log has them. */
export function likeliestStart(stream: Stream, found: Survey, chip: Chip): bigint {
  let best = found.addr;
  let most = -1;
  for (const addr of found.starts) {
    const score = scoreOf(stream, found, addr, chip);
    if (score <= most) continue;
    best = addr;
    most = score;
  }
  return best;
}

function scoreOf(stream: Stream, found: Survey, addr: bigint, chip: Chip): number {
  const replayer = new Replayer(chip);
  const fbPage = found.bigPage ?? 17;
  const device = { ptTarget: undefined, ptBase: 0x100000n, fbPage, tags: 0, stolen: 0n };
  replayer.step({ op: 'device', line: 0, chip: chip.name, ...device });
  const bigPage = chip.arguments.includes('bigPage') ? found.bigPage : undefined;
  const options = { name: stream.name, type: found.type, addr, size: 0n, bigPage, replay: undefined };
  replayer.step({ op: 'vmm', line: 0, id: 's', ...options });
  const vmm = replayer.space('s')?.vmm;
  if (vmm === undefined) return -1;
  const { at } = stream;
  let inRow = 0;
  let total = 0;
  let missed = false;
  let gets = 0;
  for (let index = at; index < stream.lines.length && gets < GETS; index++) {
    const what = stream.lines[index]?.what;
    if (what?.kind !== 'get' || stream.isGetRefused(index)) continue;
    gets++;
    stream.at = index;
    const evidence = findEvidence(stream, what, vmm, replayer, () => false);
    stream.at = at;
    if (evidence.kind === 'refused') continue;
    const natural = replayer.silently(vmm, () => {
      try {
        return vmm.get(what.size, { page: what.page, align: what.align });
      } catch {
        return undefined;
      }
    });
    if (evidence.kind === 'unknown') continue;
    const size = evidence.kind === 'around' ? evidence.size : what.size;
    const isThere = natural !== undefined && natural <= evidence.addr && evidence.addr + size <= natural + what.size;
    if (isThere) total++;
    if (isThere && !missed) inRow++;
    else missed = true;
  }
  return inRow * GETS + total;
}
