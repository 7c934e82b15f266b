import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { EXAMPLES } from '../model/examples.js';
import { openFile } from '../state/load.js';
import { busy, problem, session, view, type Session } from '../state/store.js';
import { BusyPanel } from './busy-panel.js';
import { DumpBar } from './dump-bar.js';
import { ExplainView } from './explain-view.js';
import { Header } from './header.js';
import { HelpDialog } from './help-dialog.js';
import { useShortcuts } from './shortcuts.js';
import { StartView } from './start-view.js';
import { Tabs } from './tabs.js';
import { Timeline } from './timeline.js';

/** The whole page. */
export function App(): JSX.Element {
  const [isHelpOpen, setHelpOpen] = useState(false);
  useShortcuts(() => {
    setHelpOpen(true);
  });
  const isOver = useDrop();
  const current = session.value;
  return (
    <div class="page" data-session={current?.kind ?? 'none'}>
      <Header
        onHelp={() => {
          setHelpOpen(true);
        }}
      />
      {problem.value !== undefined && (
        <div class="problem" role="alert">
          <span>{problem.value}</span>
          <button
            type="button"
            class="quiet"
            onClick={() => {
              problem.value = undefined;
            }}
          >
            Dismiss
          </button>
        </div>
      )}
      {busy.value !== undefined ? (
        <BusyPanel />
      ) : current === undefined ? (
        view.value === 'explain' ? (
          <main class="single">
            <h1>Explain a kernel log</h1>
            <ExplainView />
          </main>
        ) : (
          <StartView />
        )
      ) : (
        <div class={current.kind === 'script' ? 'columns' : 'columns alone'}>
          {current.kind === 'script' && <Timeline />}
          <main>
            {current.kind === 'dump' && <DumpBar current={current} />}
            <Lesson current={current} />
            <Tabs />
          </main>
        </div>
      )}
      {isOver && (
        <div class="drop" aria-hidden="true">
          Drop a script, a dump or a log
        </div>
      )}
      <HelpDialog
        isOpen={isHelpOpen}
        onClose={() => {
          setHelpOpen(false);
        }}
      />
    </div>
  );
}

/** What an example teaches. */
function Lesson({ current }: { readonly current: Session }): JSX.Element | null {
  const { source } = current;
  const example = source.kind === 'example' ? EXAMPLES.find(({ id }) => id === source.name) : undefined;
  if (example === undefined) return null;
  return (
    <details class="lesson" open>
      <summary>{example.title}</summary>
      <p>{example.lesson}</p>
    </details>
  );
}

/** Takes files that are dropped anywhere on the page; true while one hovers. */
function useDrop(): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const over = (event: DragEvent): void => {
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      setOver(false);
      const file = event.dataTransfer?.files[0];
      if (file !== undefined) void openFile(file);
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, []);
  return isOver;
}
