import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { chooseTheme, themeChoice } from '../draw/theme.js';
import { EXAMPLES } from '../model/examples.js';
import { linkToShare } from '../state/address-bar.js';
import { openFile, openLink } from '../state/load.js';
import { busy, session, view, type Session } from '../state/store.js';

function titleOf(current: Session): string {
  if (current.kind === 'dump') return current.source.name;
  const { title } = current.recording;
  if (title !== undefined && title !== '') return title;
  return EXAMPLES.find(({ id }) => id === current.source.name)?.title ?? current.source.name;
}

/** The bar at the top: what is loaded, and what can be done with the page as a whole. */
export function Header({ onHelp }: { readonly onHelp: () => void }): JSX.Element {
  const file = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState('');
  const current = session.value;
  const share = (): void => {
    const link = linkToShare();
    const say = (text: string): void => {
      setCopied(text);
      setTimeout(() => {
        setCopied('');
      }, 2500);
    };
    // Without a secure context there is no clipboard, and the address bar has the link.
    if (!isSecureContext) say('Copy it from the address bar');
    else {
      navigator.clipboard.writeText(link).then(
        () => {
          say('Link copied');
        },
        () => {
          say('Copy it from the address bar');
        },
      );
    }
  };
  return (
    <header>
      <a
        class="brand"
        href="#"
        onClick={(event) => {
          event.preventDefault();
          busy.value?.cancel?.();
          view.value = 'space';
          void openLink({});
        }}
      >
        <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
          <rect width="32" height="32" rx="7" class="brand-back" />
          <path
            class="brand-front"
            d="M6 6h6v6H6zM20 6h6v9h-6zM6 14h6v6H6zM20 17h6v9h-6zM12 9h8v1.6h-8zM12 16.4h5v5h3V23h-4.6v-5H12z"
          />
        </svg>
        <span>nvmmu viewer</span>
      </a>
      {current !== undefined && (
        <div class="loaded">
          <h1 class="loaded-title" title={titleOf(current)}>
            {titleOf(current)}
          </h1>
          <span class="chip" data-testid="chip">
            {current.kind === 'script' ? current.recording.chip : current.chip}
          </span>
        </div>
      )}
      <span class="spacer" />
      <span class="said" role="status">
        {copied}
      </span>
      <input
        ref={file}
        type="file"
        class="hidden"
        aria-label="File to open"
        tabIndex={-1}
        onChange={(event) => {
          const [chosen] = event.currentTarget.files ?? [];
          if (chosen !== undefined) void openFile(chosen);
          event.currentTarget.value = '';
        }}
      />
      <button
        type="button"
        onClick={() => {
          file.current?.click();
        }}
      >
        Open…
      </button>
      {current !== undefined && (
        <button type="button" onClick={share}>
          Copy link
        </button>
      )}
      <label class="theme">
        <span class="visually-hidden">Colours</span>
        <select
          value={themeChoice.value}
          onChange={(event) => {
            const { value } = event.currentTarget;
            chooseTheme(value === 'light' || value === 'dark' ? value : 'auto');
          }}
        >
          <option value="auto">Auto</option>
          <option value="light">Light</option>
          <option value="dark">Dark</option>
        </select>
      </label>
      <button type="button" aria-label="Keyboard shortcuts" onClick={onHelp}>
        ?
      </button>
    </header>
  );
}
