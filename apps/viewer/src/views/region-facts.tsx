import { walk } from '@nvmmu/vmm-core';
import type { JSX } from 'preact';
import type { PlayedSpace } from '../model/player.js';
import type { ShownRegion } from '../model/region-table.js';
import { hex, shiftName, size } from '../model/text.js';
import { entry, goTo, hardware, level, script, step, view } from '../state/store.js';

/** The last operation, up to the step, that was about some of a region's addresses. */
function lastTouch(chosen: PlayedSpace, row: ShownRegion): number | undefined {
  const recording = script.value?.recording;
  if (recording === undefined) return undefined;
  for (let i = step.value; i >= 0; i--) {
    if (recording.space[i] !== chosen.index || recording.ret[i] !== 0) continue;
    const from = recording.rangeFrom[i] ?? NaN;
    const to = recording.rangeTo[i] ?? NaN;
    if (from < row.addr + row.size && to > row.addr) return i;
  }
  return undefined;
}

/** Everything about the region that is chosen. */
export function RegionFacts({
  chosen,
  row,
}: {
  readonly chosen: PlayedSpace;
  readonly row: ShownRegion | undefined;
}): JSX.Element {
  if (row === undefined) return <p class="hint">Click a region, or choose one in the table, to see what it is.</p>;
  const touched = lastTouch(chosen, row);
  const facts: readonly (readonly [string, string])[] = [
    ['Addresses', `${hex(row.addr)} … ${hex(row.addr + row.size)}`],
    ['Size', size(row.size)],
    ['State', row.used ? (row.mapped ? 'mapped' : 'not mapped') : 'free'],
    ...(row.used
      ? ([
          [
            'Object',
            row.object === undefined
              ? row.mapped
                ? 'page frames'
                : 'none'
              : `${row.object.id} (${row.object.target})`,
          ],
          ['Page size asked for', row.page === undefined ? 'any' : shiftName(row.page)],
          ['Table references at', row.refd === undefined ? 'none' : `${shiftName(row.refd)} pages`],
          ['Flags', flagsOf(row)],
        ] as const)
      : []),
  ];
  return (
    <section class="region-facts" aria-label="The region that is chosen">
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div class="row">
        <button
          type="button"
          onClick={() => {
            view.value = 'walk';
          }}
        >
          Walk its first address
        </button>
        <button
          type="button"
          onClick={() => {
            showTables(row.addr);
          }}
        >
          Show its tables
        </button>
        {touched !== undefined && (
          <button
            type="button"
            onClick={() => {
              goTo(touched);
            }}
          >
            Last changed by operation {touched}
          </button>
        )}
      </div>
    </section>
  );
}

/** Shows the lowest table that there is for an address. */
function showTables(addr: number): void {
  const tables = hardware.value;
  if (tables !== undefined) {
    const last = walk(tables.format, tables.image, tables.root, BigInt(addr)).steps.at(-1);
    level.value = last?.level;
    entry.value = last?.index;
  }
  view.value = 'tables';
}

function flagsOf(row: ShownRegion): string {
  const flags = [
    ...(row.mapref ? ['maps take references'] : []),
    ...(row.sparse ? ['sparse'] : []),
    ...(row.part ? ['part of the region before'] : []),
  ];
  return flags.length === 0 ? 'none' : flags.join(', ');
}
