import type { JSX } from 'preact';
import type { RegionTable, ShownRegion } from '../model/region-table.js';
import { hex, plural, shiftName, size } from '../model/text.js';

/** Rows that the table shows; the rest is a matter of zooming. */
const ROWS = 200;

function stateText(row: ShownRegion): string {
  if (!row.used) return 'free';
  const sparse = row.sparse ? ', sparse' : '';
  if (!row.mapped) return `reserved${sparse}`;
  return `mapped${sparse}`;
}

/** The regions in the window, as a table: what the canvas shows, for reading. */
export function RegionTableView({
  regions,
  from,
  to,
  picked,
  onPick,
}: {
  readonly regions: RegionTable;
  readonly from: number;
  readonly to: number;
  readonly picked: number;
  readonly onPick: (addr: number) => void;
}): JSX.Element {
  const rows: JSX.Element[] = [];
  const last = Math.min(to, from + ROWS);
  for (let i = from; i < last; i++) {
    const row = regions.row(i);
    if (row === undefined) continue;
    rows.push(
      <tr key={row.addr} class={i === picked ? 'picked' : row.used ? '' : 'faint'} data-region={hex(row.addr)}>
        <td>
          <button
            type="button"
            class="link"
            aria-pressed={i === picked}
            onClick={() => {
              onPick(row.addr);
            }}
          >
            {hex(row.addr)}
          </button>
        </td>
        <td class="number">{size(row.size)}</td>
        <td>{stateText(row)}</td>
        <td>{row.refd === undefined ? '' : shiftName(row.refd)}</td>
        <td>
          {row.object === undefined ? (row.mapped ? 'page frames' : '') : `${row.object.id} (${row.object.target})`}
        </td>
        <td>{row.part ? 'part' : ''}</td>
      </tr>,
    );
  }
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Regions in the window">
      <table data-testid="regions">
        <caption>
          {plural(to - from, 'region')} and gaps in the window{to > last ? `, the first ${ROWS} of them` : ''}
        </caption>
        <thead>
          <tr>
            <th scope="col">Address</th>
            <th scope="col" class="number">
              Size
            </th>
            <th scope="col">State</th>
            <th scope="col">Pages</th>
            <th scope="col">Object</th>
            <th scope="col">Part</th>
          </tr>
        </thead>
        <tbody>{rows}</tbody>
      </table>
    </div>
  );
}
