import { readVectors, vectorUrl, type Vector } from '@nvmmu/conformance';
import { CHIPS, ScriptRunner, parseScript } from '@nvmmu/script';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Player } from '../src/model/player.js';
import { Recorder } from '../src/model/recorder.js';
import type { Recording } from '../src/model/recording.js';

async function record(text: string): Promise<Recording> {
  const recorder = new Recorder(text);
  for (const _ of recorder.run());
  return recorder.finish();
}

/** The hash that results have, over what the player shows. */
function hashOf(player: Player): string {
  const hash = createHash('sha256');
  for (const { addr, size, words } of player.allocations()) {
    hash.update(new Uint8Array(BigUint64Array.of(BigInt(addr), BigInt(size)).buffer));
    hash.update(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
  }
  return hash.digest('hex');
}

function shownRegions(player: Player): string[] {
  const lines: string[] = [];
  for (const space of player.spaces) {
    if (!player.isOpen(space)) continue;
    const { count } = space.regions.columns();
    for (let i = 0; i < count; i++) {
      const row = space.regions.row(i)!;
      if (!row.used) continue;
      const { addr, size, mapref, sparse, part, mapped, page, refd, object } = row;
      lines.push(
        [space.info.id, BigInt(addr), BigInt(size), mapref, sparse, part, mapped, page, refd, object?.id].join(' '),
      );
    }
  }
  return lines;
}

function trueRegions(runner: ScriptRunner): string[] {
  const lines: string[] = [];
  for (const [id, { vmm }] of runner.spaces) {
    if (vmm.isClosed) continue;
    for (const region of vmm.regions()) {
      if (!region.used) continue;
      const { addr, size, mapref, sparse, part, mapped, memory } = region;
      const shift = (index: number | undefined) => (index === undefined ? undefined : vmm.pages[index]?.shift);
      const object = memory === undefined ? undefined : runner.memoryId(memory);
      lines.push(
        [id, addr, size, mapref, sparse, part, mapped, shift(region.page), shift(region.refd), object].join(' '),
      );
    }
  }
  return lines;
}

/** Whether the player's memory is the device's, byte for byte. */
function sameBytes(player: Player, runner: ScriptRunner): boolean {
  const shown = player.allocations();
  const real = runner.provider?.allocations() ?? [];
  return (
    shown.length === real.length &&
    real.every(({ addr, words }, i) => {
      const mine = shown[i]!;
      return mine.addr === addr && Buffer.compare(bytesOf(mine.words), bytesOf(words)) === 0;
    })
  );
}

const bytesOf = (words: Uint32Array) => Buffer.from(words.buffer, words.byteOffset, words.byteLength);

async function check(vector: Vector): Promise<void> {
  const text = `${vector.script.join('\n')}\n`;
  const recording = await record(text);
  expect(recording.error, vector.name).toBeUndefined();
  const player = new Player(recording);
  const runner = new ScriptRunner({ hash: false });
  const { operations } = parseScript(text);
  const regions: string[][] = [];
  // Hashing is what takes time: it is done every few steps, of long scripts less often.
  const stride = Math.max(1, Math.ceil(vector.results.length / 12));
  for (const [i, line] of vector.results.entries()) {
    const golden = JSON.parse(line) as { ret: number; mem: string };
    runner.step(operations[i]!);
    player.seek(i);
    expect(recording.ret[i], `${vector.name} ${i}`).toBe(golden.ret);
    expect(sameBytes(player, runner), `${vector.name} ${i}`).toBe(true);
    if (i % stride === 0) expect(hashOf(player), `${vector.name} ${i}`).toBe(golden.mem);
    regions.push(trueRegions(runner));
    expect(shownRegions(player), `${vector.name} ${i}`).toEqual(regions[i]);
  }
  for (let i = vector.results.length - 1; i >= 0; i -= stride) {
    player.seek(i);
    const golden = JSON.parse(vector.results[i]!) as { mem: string };
    expect(hashOf(player), `${vector.name} back to ${i}`).toBe(golden.mem);
    expect(shownRegions(player), `${vector.name} back to ${i}`).toEqual(regions[i]);
  }
}

describe('every step of every recorded result is shown byte for byte, forwards and back', () => {
  it.each(CHIPS.map(({ name }) => name))('%s', async (chip) => {
    let count = 0;
    for await (const vector of readVectors(await readFile(vectorUrl(chip)))) {
      await check(vector);
      count++;
    }
    expect(count).toBeGreaterThan(5);
  });
});
