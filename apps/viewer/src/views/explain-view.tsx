import { decodeLog, explainFault, type DecodedLog, type Explanation, type FaultRecord } from '@nvmmu/faults';
import { walk } from '@nvmmu/vmm-core';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { plural } from '../model/text.js';
import { resultText } from '../model/walk-text.js';
import { address, hardware, logText, session, step, view } from '../state/store.js';

/** Cards that are shown: a log can hold many thousands. */
const CARDS = 50;

/** A kernel log, its faults as cards, and the way from a fault to the tables. */
export function ExplainView(): JSX.Element {
  const text = logText.value;
  const log = useMemo(() => (text.trim() === '' ? undefined : decodeLog(text)), [text]);
  return (
    <div class="explain">
      <label class="paste">
        Kernel log
        <textarea
          rows={7}
          spellcheck={false}
          data-testid="log-text"
          placeholder="Paste the lines of dmesg or journalctl around the fault"
          value={text}
          onInput={(event) => {
            logText.value = event.currentTarget.value;
          }}
        />
      </label>
      {log !== undefined && <Faults log={log} />}
    </div>
  );
}

function Faults({ log }: { readonly log: DecodedLog }): JSX.Element {
  const { faults, partials, notices, info } = log;
  const shown = faults.slice(0, CARDS);
  const texts = useMemo(() => shown.map((fault) => explainFault(fault, { info })), [log]);
  return (
    <>
      <p class="facts" role="status">
        {plural(faults.length, 'fault')} in {plural(info.lines, 'line')}
        {partials.length === 0 ? '' : `, ${plural(partials.length, 'damaged line')}`}
        {faults.length > CARDS ? `; the first ${CARDS} are shown` : ''}
      </p>
      <ul class="cards wide">
        {shown.map((fault, i) => {
          const explanation = texts[i];
          return explanation === undefined ? null : (
            <FaultCard key={fault.line} fault={fault} explanation={explanation} />
          );
        })}
      </ul>
      {notices.length > 0 && (
        <section>
          <h2>Lines that are no GPU page faults</h2>
          <ul class="notices">
            {notices.slice(0, CARDS).map((notice) => (
              <li key={`${notice.line} ${notice.kind}`}>
                <b>line {notice.line}</b> {notice.meaning}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function FaultCard({
  fault,
  explanation,
}: {
  readonly fault: FaultRecord;
  readonly explanation: Explanation;
}): JSX.Element {
  const value = fault.address_value;
  const at = value !== undefined && /^0x[0-9a-f]{1,16}$/i.test(value) ? BigInt(value) : undefined;
  return (
    <li class="card fault" data-testid="fault">
      <h2>{explanation.headline}</h2>
      <p class="verdict">{explanation.verdict.sentence}</p>
      <WhatIsThere at={at} />
      <dl>
        {explanation.facts.map(({ label, value: text, note }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              {text}
              {note === undefined ? '' : <span class="faint"> {note}</span>}
            </dd>
          </div>
        ))}
      </dl>
      {explanation.meaning.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {explanation.advice.length > 0 && (
        <details>
          <summary>What to do</summary>
          <ul>
            {explanation.advice.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}

/** What the loaded tables say about the address of a fault. */
function WhatIsThere({ at }: { readonly at: bigint | undefined }): JSX.Element {
  const tables = hardware.value;
  if (at === undefined) return <p class="hint">The line names no address to walk.</p>;
  if (tables === undefined) {
    return (
      <p class="hint">
        {session.value === undefined
          ? 'Load a script or a dump of the same address space to see what was mapped there.'
          : 'There are no page tables at this step.'}
      </p>
    );
  }
  const result = walk(tables.format, tables.image, tables.root, at);
  return (
    <div class="card-foot">
      <button
        type="button"
        class="primary"
        onClick={() => {
          address.value = at;
          view.value = 'walk';
        }}
      >
        Walk this address
      </button>
      <span data-testid="fault-walk">
        {session.value?.kind === 'script' ? `At operation ${step.value}: ` : 'In the dump: '}
        <b>{result.kind}</b>, {resultText(result)}
      </span>
    </div>
  );
}
