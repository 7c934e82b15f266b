import type { GrowthRow } from './growth.js';
import type { WorkloadReport } from './workloads.js';

const ns = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 });

/** A workload as a few lines of text. */
export function workloadTable(report: WorkloadReport): string {
  const { workload, title, ms, driverMs, ratio, target, operations, entryNs, bounds } = report;
  const lines = [
    `${workload}: ${title}`,
    `  ${ms.toFixed(1)} ms, ${ratio.toFixed(2)} × the driver's ${driverMs} ms (target ${target} ×)`,
    `  ${Object.entries(operations)
      .map(([kind, { count, ns: each }]) => `${kind} ${ns(each)} ns (${count})`)
      .join(', ')}`,
  ];
  if (entryNs !== undefined) {
    lines.push(
      `  ${entryNs.toFixed(2)} ns an entry: ${(entryNs / bounds.loop).toFixed(2)} × a plain loop (${bounds.loop.toFixed(2)}), ` +
        `${(entryNs / bounds.fill).toFixed(1)} × fill (${bounds.fill.toFixed(2)})`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** The growth rows as a table. */
export function growthTable(rows: readonly GrowthRow[]): string {
  const head = ['regions', 'get', 'map', 'unmap', 'put', 'aligned get'];
  const body = rows.map(({ regions, get, map, unmap, put, alignedGet }) =>
    [regions, get, map, unmap, put, alignedGet].map((value) => ns(Math.round(value))),
  );
  const widths = head.map((title, i) => Math.max(title.length, ...body.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string => cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ');
  return ['nanoseconds of an operation by the number of regions alive', line(head), ...body.map(line), ''].join('\n');
}
