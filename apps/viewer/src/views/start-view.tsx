import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { EXAMPLES } from '../model/examples.js';
import { openExample, openText } from '../state/load.js';
import { view } from '../state/store.js';

/** The page before anything is loaded. */
export function StartView(): JSX.Element {
  const [text, setText] = useState('');
  return (
    <main class="start">
      <h1>See GPU page tables grow</h1>
      <p class="lead">
        Load a script of memory-manager operations and step through it: the address space, the tables down to every bit,
        the walk that the hardware makes, and the registers that the driver writes. Everything runs here, in this page;
        nothing is sent anywhere.
      </p>
      <h2>Examples to learn from</h2>
      <ul class="cards">
        {EXAMPLES.map(({ id, title, lesson, chip }) => (
          <li key={id} class="card">
            <h3>{title}</h3>
            <p>{lesson}</p>
            <div class="card-foot">
              <button type="button" class="primary" aria-label={`Open “${title}”`} onClick={() => void openExample(id)}>
                Open
              </button>
              <span class="chip">{chip}</span>
            </div>
          </li>
        ))}
      </ul>
      <h2>Something of your own</h2>
      <p>
        Open or drop a script (<code>.vmm.jsonl</code>), a text dump of page-table memory, or a kernel log. Or paste one
        of them here:
      </p>
      <form
        class="paste"
        onSubmit={(event) => {
          event.preventDefault();
          void openText({ kind: 'inline', name: 'pasted text' }, text);
        }}
      >
        <textarea
          aria-label="Script, dump or log"
          rows={6}
          spellcheck={false}
          placeholder={'{"format":"vmm-script","version":1}\n{"op":"device","chip":"gp100"}\n{"op":"vmm","id":"v"}'}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
          }}
        />
        <div class="row">
          <button type="submit" class="primary" disabled={text.trim() === ''}>
            Show it
          </button>
          <button
            type="button"
            onClick={() => {
              view.value = 'explain';
            }}
          >
            Explain a kernel log
          </button>
        </div>
      </form>
    </main>
  );
}
