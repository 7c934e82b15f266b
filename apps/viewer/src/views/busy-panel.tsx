import type { JSX } from 'preact';
import { plural } from '../model/text.js';
import { busy } from '../state/store.js';

const PHASES = { read: 'Reading', run: 'Running', pack: 'Packing' } as const;

/** Shows how far the worker is, and lets it be stopped. */
export function BusyPanel(): JSX.Element | null {
  const current = busy.value;
  if (current === undefined) return null;
  const { progress, title, cancel } = current;
  const share = progress === undefined || progress.total === 0 ? undefined : progress.done / progress.total;
  const phase = progress === undefined ? 'Starting' : PHASES[progress.phase];
  return (
    <main class="busy">
      <h1>
        {phase} {title}
      </h1>
      <progress aria-label={`${phase} ${title}`} max={1} {...(share !== undefined && { value: share })} />
      <p>
        {progress?.phase === 'run'
          ? `${progress.done.toLocaleString('en')} of ${plural(progress.total, 'operation')}`
          : ' '}
      </p>
      {cancel !== undefined && (
        <button type="button" onClick={cancel}>
          Cancel
        </button>
      )}
    </main>
  );
}
