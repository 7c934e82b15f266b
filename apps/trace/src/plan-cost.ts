import type { StepResult } from '@nvmmu/script';

/** What one operation asks of memory and hardware. */
export interface Cost {
  /** Tables and instance blocks that take new memory, and their bytes. */
  tables: number;
  bytes: number;
  /** Tables whose memory is released. */
  freed: number;
  /** Flushes of cached translations, and all register writes. */
  flushes: number;
  writes: number;
  /** Host pages mapped for the device or released. */
  pages: number;
  /** Directory entries that come to point at a table, by kind of table; those out of the cache, too. */
  readonly levels: Map<string, number>;
}

const empty = (): Cost => ({
  tables: 0,
  bytes: 0,
  freed: 0,
  flushes: 0,
  writes: 0,
  pages: 0,
  levels: new Map(),
});

const FLUSH = /: flush: \d+$/;
const TABLE = /: PDE write (\S+)$/;

/** The cost of a step of a runner that logs at level `trace` and keeps everything. */
export function costOf({ log, events }: StepResult): Cost {
  const cost = empty();
  for (const [name, , size] of events.items) {
    if (name === 'ptnew') {
      cost.tables++;
      cost.bytes += Number(size);
    } else if (name === 'ptfree') cost.freed++;
    else if (name === 'wr32') cost.writes++;
    else if (name === 'dmamap' || name === 'dmaunmap') cost.pages++;
  }
  for (const line of log.items) {
    const level = TABLE.exec(line)?.[1];
    if (level !== undefined) cost.levels.set(level, (cost.levels.get(level) ?? 0) + 1);
    else if (FLUSH.test(line)) cost.flushes++;
  }
  return cost;
}

/** The sum over operations, and the most that was alive at once. */
export class CostTotals {
  readonly sum: Cost = empty();
  operations = 0;
  peakTables = 0;
  peakBytes = 0;
  readonly #alive = new Map<string, number>();
  #bytes = 0;

  /**
   * Adds a step.
   *
   * @param counts - Whether it belongs to the sum; those before it still decide what is alive.
   */
  add({ events }: StepResult, cost: Cost, counts: boolean): void {
    for (const [name, addr, size] of events.items) {
      if (name === 'ptnew') {
        this.#alive.set(String(addr), Number(size));
        this.#bytes += Number(size);
        if (counts) this.#peak();
      } else if (name === 'ptfree') {
        this.#bytes -= this.#alive.get(String(addr)) ?? 0;
        this.#alive.delete(String(addr));
      }
    }
    if (!counts) return;
    this.#peak();
    this.operations++;
    const { sum } = this;
    sum.tables += cost.tables;
    sum.bytes += cost.bytes;
    sum.freed += cost.freed;
    sum.flushes += cost.flushes;
    sum.writes += cost.writes;
    sum.pages += cost.pages;
    for (const [level, count] of cost.levels) sum.levels.set(level, (sum.levels.get(level) ?? 0) + count);
  }

  /** The sum for `--json`. */
  json(): object {
    const { sum, operations, peakTables, peakBytes } = this;
    return { operations, ...sum, levels: Object.fromEntries(sum.levels), peakTables, peakBytes };
  }

  #peak(): void {
    this.peakTables = Math.max(this.peakTables, this.#alive.size);
    this.peakBytes = Math.max(this.peakBytes, this.#bytes);
  }
}

/** `1 PGD, 2 SPT`. */
export function formatLevels(levels: ReadonlyMap<string, number>): string {
  return [...levels].map(([name, count]) => `${count} ${name}`).join(', ');
}
