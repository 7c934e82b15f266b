import type { JSX } from 'preact';

/** One colour and what it stands for. */
export interface LegendItem {
  readonly swatch: string;
  readonly text: string;
}

export const REGION_LEGEND: readonly LegendItem[] = [
  { swatch: 'reserved', text: 'reserved' },
  { swatch: 'sparse', text: 'sparse' },
  { swatch: 'vram', text: 'video memory: 4K, 64K/128K, 2M and larger pages' },
  { swatch: 'host', text: 'system memory' },
  { swatch: 'ncoh', text: 'not coherent' },
];

export const ENTRY_LEGEND: readonly LegendItem[] = [
  { swatch: 'none', text: 'nothing' },
  { swatch: 'blocked', text: 'blocked' },
  { swatch: 'sparse', text: 'sparse' },
  { swatch: 'table', text: 'points at a table' },
  { swatch: 'vram', text: 'video memory' },
  { swatch: 'host', text: 'system memory' },
  { swatch: 'changed', text: 'changed by this operation' },
];

/** What the colours stand for. */
export function Legend({ items }: { readonly items: readonly LegendItem[] }): JSX.Element {
  return (
    <ul class="legend" aria-label="Colours">
      {items.map(({ swatch, text }) => (
        <li key={swatch}>
          <span class={`swatch swatch-${swatch}`} aria-hidden="true" />
          {text}
        </li>
      ))}
    </ul>
  );
}
