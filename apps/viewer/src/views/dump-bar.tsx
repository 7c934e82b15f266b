import { CHIPS } from '@nvmmu/script';
import type { MemoryTarget } from '@nvmmu/vmm-core';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { formatOf, guessView, viewAt } from '../model/dump.js';
import { hex, parseAddress } from '../model/text.js';
import { problem, session, type DumpSession } from '../state/store.js';

/** Says how a dump is to be read: for which chip, and where the tables begin. */
export function DumpBar({ current }: { readonly current: DumpSession }): JSX.Element {
  const [text, setText] = useState(current.root === undefined ? '' : hex(current.root.addr));
  const [kind, setKind] = useState<'directory' | 'instance'>('directory');
  const [target, setTarget] = useState<MemoryTarget>(current.root?.target ?? 'vram');
  const read = (chip: string): void => {
    const format = formatOf(chip);
    const guess = guessView(current.image, format);
    if (guess !== undefined) setText(hex(guess.root.addr));
    session.value = { ...current, chip, format: guess?.format ?? format, root: guess?.root };
  };
  const set = (): void => {
    const addr = parseAddress(text);
    if (addr === undefined) {
      problem.value = `"${text.slice(0, 40)}" is not an address`;
      return;
    }
    const found = viewAt(current.image, current.format, kind, target, addr);
    if (typeof found === 'string') problem.value = found;
    else {
      problem.value = undefined;
      session.value = { ...current, format: found.format, root: found.root };
    }
  };
  return (
    <form
      class="bar"
      aria-label="How the dump is read"
      onSubmit={(event) => {
        event.preventDefault();
        set();
      }}
    >
      <label class="picker">
        Chip{' '}
        <select
          value={current.chip}
          onChange={(event) => {
            read(event.currentTarget.value);
          }}
        >
          {CHIPS.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label class="picker">
        <span class="visually-hidden">What is at the address</span>
        <select
          value={kind}
          onChange={(event) => {
            setKind(event.currentTarget.value === 'instance' ? 'instance' : 'directory');
          }}
        >
          <option value="directory">Directory</option>
          <option value="instance">Instance block</option>
        </select>
      </label>
      <label class="picker">
        <span class="visually-hidden">Memory</span>
        <select
          value={target}
          onChange={(event) => {
            const { value } = event.currentTarget;
            setTarget(value === 'host' || value === 'ncoh' ? value : 'vram');
          }}
        >
          <option>vram</option>
          <option>host</option>
          <option>ncoh</option>
        </select>
      </label>
      <label class="picker">
        at{' '}
        <input
          class="address"
          value={text}
          placeholder="0x…"
          spellcheck={false}
          onInput={(event) => {
            setText(event.currentTarget.value);
          }}
        />
      </label>
      <button type="submit">Read</button>
      {current.root === undefined && <span class="hint">No directory was found by itself.</span>}
    </form>
  );
}
