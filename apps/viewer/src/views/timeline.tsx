import type { JSX } from 'preact';
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { Canvas, type Draw } from '../draw/canvas.js';
import { palette } from '../draw/theme.js';
import { operationText } from '../model/operation-text.js';
import { returnName } from '../model/text.js';
import { goTo, lineOf, moveBy, playing, script, speed, step, type ScriptSession } from '../state/store.js';
import { Icon } from './icon.js';
import { VirtualList } from './virtual-list.js';

const ROW = 40;
const STRIP = 44;

/** The operations, what each cost, and the controls that move through them. */
export function Timeline(): JSX.Element | null {
  const current = script.value;
  usePlaying();
  if (current === undefined) return null;
  return (
    <section class="timeline" aria-label="Timeline">
      <Transport current={current} />
      <Strip current={current} />
      <Search current={current} />
      <VirtualList
        label="Operations"
        count={current.recording.count}
        rowHeight={ROW}
        selected={step.value}
        onSelect={goTo}
        row={(index) => <Row current={current} index={index} />}
        rowClass={(index) => (current.recording.ret[index] === 0 ? '' : 'refused')}
      />
    </section>
  );
}

function usePlaying(): void {
  const isOn = playing.value;
  const rate = speed.value;
  useEffect(() => {
    if (!isOn) return;
    const timer = setInterval(
      () => {
        const last = (script.peek()?.recording.count ?? 1) - 1;
        if (step.peek() >= last) playing.value = false;
        else moveBy(Math.max(1, Math.round(rate / 30)));
      },
      1000 / Math.min(rate, 30),
    );
    return () => {
      clearInterval(timer);
    };
  }, [isOn, rate]);
}

