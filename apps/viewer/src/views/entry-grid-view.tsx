import type { JSX } from 'preact';
import { useCallback, useMemo, useState } from 'preact/hooks';
import { Canvas, type Draw } from '../draw/canvas.js';
import { drawGrid, gridContent, gridShape } from '../draw/entry-grid.js';
import { palette, themeVersion } from '../draw/theme.js';
import { changedEntries } from '../model/changed-entries.js';
import { entryText } from '../model/entry-runs.js';
import type { ChangedWords } from '../model/player.js';
import { STATES, type TableReader, type TableRef } from '../model/tables.js';
import { hex, plural } from '../model/text.js';
import { select } from '../state/selection.js';

/** Properties of {@link EntryGrid}. */
export interface EntryGridProps {
  readonly reader: TableReader;
  readonly table: TableRef;
  readonly changed: readonly ChangedWords[];
  readonly width: number;
  /** Small entries for each large one, where two tables are side by side. */
  readonly ratio: number;
  readonly isLarge: boolean;
  readonly selected: number | undefined;
  readonly onSelect: (index: number) => void;
}

/** All entries of a table at a glance. */
export function EntryGrid(props: EntryGridProps): JSX.Element {
  const { reader, table, changed, width, ratio, isLarge, selected, onSelect } = props;
  const [hover, setHover] = useState<number | undefined>(undefined);
  const level = reader.levelOf(table.level);
  const entries = useMemo(() => changedEntries(changed, table, level.entryBytes), [changed, table]);
  const content = useMemo(
    () => gridContent(reader, table, entries, palette()),
    [reader, table, entries, themeVersion.value],
  );
  const shape = gridShape(table.entries, width, ratio, isLarge);
  const draw = useCallback<Draw>(
    (context) => {
      drawGrid(context, shape, content, selected, palette());
    },
    [content, selected, shape.columns, shape.cellWidth, shape.cellHeight],
  );
  const indexAt = (event: MouseEvent): number | undefined => {
    const { left, top } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const column = Math.floor((event.clientX - left) / shape.cellWidth);
    const index = Math.floor((event.clientY - top) / shape.cellHeight) * shape.columns + column;
    return column < shape.columns && index < table.entries ? index : undefined;
  };
  const press = (event: KeyboardEvent): void => {
    const at = selected ?? 0;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -shape.columns, ArrowDown: shape.columns }[event.key];
    if (by !== undefined) onSelect(Math.max(0, Math.min(table.entries - 1, selected === undefined ? 0 : at + by)));
    else if (event.key === 'Enter') {
      const [child] = reader.pointed(table, at);
      if (child !== undefined) select(child);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const shown = hover ?? selected;
  const height = Math.ceil(table.entries / shape.columns) * shape.cellHeight;
  const counts = new Map<number, number>();
  for (const state of content.states) counts.set(state, (counts.get(state) ?? 0) + 1);
  const summary = [...counts].map(([state, count]) => `${count} ${STATES[state] ?? 'unreadable'}`).join(', ');
  return (
    <div class="grid">
      <div class="grid-scroll">
        <Canvas
          width={shape.columns * shape.cellWidth}
          height={height}
          draw={draw}
          label={`${level.name}: ${summary}; ${plural(entries.size, 'entry', 'entries')} changed. Arrow keys choose an entry, Enter follows it.`}
          canvasProps={{
            tabIndex: 0,
            'data-keys': true,
            'data-testid': `grid-${level.name}`,
            'data-changed': entries.size,
            'data-summary': summary,
            onMouseMove: (event) => {
              setHover(indexAt(event));
            },
            onMouseLeave: () => {
              setHover(undefined);
            },
            onClick: (event) => {
              const index = indexAt(event);
              if (index !== undefined) onSelect(index);
            },
            onDblClick: (event) => {
              const index = indexAt(event);
              const [child] = index === undefined ? [] : reader.pointed(table, index);
              if (child !== undefined) select(child);
            },
            onKeyDown: press,
          }}
        />
      </div>
      <p class="hover" aria-live="polite">
        {shown === undefined || shown >= table.entries
          ? ' '
          : `${shown}: ${hex(table.va + shown * 2 ** level.shift)} — ${describe(reader, table, shown)}`}
      </p>
    </div>
  );
}

function describe(reader: TableReader, table: TableRef, index: number): string {
  const entry = reader.entry(table, index);
  return entry === undefined ? 'not in memory' : entryText(reader, entry);
}
