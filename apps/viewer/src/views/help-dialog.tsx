import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

const KEYS: readonly (readonly [string, string])[] = [
  ['← →', 'one operation back or on'],
  ['Shift + ← →', 'ten operations'],
  ['Home, End', 'first or last operation'],
  ['Space', 'play or pause'],
  ['/', 'search operations, or jump to a number'],
  ['1 … 6', 'the views'],
  ['+ −', 'zoom, in the address space'],
  ['arrow keys', 'move in tree, grid and canvas, when they have the focus'],
  ['Enter', 'follow the entry that is chosen in the grid'],
  ['?', 'this list'],
];

/** The list of keys. */
export function HelpDialog({
  isOpen,
  onClose,
}: {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen) ref.current?.showModal();
    else ref.current?.close();
  }, [isOpen]);
  return (
    <dialog ref={ref} onClose={onClose} aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <dl class="keys">
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={onClose}>
        Close
      </button>
    </dialog>
  );
}
