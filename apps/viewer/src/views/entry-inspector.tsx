import { annotate, wordsToBigInt, type Annotation, type LevelFormat } from '@nvmmu/vmm-core';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { decode, type TableReader } from '../model/tables.js';
import { entryText } from '../model/entry-runs.js';
import { hex, parseAddress, size } from '../model/text.js';
import { select, type Selection } from '../state/selection.js';
import { address, entry, view } from '../state/store.js';

/** The fields of an entry: as it is, or as it would be. */
export function EntryInspector({
  reader,
  chosen,
}: {
  readonly reader: TableReader;
  readonly chosen: Selection;
}): JSX.Element {
  const { table } = chosen;
  const index = entry.value;
  const level = reader.levelOf(table.level);
  const words = index === undefined || index >= table.entries ? undefined : reader.words(table, index);
  const value = words === undefined ? undefined : wordsToBigInt(words);
  const [typed, setTyped] = useState<string | undefined>(undefined);
  useEffect(() => {
    setTyped(undefined);
  }, [table.addr, table.level, index, value]);
  if (index === undefined || value === undefined) {
    return (
      <section class="inspector" aria-label="Entry">
        <h2>Entry</h2>
        <p class="hint">
          {index === undefined
            ? 'Choose an entry to see its bits.'
            : `Entry ${index} is not in memory, or not in this table.`}
        </p>
      </section>
    );
  }
  const digits = level.entryBytes * 2;
  const shown = typed ?? `0x${value.toString(16).padStart(digits, '0')}`;
  const parsed = typed === undefined ? value : parseWide(typed, level.entryBytes);
  const va = table.va + index * 2 ** level.shift;
  const children = reader.pointed(table, index);
  return (
    <section class="inspector" aria-label="Entry">
      <h2>
        {level.name}[{index}]{' '}
        <small>
          {hex(va)}, {size(2 ** level.shift)}
        </small>
      </h2>
      <label class="raw">
        Raw value
        <input
          class={parsed === undefined ? 'address wrong' : 'address'}
          data-testid="raw"
          spellcheck={false}
          aria-invalid={parsed === undefined}
          value={shown}
          onInput={(event) => {
            setTyped(event.currentTarget.value);
          }}
        />
      </label>
      {typed !== undefined && (
        <p class="hint">
          {parsed === undefined
            ? `Not a value of ${level.entryBytes * 8} bits.`
            : 'What it would mean. Memory stays as it is.'}{' '}
          <button
            type="button"
            class="link"
            onClick={() => {
              setTyped(undefined);
            }}
          >
            Back to what is there
          </button>
        </p>
      )}
      {parsed !== undefined && (
        <Fields
          key={`${level.name} ${parsed}`}
          reader={reader}
          level={level}
          value={parsed}
          onFlip={(bit) => {
            setTyped(`0x${(parsed ^ (1n << BigInt(bit))).toString(16).padStart(digits, '0')}`);
          }}
        />
      )}
      {typed === undefined && (
        <div class="row">
          {children.map((child) => (
            <button
              key={child.level}
              type="button"
              onClick={() => {
                select(child);
              }}
            >
              Go to the {reader.levelOf(child.level).name}
            </button>
          ))}
          <button
            type="button"
            onClick={() => {
              address.value = BigInt(va);
              view.value = 'walk';
            }}
          >
            Walk {hex(va)}
          </button>
        </div>
      )}
    </section>
  );
}

function parseWide(text: string, bytes: number): bigint | undefined {
  const digits = text.replace(/[\s_]/g, '').replace(/^0x/i, '');
  if (!/^[0-9a-f]{1,64}$/i.test(digits)) return undefined;
  const value = BigInt(`0x${digits}`);
  return bytes > 8 || parseAddress(digits) !== undefined
    ? value >> BigInt(8 * bytes) === 0n
      ? value
      : undefined
    : undefined;
}

function Fields({
  reader,
  level,
  value,
  onFlip,
}: {
  readonly reader: TableReader;
  readonly level: LevelFormat;
  readonly value: bigint;
  readonly onFlip: (bit: number) => void;
}): JSX.Element {
  const [lit, setLit] = useState<string | undefined>(undefined);
  const annotation = annotate(level, value);
  const words = Array.from({ length: level.entryBytes / 4 }, (_, i) => Number((value >> BigInt(32 * i)) & 0xffffffffn));
  return (
    <>
      <p class="meaning" data-testid="meaning">
        <b>{annotation.layout}</b>: {entryText(reader, decode(level, words))}
      </p>
      <BitStrip annotation={annotation} bits={level.entryBytes * 8} lit={lit} onLit={setLit} onFlip={onFlip} />
      <div class="scroll" tabIndex={0} role="region" aria-label="Fields">
        <table data-testid="fields">
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Bits</th>
              <th scope="col">Value</th>
              <th scope="col">Meaning</th>
            </tr>
          </thead>
          <tbody>
            {annotation.fields.map((field) => (
              <tr
                key={field.name}
                class={field.name === lit ? 'picked' : ''}
                onMouseEnter={() => {
                  setLit(field.name);
                }}
                onMouseLeave={() => {
                  setLit(undefined);
                }}
              >
                <th scope="row">{field.name}</th>
                <td>{field.hi === field.lo ? field.lo : `${field.hi}:${field.lo}`}</td>
                <td>{hex(field.raw)}</td>
                <td>
                  <b>{field.text}</b> <span class="faint">{field.meaning}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {annotation.warnings.map((warning) => (
        <p key={warning} class="warning">
          {warning}
        </p>
      ))}
    </>
  );
}

/** Every bit of the entry, highest first, in rows of 32. */
function BitStrip({
  annotation,
  bits,
  lit,
  onLit,
  onFlip,
}: {
  readonly annotation: Annotation;
  readonly bits: number;
  readonly lit: string | undefined;
  readonly onLit: (name: string | undefined) => void;
  readonly onFlip: (bit: number) => void;
}): JSX.Element {
  const cells: JSX.Element[] = [];
  for (let bit = bits - 1; bit >= 0; bit--) {
    const at = annotation.fields.findIndex(({ hi, lo }) => bit <= hi && bit >= lo);
    const field = annotation.fields[at];
    const isSet = ((annotation.value >> BigInt(bit)) & 1n) === 1n;
    cells.push(
      <span
        key={bit}
        class={`bit ${isSet ? 'set' : ''} ${at < 0 ? 'stray' : `tone-${at % 6}`} ${
          field !== undefined && field.name === lit ? 'lit' : ''
        }`}
        title={`bit ${bit}${field === undefined ? '' : `: ${field.name}`} — click to flip`}
        onMouseEnter={() => {
          onLit(field?.name);
        }}
        onMouseLeave={() => {
          onLit(undefined);
        }}
        onClick={() => {
          onFlip(bit);
        }}
      >
        {isSet ? 1 : 0}
      </span>,
    );
  }
  return (
    <div class="bits" aria-hidden="true">
      {cells}
    </div>
  );
}