function Transport({ current }: { readonly current: ScriptSession }): JSX.Element {
  const last = current.recording.count - 1;
  const at = step.value;
  const isOn = playing.value;
  return (
    <div class="transport" role="group" aria-label="Move in time">
      <button
        type="button"
        aria-label="First operation"
        disabled={at <= 0}
        onClick={() => {
          goTo(0);
        }}
      >
        <Icon name="first" />
      </button>
      <button
        type="button"
        aria-label="Back one operation"
        disabled={at <= 0}
        onClick={() => {
          moveBy(-1);
        }}
      >
        <Icon name="back" />
      </button>
      <button
        type="button"
        class="primary play"
        aria-label={isOn ? 'Pause' : 'Play'}
        onClick={() => {
          if (!isOn && at >= last) goTo(0);
          playing.value = !isOn;
        }}
      >
        <Icon name={isOn ? 'pause' : 'play'} />
      </button>
      <button
        type="button"
        aria-label="On one operation"
        disabled={at >= last}
        onClick={() => {
          moveBy(1);
        }}
      >
        <Icon name="on" />
      </button>
      <button
        type="button"
        aria-label="Last operation"
        disabled={at >= last}
        onClick={() => {
          goTo(last);
        }}
      >
        <Icon name="last" />
      </button>
      <span class="count" data-testid="position">
        {at.toLocaleString('en')} / {last.toLocaleString('en')}
      </span>
      <label>
        <span class="visually-hidden">Steps a second</span>
        <select
          value={String(speed.value)}
          onChange={(event) => {
            speed.value = Number(event.currentTarget.value);
          }}
        >
          {[1, 4, 20, 300].map((rate) => (
            <option key={rate} value={String(rate)}>
              {rate}/s
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** All operations at a glance: a bar for what each changed, red where it was refused. */
function Strip({ current }: { readonly current: ScriptSession }): JSX.Element {
  const { recording } = current;
  const at = step.value;
  const { count, entries, ret, tablesNew, tablesFreed } = recording;
  const most = useMemo(() => entries.reduce((max, value) => Math.max(max, value), 1), [recording]);
  const draw = useCallback<Draw>(
    (context, width, height) => {
      const colours = palette();
      const unit = width / count;
      const base = height - 6;
      for (let x = 0; x < width;) {
        const first = Math.floor(x / unit);
        const end = Math.min(count, Math.max(first + 1, Math.floor((x + Math.max(1, unit)) / unit)));
        let high = 0;
        let isRefused = false;
        let tables = 0;
        for (let i = first; i < end; i++) {
          high = Math.max(high, entries[i] ?? 0);
          if (ret[i] !== 0) isRefused = true;
          tables |= ((tablesNew[i] ?? 0) > 0 ? 1 : 0) | ((tablesFreed[i] ?? 0) > 0 ? 2 : 0);
        }
        const wide = Math.max(1, unit - (unit > 3 ? 1 : 0));
        const bar = high === 0 ? 1.5 : 3 + (base - 6) * (Math.log2(1 + high) / Math.log2(1 + most));
        context.fillStyle = isRefused ? colours.bad : colours.vram[1];
        context.fillRect(x, base - bar, wide, bar);
        if (tables !== 0) {
          context.fillStyle = (tables & 1) === 0 ? colours.quiet : colours.table;
          context.fillRect(x, base + 2, wide, 3);
        }
        x += Math.max(1, unit);
      }
    },
    [recording, count, most],
  );
  const seek = (event: PointerEvent): void => {
    const canvas = event.currentTarget as HTMLCanvasElement;
    const { left, width } = canvas.getBoundingClientRect();
    goTo(Math.floor(((event.clientX - left) / width) * count));
  };
  return (
    <div class="strip-frame">
      <Canvas
        height={STRIP}
        draw={draw}
        label={`What each of ${count} operations changed; at operation ${at}`}
        canvasProps={{
          class: 'strip',
          onPointerDown: (event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            seek(event);
          },
          onPointerMove: (event) => {
            if (event.buttons === 1) seek(event);
          },
        }}
      />
      <span class="strip-cursor" style={{ left: `calc(${(100 * (at + 0.5)) / count}% - 1px)` }} />
    </div>
  );
}

/** Finds operations by their text, or by number. */
function Search({ current }: { readonly current: ScriptSession }): JSX.Element {
  const [query, setQuery] = useState('');
  const hits = useMemo(() => {
    const wanted = query.trim().toLowerCase();
    if (wanted === '' || /^#?\d+$/.test(wanted)) return [];
    const found: number[] = [];
    for (let i = 0; i < current.recording.count; i++) {
      if (lineOf(current, i).toLowerCase().includes(wanted)) found.push(i);
    }
    return found;
  }, [query, current]);
  const find = (backwards: boolean): void => {
    const number = /^#?(\d+)$/.exec(query.trim())?.[1];
    if (number !== undefined) {
      goTo(Number(number));
      return;
    }
    const next = backwards
      ? (hits.findLast((index) => index < step.peek()) ?? hits.at(-1))
      : (hits.find((index) => index > step.peek()) ?? hits[0]);
    if (next !== undefined) goTo(next);
  };
  const trimmed = query.trim();
  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        find(false);
      }}
    >
      <input
        id="search"
        type="search"
        aria-label="Search operations"
        placeholder="Search, or jump to #12"
        spellcheck={false}
        value={query}
        onInput={(event) => {
          setQuery(event.currentTarget.value);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
          if (event.key === 'Enter' && event.shiftKey) {
            event.preventDefault();
            find(true);
          }
        }}
      />
      <span role="status" class="hits">
        {trimmed === '' || /^#?\d+$/.test(trimmed) ? '' : `${hits.length.toLocaleString('en')} found`}
      </span>
    </form>
  );
}

function Row({ current, index }: { readonly current: ScriptSession; readonly index: number }): JSX.Element {
  const { ret, entries, tablesNew, tablesFreed, flushes } = current.recording;
  const { op, rest } = operationText(lineOf(current, index));
  const code = ret[index] ?? 0;
  const costs: readonly (readonly [number | undefined, string, string])[] = [
    [entries[index], '✎', 'entries changed'],
    [tablesNew[index], '+', 'tables allocated'],
    [tablesFreed[index], '−', 'tables released'],
    [flushes[index], '⟳', 'TLB flushes'],
  ];
  return (
    <>
      <span class="row-number">{index}</span>
      <span class="row-body">
        <span class="row-what">
          <b>{op}</b> {rest}
        </span>
        <span class="row-cost">
          <span class={code === 0 ? 'ok' : 'bad'}>{returnName(code)}</span>
          {costs.map(([value, sign, what]) =>
            value === undefined || value === 0 ? null : (
              <span key={what} title={what}>
                <span aria-hidden="true">{sign}</span>
                {value.toLocaleString('en')}
                <span class="visually-hidden"> {what}</span>
              </span>
            ),
          )}
        </span>
      </span>
    </>
  );
}
