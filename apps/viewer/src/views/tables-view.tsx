import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { hex, size } from '../model/text.js';
import { changes, select, selection } from '../state/selection.js';
import { entry, hardware, session } from '../state/store.js';
import { EntryInspector } from './entry-inspector.js';
import { EntryGrid } from './entry-grid-view.js';
import { EntryRunsView } from './entry-runs-view.js';
import { ENTRY_LEGEND, Legend } from './legend.js';
import { SpacePicker } from './space-picker.js';
import { TableTree } from './table-tree.js';

/** The tree of tables, the entries of one, and the fields of one entry. */
export function TablesView(): JSX.Element {
  const tables = hardware.value;
  const chosen = selection.value;
  const [width, setWidth] = useState(600);
  const changed = changes.value;
  if (tables === undefined || chosen === undefined) {
    return (
      <>
        <SpacePicker />
        <p class="empty">
          {session.value?.kind === 'dump'
            ? 'Say above where the page tables begin.'
            : 'There are no page tables at this step. On nv50, g84 and mcp77 the directory lives in an instance block, which comes with the operation “join”.'}
        </p>
      </>
    );
  }
  const { reader } = tables;
  const { table, partner, isExact } = chosen;
  const format = reader.levelOf(table.level);
  // Of a pair the table of large pages stands at the left, whichever is chosen.
  const pair =
    partner === undefined
      ? [table]
      : reader.levelOf(partner.level).shift > format.shift
        ? [partner, table]
        : [table, partner];
  const shifts = pair.map(({ level }) => reader.levelOf(level).shift);
  const ratio = pair.length === 2 ? 2 ** ((shifts[0] ?? 0) - (shifts[1] ?? 0)) : 1;
  return (
    <div class="tables">
      <div class="tables-left">
        <SpacePicker />
        <TableTree reader={reader} chosen={chosen} changed={changed} />
      </div>
      <div
        class="tables-middle"
        ref={(element) => {
          const found = element?.clientWidth ?? 0;
          if (found > 0 && Math.abs(found - width) > 24) setWidth(found);
        }}
      >
        {!isExact && <p class="hint">There is no such table at this step; this is the one above.</p>}
        <div class="pair">
          {pair.map((shown, at) => (
            <section key={shown.level} aria-label={`Table ${reader.levelOf(shown.level).name}`}>
              <h2 data-testid={`table-${reader.levelOf(shown.level).name}`}>
                {reader.levelOf(shown.level).name}{' '}
                <small>
                  {shown.target} {hex(shown.addr)}
                  <br />
                  {shown.entries.toLocaleString('en')} × {size(2 ** reader.levelOf(shown.level).shift)}
                </small>
              </h2>
              <EntryGrid
                reader={reader}
                table={shown}
                changed={changed}
                width={pair.length === 2 ? width * (at === 0 ? 0.3 : 0.64) : width}
                ratio={ratio}
                isLarge={pair.length === 2 && at === 0}
                selected={shown.level === table.level ? entry.value : undefined}
                onSelect={(index) => {
                  select(shown, index);
                }}
              />
            </section>
          ))}
        </div>
        <Legend items={ENTRY_LEGEND} />
        <EntryRunsView reader={reader} table={table} selected={entry.value} />
      </div>
      <div class="tables-right">
        <EntryInspector reader={reader} chosen={chosen} />
      </div>
    </div>
  );
}
