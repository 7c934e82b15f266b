import { UNREAD, type TableReader, type TableRef } from '../model/tables.js';
import { mappedColour, type Palette } from './theme.js';

/** How the entries of a table are laid out. */
export interface GridShape {
  readonly columns: number;
  readonly rows: number;
  /** Pixels. */
  readonly cellWidth: number;
  readonly cellHeight: number;
}

/** The shape of a table's grid; `ratio` is the small entries for each large one where two are side by side. */
export function gridShape(entries: number, width: number, ratio: number, isLarge: boolean): GridShape {
  const small = isLarge ? entries * ratio : entries;
  let columns = Math.min(small, Math.max(16, 2 ** Math.round(Math.log2(Math.sqrt(small * 2)))));
  columns = Math.max(columns, ratio);
  const rows = Math.ceil(small / columns);
  const cellHeight = Math.max(3, Math.min(18, Math.floor(560 / rows)));
  const cells = isLarge ? Math.max(1, columns / ratio) : columns;
  const cellWidth = Math.max(3, Math.min(isLarge ? 64 : 18, Math.floor(width / cells)));
  return { columns: cells, rows, cellWidth, cellHeight };
}

/** What the grid of a table shows. */
export interface GridContent {
  /** A colour for each entry; empty for nothing. */
  readonly colours: readonly string[];
  readonly states: Uint8Array;
  readonly changed: ReadonlySet<number>;
}

/** Colours for the entries of a table. */
export function gridContent(
  reader: TableReader,
  table: TableRef,
  changed: ReadonlySet<number>,
  palette: Palette,
): GridContent {
  const colours = new Array<string>(table.entries).fill('');
  const states = reader.states(table);
  const { shift } = reader.levelOf(table.level);
  reader.each(table, (index, entry) => {
    switch (entry.state) {
      case 'none':
        break;
      case 'blocked':
        colours[index] = palette.blocked;
        break;
      case 'sparse':
      case 'nowhere':
        colours[index] = palette.sparse;
        break;
      case 'table':
        colours[index] = palette.table;
        break;
      case 'malformed':
        colours[index] = palette.bad;
        break;
      case 'page':
        colours[index] = mappedColour(palette, entry.aperture, shift);
    }
  });
  for (const [index, state] of states.entries()) if (state === UNREAD) colours[index] = palette.bad;
  return { colours, states, changed };
}

/** Draws the grid. */
export function drawGrid(
  context: CanvasRenderingContext2D,
  { columns, cellWidth, cellHeight }: GridShape,
  { colours, changed }: GridContent,
  selected: number | undefined,
  palette: Palette,
): void {
  const gap = Math.min(cellWidth, cellHeight) > 5 ? 1 : 0;
  colours.forEach((colour, index) => {
    const x = (index % columns) * cellWidth;
    const y = Math.floor(index / columns) * cellHeight;
    context.fillStyle = colour === '' ? palette.free : colour;
    context.fillRect(x, y, cellWidth - gap, cellHeight - gap);
    if (colour === palette.sparse && cellHeight > 8) {
      context.fillStyle = palette.paper;
      context.fillRect(x + cellWidth / 2 - 1, y + cellHeight / 2 - 1.5, 2, 2);
    }
    if (colour === palette.table && cellHeight > 8) {
      context.fillStyle = palette.paper;
      context.fillRect(x + 3, y + cellHeight / 2 - 1.5, cellWidth - gap - 6, 2);
    }
  });
  context.strokeStyle = palette.changed;
  context.lineWidth = cellHeight > 8 ? 2 : 1;
  for (const index of changed) {
    const x = (index % columns) * cellWidth;
    const y = Math.floor(index / columns) * cellHeight;
    context.strokeRect(x + 1, y + 1, cellWidth - gap - 2, cellHeight - gap - 2);
  }
  if (selected !== undefined) {
    context.strokeStyle = palette.ink;
    context.lineWidth = 2;
    const x = (selected % columns) * cellWidth;
    const y = Math.floor(selected / columns) * cellHeight;
    context.strokeRect(x, y, Math.max(4, cellWidth - gap), Math.max(4, cellHeight - gap));
  }
}
