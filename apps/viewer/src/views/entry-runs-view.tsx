import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { entryRuns } from '../model/entry-runs.js';
import type { TableReader, TableRef } from '../model/tables.js';
import { hex, plural } from '../model/text.js';
import { entry } from '../state/store.js';
import { select } from '../state/selection.js';

const ROWS = 200;

/** The entries of a table in words, equal neighbours as one. */
export function EntryRunsView({
  reader,
  table,
  selected,
}: {
  readonly reader: TableReader;
  readonly table: TableRef;
  readonly selected: number | undefined;
}): JSX.Element {
  const runs = useMemo(() => entryRuns(reader, table), [reader, table]);
  const { shift } = reader.levelOf(table.level);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Entries in words">
      <table data-testid="runs">
        <caption>
          {plural(runs.length, 'run')} of equal entries{runs.length > ROWS ? `, the first ${ROWS}` : ''}
        </caption>
        <thead>
          <tr>
            <th scope="col">Entries</th>
            <th scope="col">Addresses from</th>
            <th scope="col">State</th>
            <th scope="col">What they say</th>
          </tr>
        </thead>
        <tbody>
          {runs.slice(0, ROWS).map(({ first, count, state, text }) => {
            const isPicked = selected !== undefined && selected >= first && selected < first + count;
            const [child] = state === 'table' ? reader.pointed(table, first) : [];
            return (
              <tr key={first} class={isPicked ? 'picked' : state === 'none' ? 'faint' : ''}>
                <td>
                  <button
                    type="button"
                    class="link"
                    onClick={() => {
                      entry.value = first;
                    }}
                  >
                    {count === 1 ? first : `${first}–${first + count - 1}`}
                  </button>
                </td>
                <td>{hex(table.va + first * 2 ** shift)}</td>
                <td>{state}</td>
                <td>
                  {child === undefined ? (
                    text
                  ) : (
                    <button
                      type="button"
                      class="link"
                      onClick={() => {
                        select(child);
                      }}
                    >
                      {text}
                    </button>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
