import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** Properties of {@link VirtualList}. */
export interface VirtualListProps {
  readonly label: string;
  readonly count: number;
  /** Pixels. */
  readonly rowHeight: number;
  readonly selected: number;
  readonly onSelect: (index: number) => void;
  readonly row: (index: number) => ComponentChildren;
  readonly rowClass?: (index: number) => string;
}

/** Rows that are rendered beyond both edges. */
const MARGIN = 8;
/** Browsers can't lay out higher elements. */
const MAX_PIXELS = 8_000_000;

/** A list box of any length: only rows near the visible ones are in the document. */
export function VirtualList(props: VirtualListProps): JSX.Element {
  const { label, count, rowHeight, selected, onSelect, row, rowClass } = props;
  const ref = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      setHeight(element.clientHeight);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, []);
  // Very long lists are scrolled in a scale of their own.
  const full = count * rowHeight;
  const shown = Math.min(full, MAX_PIXELS);
  const scale = full > shown ? (full - height) / Math.max(1, shown - height) : 1;
  const offset = top * scale;
  useEffect(() => {
    const element = ref.current;
    if (element === null || selected < 0) return;
    const at = selected * rowHeight;
    const from = element.scrollTop * scale;
    if (at < from + rowHeight || at + 2 * rowHeight > from + element.clientHeight) {
      element.scrollTop = (at - element.clientHeight / 2) / scale;
    }
  }, [selected, count]);
  const first = Math.max(0, Math.floor(offset / rowHeight) - MARGIN);
  const last = Math.min(count, Math.ceil((offset + height) / rowHeight) + MARGIN);
  const rows: JSX.Element[] = [];
  for (let i = first; i < last; i++) {
    rows.push(
      <div
        key={i}
        id={`row-${i}`}
        role="option"
        aria-selected={i === selected}
        aria-posinset={i + 1}
        aria-setsize={count}
        class={`list-row ${rowClass?.(i) ?? ''}`}
        style={{ height: `${rowHeight}px`, top: `${i * rowHeight - offset + top}px` }}
        onClick={() => {
          onSelect(i);
        }}
      >
        {row(i)}
      </div>,
    );
  }
  return (
    <div
      ref={ref}
      class="list"
      role="listbox"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={selected >= first && selected < last ? `row-${selected}` : undefined}
      onScroll={(event) => {
        setTop(event.currentTarget.scrollTop);
      }}
      onKeyDown={(event) => {
        const page = Math.max(1, Math.floor(height / rowHeight) - 1);
        const by = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        onSelect(Math.max(0, Math.min(count - 1, selected + by)));
      }}
    >
      <div class="list-space" style={{ height: `${shown}px` }}>
        {rows}
      </div>
    </div>
  );
}
