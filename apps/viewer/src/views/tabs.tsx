import type { JSX } from 'preact';
import { VIEWS, type View } from '../model/link.js';
import { session, view } from '../state/store.js';
import { CompareView } from './compare-view.js';
import { EventsView } from './events-view.js';
import { ExplainView } from './explain-view.js';
import { SpaceView } from './space-view.js';
import { TablesView } from './tables-view.js';
import { WalkView } from './walk-view.js';

const NAMES: Readonly<Record<View, string>> = {
  space: 'Address space',
  tables: 'Page tables',
  walk: 'Walk',
  events: 'Events and log',
  compare: 'Compare',
  explain: 'Explain',
};

/** Views that need a script. */
const NEED_SCRIPT: ReadonlySet<View> = new Set(['events', 'compare']);

/** The views as tabs, and the one that is chosen. */
export function Tabs(): JSX.Element {
  const names = VIEWS.filter((name) => session.value?.kind === 'script' || !NEED_SCRIPT.has(name));
  const chosen = names.includes(view.value) ? view.value : 'tables';
  const move = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const next = names[(names.indexOf(chosen) + by + names.length) % names.length];
    if (next === undefined) return;
    view.value = next;
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label="Views" onKeyDown={move}>
        {names.map((name) => (
          <button
            key={name}
            id={`tab-${name}`}
            type="button"
            role="tab"
            aria-selected={name === chosen}
            aria-controls="panel"
            tabIndex={name === chosen ? 0 : -1}
            onClick={() => {
              view.value = name;
            }}
          >
            {NAMES[name]}
          </button>
        ))}
      </div>
      <div id="panel" class="panel" role="tabpanel" aria-labelledby={`tab-${chosen}`} tabIndex={-1}>
        <Panel name={chosen} />
      </div>
    </>
  );
}

function Panel({ name }: { readonly name: View }): JSX.Element {
  switch (name) {
    case 'space':
      return <SpaceView />;
    case 'tables':
      return <TablesView />;
    case 'walk':
      return <WalkView />;
    case 'events':
      return <EventsView />;
    case 'compare':
      return <CompareView />;
    case 'explain':
      return <ExplainView />;
  }
}
