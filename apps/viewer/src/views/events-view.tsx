import type { EventRecord } from '@nvmmu/script';
import type { JSX } from 'preact';
import { returnName, size, plural } from '../model/text.js';
import { detail, lineOf, script, step } from '../state/store.js';

/** What a register is, where its write is part of a flush. */
const REGISTERS: Readonly<Record<string, string>> = {
  '0x100c80': 'VM flush',
  '0x100cb8': 'TLB invalidation: directory',
  '0x100cec': 'TLB invalidation: directory, upper bits',
  '0x100cbc': 'TLB invalidation: command',
  '0xb830a0': 'TLB invalidation: directory',
  '0xb830a4': 'TLB invalidation: directory, upper bits',
  '0xb830b0': 'TLB invalidation: command',
};

/** An event in words. */
export function eventText([name, ...values]: EventRecord): string {
  const [first, second, third] = values.map(String);
  switch (name) {
    case 'ptnew':
      return `table memory allocated at ${first}, ${size(Number(second))}${third === '1' ? ', zeroed' : ''}`;
    case 'ptfree':
      return `table memory at ${first} released`;
    case 'wr32': {
      const what = REGISTERS[first ?? ''];
      return `register ${first} = ${second}${what === undefined ? '' : ` (${what})`}`;
    }
    case 'dmamap':
      return `host page ${first} mapped for the device, ${size(Number(second))}`;
    case 'dmaunmap':
      return `host page ${first} unmapped, ${size(Number(second))}`;
    case 'tagclr':
      return `compression tags ${first} to ${Number(first) + Number(second) - 1} cleared`;
    default:
      return values.join(' ');
  }
}

/** What the device and the log saw of the operation. */
export function EventsView(): JSX.Element | null {
  const current = script.value;
  const loaded = detail.value;
  const at = step.value;
  if (current === undefined) return null;
  const { recording } = current;
  const ret = recording.ret[at] ?? 0;
  return (
    <>
      <section aria-label="Operation">
        <h2>
          Operation {at} <span class={ret === 0 ? 'ok' : 'bad'}>{returnName(ret)}</span>
        </h2>
        <pre class="line" tabIndex={0}>
          {lineOf(current, at)}
        </pre>
        <p data-testid="outcome">{loaded?.error ?? (loaded?.addr === undefined ? '' : `address ${loaded.addr}`)}</p>
        <p class="facts">
          {plural(recording.entries[at] ?? 0, 'entry', 'entries')} changed ·{' '}
          {plural(recording.tablesNew[at] ?? 0, 'allocation')} · {recording.tablesFreed[at]} released ·{' '}
          {plural(recording.flushes[at] ?? 0, 'flush', 'flushes')} · {size(recording.bytes[at] ?? 0)} of page-table
          memory
        </p>
      </section>
      {loaded === undefined ? (
        <p class="hint">Unpacking…</p>
      ) : (
        <div class="two">
          <section aria-label="Events">
            <h2>
              Events <small>{loaded.eventCount}</small>
            </h2>
            {loaded.events.length === 0 && <p class="hint">The device saw nothing.</p>}
            <ol class="events" data-testid="events">
              {loaded.events.map((event, i) => (
                <li key={i} class={`event-${event[0]}`}>
                  {eventText(event)}
                </li>
              ))}
            </ol>
            {loaded.eventCount > loaded.events.length && (
              <p class="hint">and {plural(loaded.eventCount - loaded.events.length, 'more event')}</p>
            )}
          </section>
          <section aria-label="Log">
            <h2>
              Driver log <small>{loaded.logCount}</small>
            </h2>
            {loaded.log.length === 0 ? (
              <p class="hint">The driver says nothing about it.</p>
            ) : (
              <pre class="log" tabIndex={0} data-testid="log">
                {loaded.log.join('\n')}
              </pre>
            )}
            {loaded.logCount > loaded.log.length && (
              <p class="hint">and {plural(loaded.logCount - loaded.log.length, 'more line')}</p>
            )}
            {loaded.vmas !== undefined && (
              <pre class="log" tabIndex={0}>
                {loaded.vmas.join('\n')}
              </pre>
            )}
          </section>
        </div>
      )}
    </>
  );
}
