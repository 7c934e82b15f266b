import { annotate, walk, type Access, type WalkResult, type WalkStep } from '@nvmmu/vmm-core';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { decode, type TableReader } from '../model/tables.js';
import { hex, parseAddress } from '../model/text.js';
import { resultText } from '../model/walk-text.js';
import { address, entry, hardware, level, session, space, view, type Hardware } from '../state/store.js';
import { SpacePicker } from './space-picker.js';

const ACCESSES: readonly (readonly [string, string, Access | undefined])[] = [
  ['look', 'look only', undefined],
  ['read', 'read', {}],
  ['write', 'write', { write: true }],
  ['atomic', 'atomic', { atomic: true }],
  ['privileged', 'privileged write', { write: true, privileged: true }],
];

/** The walk that the hardware makes for one address. */
export function WalkView(): JSX.Element {
  const tables = hardware.value;
  const at = address.value;
  const [text, setText] = useState(at === undefined ? '' : hex(at));
  const [access, setAccess] = useState('look');
  useEffect(() => {
    setText(at === undefined ? '' : hex(at));
  }, [at]);
  const parsed = parseAddress(text);
  const wanted = ACCESSES.find(([key]) => key === access)?.[2];
  return (
    <>
      <form
        class="bar"
        onSubmit={(event) => {
          event.preventDefault();
          if (parsed !== undefined) address.value = parsed;
        }}
      >
        <SpacePicker />
        <label class="picker">
          Address{' '}
          <input
            class={text === '' || parsed !== undefined ? 'address' : 'address wrong'}
            data-testid="walk-address"
            placeholder="0x…"
            spellcheck={false}
            aria-invalid={text !== '' && parsed === undefined}
            value={text}
            onInput={(event) => {
              setText(event.currentTarget.value);
            }}
          />
        </label>
        <label class="picker">
          Access{' '}
          <select
            value={access}
            onChange={(event) => {
              setAccess(event.currentTarget.value);
            }}
          >
            {ACCESSES.map(([key, name]) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="primary" disabled={parsed === undefined}>
          Walk
        </button>
      </form>
      {tables === undefined ? (
        <p class="empty">
          {session.value?.kind === 'dump'
            ? 'Say above where the page tables begin.'
            : 'There are no page tables at this step.'}
        </p>
      ) : at === undefined ? (
        <p class="empty">Type an address, or come here from a region, an entry or a fault.</p>
      ) : (
        <Path
          tables={tables}
          result={walk(tables.format, tables.image, tables.root, at, wanted === undefined ? {} : { access: wanted })}
        />
      )}
    </>
  );
}

function Path({ tables, result }: { readonly tables: Hardware; readonly result: WalkResult }): JSX.Element {
  const { reader } = tables;
  return (
    <div class="walk">
      <AddressBits reader={reader} result={result} />
      <ol class="path" aria-label="Entries that the walk read">
        <li class="hop lit">
          <span class="hop-level">start</span>
          <span class="hop-what">
            {space.value === undefined ? 'directory' : `directory of ${space.value.info.id}`}
          </span>
          <span class="mono">
            {tables.root.target} {hex(tables.root.addr)}
          </span>
        </li>
        {result.steps.map((step) => (
          <Hop key={`${step.level} ${step.entryAddr}`} reader={reader} step={step} va={result.va} />
        ))}
        <li class={`hop end ${result.kind}`} data-testid="walk-result" data-kind={result.kind}>
          <span class="hop-level">{result.kind}</span>
          <span class="hop-what">{resultText(result)}</span>
        </li>
      </ol>
    </div>
  );
}

function Hop({
  reader,
  step,
  va,
}: {
  readonly reader: TableReader;
  readonly step: WalkStep;
  readonly va: bigint;
}): JSX.Element {
  const format = reader.format.levels.find(({ name }) => name === step.level);
  const state = format === undefined ? 'none' : decode(format, step.words).state;
  return (
    <li class={`hop lit state-${state}`} data-testid="hop">
      <button
        type="button"
        class="link hop-level"
        aria-label={`${step.level}[${step.index}]: show it in its table`}
        onClick={() => {
          address.value = va & ~0xfffn;
          level.value = step.level;
          entry.value = step.index;
          view.value = 'tables';
        }}
      >
        {step.level}[{step.index}]
      </button>
      <span class="hop-what">
        {format === undefined ? '' : annotate(format, step.value).layout}
        {state === 'none' ? ' — nothing here' : state === 'blocked' ? ' — stop' : ''}
      </span>
      <span class="mono">
        {step.target} {hex(step.entryAddr)}: {hex(step.value)}
      </span>
    </li>
  );
}

/** The address cut into the indices of the levels. */
function AddressBits({ reader, result }: { readonly reader: TableReader; readonly result: WalkResult }): JSX.Element {
  const used = new Map(result.steps.map((step) => [step.level, step.index]));
  const parts = reader.format.levels
    .filter(({ name }) => used.has(name))
    .map(({ name, shift, bits }) => ({ name, text: `${shift + bits - 1}:${shift}`, index: used.get(name) ?? 0 }));
  const lowest = reader.format.levels.filter(({ name }) => used.has(name)).at(-1)?.shift ?? reader.format.vaBits;
  return (
    <div class="va-bits">
      <span class="mono va">{hex(result.va)}</span>
      {parts.map(({ name, text, index }) => (
        <span key={name} class="va-part">
          <b>{name}</b> <span class="faint">bits {text}</span> = {index}
        </span>
      ))}
      <span class="va-part">
        <b>offset</b> <span class="faint">bits {lowest - 1}:0</span> = {hex(result.va & ((1n << BigInt(lowest)) - 1n))}
      </span>
    </div>
  );
}
