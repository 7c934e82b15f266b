// Each log level has the lines of the levels before it and its own, in one order.

import { findChip } from '@nvmmu/script';
import { MemoryObject, Mmu, VmmError, type LogLevel, type Vmm } from '@nvmmu/vmm-core';
import { expect, test } from 'vitest';

const MIB = 2n ** 20n;
const LEVELS: readonly LogLevel[] = ['debug', 'trace', 'spam'];

/** Operations that log something at every level, refused ones among them. */
function work(vmm: Vmm): void {
  const { pages, raw } = vmm;
  const large = pages.at(-2)!.shift;
  const unit = 2n ** BigInt(large);
  const video = MemoryObject.video([[0x1000_0000n, 8n * MIB]], { page: 17 });
  const host = MemoryObject.pageRange('ncoh', 0x2_0000_0000n, 64);
  const attempt = (call: () => unknown): void => {
    try {
      call();
    } catch (error) {
      if (!(error instanceof VmmError)) throw error;
    }
  };
  const isDual = pages.at(-1)!.levels[0]!.type === 'SPT';
  const canBeSparse = vmm.page(pages.length - 1).sparse;
  const big = vmm.get(4n * MIB, { page: large });
  const small = vmm.get(0x10000n, { page: 12 });
  vmm.map(big, video);
  vmm.map(small, host);
  attempt(() => vmm.map(small, host, { size: 0x800n }));
  attempt(() => vmm.map(small, video, { args: { kind: 255 } }));
  attempt(() => vmm.put(0x1000n));
  attempt(() => raw.get(0x1000n, 0x800n, 12));
  vmm.unmap(big);
  // Large entries with small ones below them, in every state and back.
  if (isDual) raw.get(0n, 4n * unit, large);
  raw.get(0n, 2n * unit, 12);
  raw.map(0x1000n, 0x3000n, 12, host);
  if (isDual) raw.map(3n * unit, unit, large, video);
  if (canBeSparse) {
    raw.sparse(0n, 4n * unit, true);
    raw.get(2n * unit, 2n * unit, 12);
    raw.put(2n * unit, 2n * unit, 12);
    raw.unmap(0x1000n, 0x3000n, 12);
    raw.sparse(0n, 4n * unit, false);
    raw.sparse(0x80_0000n, 0x40_0000n, true);
    raw.get(0x80_0000n, 0x1000n, 12);
    raw.get(0x80_0000n, unit, large);
    raw.sparse(0x80_0000n, 0x40_0000n, false);
    vmm.put(vmm.get(6n * MIB, { sparse: true }));
  } else {
    raw.unmap(0x1000n, 0x3000n, 12);
  }
  raw.put(0n, 2n * unit, 12);
  vmm.put(small);
  vmm.close();
}

/** Lines with their level in front. */
function linesAt(chip: string, logLevel: LogLevel): string[] {
  const lines: string[] = [];
  const mmu = new Mmu(findChip(chip)!, {
    observer: { logLevel, log: (line, level) => lines.push(`${level} ${line}`) },
  });
  work(mmu.createSpace({ type: 'raw', addr: 2n ** 33n, size: 2n ** 31n }));
  return lines;
}

test.each(['nv50', 'gf100', 'gm200', 'gp100', 'gh100'])('%s', (chip) => {
  const all = linesAt(chip, 'spam');
  LEVELS.forEach((level, i) => {
    const wanted = LEVELS.slice(0, i + 1);
    const lines = linesAt(chip, level);
    expect(lines).toEqual(all.filter((line) => wanted.some((one) => line.startsWith(`${one} `))));
    expect(lines.filter((line) => line.startsWith(`${level} `)).length).toBeGreaterThan(2);
  });
});
