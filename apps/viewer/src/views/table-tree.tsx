import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { isChanged } from '../model/changed-entries.js';
import type { ChangedWords } from '../model/player.js';
import type { TableReader, TableRef } from '../model/tables.js';
import { hex } from '../model/text.js';
import { select, type Selection } from '../state/selection.js';

interface TreeRow {
  readonly table: TableRef;
  readonly depth: number;
  readonly key: string;
  readonly isParent: boolean;
  readonly isOpen: boolean;
  readonly parent: number;
}

const ROW = 30;
/** Rows rendered beyond both edges. */
const MARGIN = 6;

const keyOf = (table: TableRef): string => `${table.level} ${table.va}`;

/** All tables as a tree; branches are read when they are opened. */
export function TableTree({
  reader,
  chosen,
  changed,
}: {
  readonly reader: TableReader;
  readonly chosen: Selection;
  readonly changed: readonly ChangedWords[];
}): JSX.Element {
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const ref = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(480);
  const onPath = useMemo(() => new Set(chosen.path.slice(0, -1).map(keyOf)), [chosen]);
  const rows = useMemo(() => flatten(reader, toggled, onPath), [reader, toggled, onPath]);
  const selected = rows.findIndex(({ key }) => key === keyOf(chosen.table));

  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    setHeight(element.clientHeight);
  }, []);
  useEffect(() => {
    const element = ref.current;
    if (element === null || selected < 0) return;
    const at = selected * ROW;
    if (at < element.scrollTop || at + ROW > element.scrollTop + element.clientHeight) {
      element.scrollTop = at - element.clientHeight / 2;
    }
  }, [selected, rows.length]);

  const toggle = ({ key }: TreeRow, open: boolean): void => {
    setToggled(new Map([...toggled, [key, open]]));
  };
  const press = (event: KeyboardEvent): void => {
    const row = rows[selected];
    if (row === undefined) return;
    const go = (to: TreeRow | undefined): void => {
      if (to !== undefined) select(to.table);
    };
    switch (event.key) {
      case 'ArrowDown':
        go(rows[selected + 1]);
        break;
      case 'ArrowUp':
        go(rows[selected - 1]);
        break;
      case 'ArrowRight':
        if (row.isParent && !row.isOpen) toggle(row, true);
        else if (row.isOpen) go(rows[selected + 1]);
        break;
      case 'ArrowLeft':
        if (row.isOpen) toggle(row, false);
        else go(rows[row.parent]);
        break;
      case 'Home':
        go(rows[0]);
        break;
      case 'End':
        go(rows.at(-1));
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const first = Math.max(0, Math.floor(top / ROW) - MARGIN);
  const last = Math.min(rows.length, Math.ceil((top + height) / ROW) + MARGIN);
  return (
    <div
      ref={ref}
      class="tree"
      role="tree"
      tabIndex={0}
      aria-label="Page tables"
      aria-activedescendant={selected >= first && selected < last ? `tree-${selected}` : undefined}
      onKeyDown={press}
      onScroll={(event) => {
        setTop(event.currentTarget.scrollTop);
        setHeight(event.currentTarget.clientHeight);
      }}
    >
      <div class="tree-space" role="none" style={{ height: `${rows.length * ROW}px` }}>
        {rows.slice(first, last).map((row, i) => {
          const { table, depth, isParent, isOpen, key } = row;
          const format = reader.levelOf(table.level);
          const isNew = isChanged(changed, table, format.entryBytes);
          return (
            <div
              key={key}
              id={`tree-${first + i}`}
              role="treeitem"
              aria-level={depth + 1}
              aria-selected={first + i === selected}
              {...(isParent && { 'aria-expanded': isOpen })}
              class={`tree-row ${isNew ? 'changed' : ''}`}
              style={{ top: `${(first + i) * ROW}px`, paddingLeft: `${8 + depth * 16}px`, height: `${ROW}px` }}
              onClick={() => {
                select(table);
                ref.current?.focus({ preventScroll: true });
              }}
            >
              <span
                class="twist"
                aria-hidden="true"
                onClick={(event) => {
                  event.stopPropagation();
                  if (isParent) toggle(row, !isOpen);
                }}
              >
                {isParent ? (isOpen ? '▾' : '▸') : '·'}
              </span>
              <b>{format.name}</b>
              {table.index >= 0 && <span class="faint">[{table.index}]</span>}
              <span class="tree-va">{hex(table.va)}</span>
              {isNew && <span class="visually-hidden">, changed by this operation</span>}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function flatten(
  reader: TableReader,
  toggled: ReadonlyMap<string, boolean>,
  onPath: ReadonlySet<string>,
): readonly TreeRow[] {
  const rows: TreeRow[] = [];
  const add = (table: TableRef, depth: number, parent: number): void => {
    const key = keyOf(table);
    const isParent = reader.levelOf(table.level).directory;
    const isOpen = isParent && (toggled.get(key) ?? (depth === 0 || onPath.has(key)));
    const at = rows.push({ table, depth, key, isParent, isOpen, parent }) - 1;
    // Tables that point at themselves would never end.
    if (isOpen && depth < 8) for (const child of reader.children(table)) add(child, depth + 1, at);
  };
  add(reader.top(), 0, -1);
  return rows;
}
