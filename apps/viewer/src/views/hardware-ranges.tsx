import { listRanges, type TableRange } from '@nvmmu/vmm-core';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { hex, plural, shiftName, size } from '../model/text.js';
import { address, hardware, view } from '../state/store.js';

const ROWS = 500;

function rangeText(range: TableRange): string {
  if (range.kind === 'problem') return `${range.problem}: ${range.why}`;
  if (range.kind !== 'mapped') return range.kind;
  const flags = [
    ...(range.ro ? ['read-only'] : []),
    ...(range.priv ? ['privileged'] : []),
    ...(range.vol ? ['volatile'] : []),
    ...(range.storageKind === 0 ? [] : [`kind ${hex(range.storageKind)}`]),
  ];
  return [`${range.aperture} ${hex(range.addr)}`, ...flags].join(', ');
}

/** What the bytes of a dump map, as a list: a dump knows no regions. */
export function HardwareRanges(): JSX.Element {
  const tables = hardware.value;
  const ranges = useMemo(() => {
    const list: TableRange[] = [];
    if (tables === undefined) return list;
    for (const range of listRanges(tables.format, tables.image, tables.root, { maxEntries: 2 ** 23 })) {
      list.push(range);
      if (list.length > ROWS) break;
    }
    return list;
  }, [tables]);
  if (tables === undefined) return <p class="empty">Say above where the page tables begin.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="What the tables map">
      <table data-testid="ranges">
        <caption>{ranges.length > ROWS ? `The first ${ROWS} ranges` : plural(ranges.length, 'range')}</caption>
        <thead>
          <tr>
            <th scope="col">Address</th>
            <th scope="col" class="number">
              Size
            </th>
            <th scope="col">Pages</th>
            <th scope="col">What</th>
          </tr>
        </thead>
        <tbody>
          {ranges.slice(0, ROWS).map((range) => (
            <tr key={`${range.va}`}>
              <td>
                <button
                  type="button"
                  class="link"
                  onClick={() => {
                    address.value = range.va;
                    view.value = 'walk';
                  }}
                >
                  {hex(range.va)}
                </button>
              </td>
              <td class="number">{size(Number(range.size))}</td>
              <td>{range.kind === 'problem' ? '' : shiftName(range.shift)}</td>
              <td>{rangeText(range)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
