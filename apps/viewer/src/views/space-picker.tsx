import type { JSX } from 'preact';
import { chosenSpace, openSpaces, space } from '../state/store.js';

/** Chooses among the address spaces that exist at the step. */
export function SpacePicker(): JSX.Element | null {
  const open = openSpaces.value;
  if (open.length < 2) return null;
  return (
    <label class="picker">
      Address space{' '}
      <select
        value={space.value?.info.id ?? ''}
        onChange={(event) => {
          chosenSpace.value = event.currentTarget.value;
        }}
      >
        {open.map(({ info }) => (
          <option key={info.id} value={info.id}>
            {info.id}
            {info.name === 'user' || info.name === info.id ? '' : ` (${info.name})`}
          </option>
        ))}
      </select>
    </label>
  );
}
