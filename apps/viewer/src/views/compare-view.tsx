import { CHIPS } from '@nvmmu/script';
import { listTree, TableTotals, type TreeNode } from '@nvmmu/vmm-core';
import { signal, type Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { DetailReader, type StepDetail } from '../model/details.js';
import { Player } from '../model/player.js';
import type { Progress, Recording } from '../model/recording.js';
import { hex, plural, returnName, shiftName, size } from '../model/text.js';
import { CancelledError, runScript } from '../state/run-script.js';
import { detail, goTo, followMoves, otherChip, script, step, type ScriptSession } from '../state/store.js';
import { eventText } from './events-view.js';

/** A script as another chip runs it. */
interface Other {
  readonly chip: string;
  readonly of: ScriptSession;
  readonly recording: Recording;
  readonly player: Player;
  readonly details: DetailReader;
}

const other: Signal<Other | undefined> = signal(undefined);
const running: Signal<Progress | undefined> = signal(undefined);
const failure: Signal<string | undefined> = signal(undefined);

/** The same script on another chip, side by side. */
export function CompareView(): JSX.Element | null {
  const current = script.value;
  const chip = otherChip.value;
  useEffect(() => {
    failure.value = undefined;
    if (current === undefined || chip === undefined) return;
    if (other.peek()?.chip === chip && other.peek()?.of === current) return;
    other.value = undefined;
    const job = runScript(current.text, chip, (progress) => {
      running.value = progress;
    });
    running.value = { phase: 'read', done: 0, total: 1 };
    job.result
      .then((recording) => {
        const player = new Player(recording);
        other.value = { chip, of: current, recording, player, details: new DetailReader(recording.details) };
      })
      .catch((error: unknown) => {
        if (!(error instanceof CancelledError)) failure.value = error instanceof Error ? error.message : String(error);
      })
      .finally(() => {
        running.value = undefined;
      });
    return job.cancel;
  }, [current, chip]);
  if (current === undefined) return null;
  const loaded = other.value?.of === current && other.value.chip === chip ? other.value : undefined;
  return (
    <>
      <div class="bar">
        <label class="picker">
          Compare {current.recording.chip} with{' '}
          <select
            data-testid="other-chip"
            value={chip ?? ''}
            onChange={(event) => {
              otherChip.value = event.currentTarget.value === '' ? undefined : event.currentTarget.value;
            }}
          >
            <option value="">another chip…</option>
            {CHIPS.filter(({ name }) => name !== current.recording.chip).map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <span role="status" class="hint">
          {running.value === undefined ? '' : `running… ${running.value.done}`}
        </span>
      </div>
      {failure.value !== undefined && <p class="warning">{failure.value}</p>}
      {chip === undefined && (
        <p class="empty">
          The same operations can cost more or less on another chip, and some are refused: page sizes, sparse entries
          and kinds differ. Choose a chip to run this script on.
        </p>
      )}
      {loaded !== undefined && <SideBySide current={current} loaded={loaded} />}
    </>
  );
}

interface Side {
  readonly name: string;
  readonly recording: Recording;
  readonly player: Player;
  readonly detail: StepDetail | undefined;
}

function SideBySide({ current, loaded }: { readonly current: ScriptSession; readonly loaded: Other }): JSX.Element {
  const at = step.value;
  followMoves();
  const [theirs, setTheirs] = useState<StepDetail | undefined>(undefined);
  useEffect(() => {
    let isLate = false;
    void loaded.details.get(at).then((found) => {
      if (!isLate) setTheirs(found);
    });
    return () => {
      isLate = true;
    };
  }, [loaded, at]);
  loaded.player.seek(at);
  const sides: readonly [Side, Side] = [
    { name: current.recording.chip, recording: current.recording, player: current.player, detail: detail.value },
    { name: loaded.chip, recording: loaded.recording, player: loaded.player, detail: theirs },
  ];
  const [a, b] = sides;
  const rows: readonly (readonly [string, (side: Side) => string])[] = [
    ['Result', ({ recording }) => (at < recording.count ? returnName(recording.ret[at] ?? 0) : 'not reached')],
    ['Address', (side) => side.detail?.addr ?? '–'],
    ['Entries changed', ({ recording }) => (recording.entries[at] ?? 0).toLocaleString('en')],
    ['Tables allocated', ({ recording }) => String(recording.tablesNew[at] ?? 0)],
    ['Tables released', ({ recording }) => String(recording.tablesFreed[at] ?? 0)],
    ['Flushes', ({ recording }) => String(recording.flushes[at] ?? 0)],
    ['Register writes', ({ recording }) => String(recording.registerWrites[at] ?? 0)],
    ['Page-table memory', ({ recording }) => size(recording.bytes[at] ?? 0)],
    ['Entries changed so far', ({ recording }) => sum(recording.entries, at).toLocaleString('en')],
    ['Flushes so far', ({ recording }) => sum(recording.flushes, at).toLocaleString('en')],
    ['Mapped', (side) => mappedText(side)],
  ];
  const different = differences(a.recording, b.recording);
  return (
    <>
      {loaded.recording.error !== undefined && (
        <p class="warning">
          {loaded.chip} ends early: {loaded.recording.error}
        </p>
      )}
      <p class="facts">
        {different.length === 0
          ? 'Every operation has the same result on both.'
          : `${plural(different.length, 'operation')} with another result: `}
        {different.slice(0, 30).map((index) => (
          <button
            key={index}
            type="button"
            class="link"
            onClick={() => {
              goTo(index);
            }}
          >
            {index}
          </button>
        ))}
        {different.length > 30 ? ' …' : ''}
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Comparison">
        <table data-testid="comparison">
          <thead>
            <tr>
              <th scope="col">Operation {at}</th>
              {sides.map(({ name }) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, text]) => (
              <tr key={name} class={text(a) === text(b) ? '' : 'different'}>
                <th scope="row">{name}</th>
                <td>{text(a)}</td>
                <td>{text(b)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="two">
        {sides.map((side) => (
          <section key={side.name} aria-label={`Tables of ${side.name}`}>
            <h2>{side.name}</h2>
            <pre class="log" tabIndex={0} data-testid={`tree-${side.name}`}>
              {treeText(side)}
            </pre>
            <ol class="events">
              {(side.detail?.events ?? []).slice(0, 40).map((event, i) => (
                <li key={i}>{eventText(event)}</li>
              ))}
            </ol>
          </section>
        ))}
      </div>
    </>
  );
}

function sum(values: Uint32Array, last: number): number {
  let total = 0;
  for (let i = 0; i <= last && i < values.length; i++) total += values[i] as number;
  return total;
}

function differences(a: Recording, b: Recording): number[] {
  const found: number[] = [];
  for (let i = 0; i < Math.max(a.count, b.count); i++) if (a.ret[i] !== b.ret[i]) found.push(i);
  return found;
}

function mappedText({ player }: Side): string {
  const totals = new TableTotals();
  for (const space of player.spaces) {
    const root = player.root(space);
    if (root === undefined || !player.isOpen(space)) continue;
    for (const _ of listTree(space.format, player.image, root, { totals, maxEntries: 2 ** 21 }));
  }
  const parts = totals.mapped.map(
    ({ shift, aperture, bytes }) => `${size(Number(bytes))} ${aperture} in ${shiftName(shift)}`,
  );
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

const LINES = 60;

function treeText({ player }: Side): string {
  const lines: string[] = [];
  for (const space of player.spaces) {
    const root = player.root(space);
    if (root === undefined || !player.isOpen(space)) continue;
    lines.push(`${space.info.id}:`);
    for (const node of listTree(space.format, player.image, root, { maxEntries: 2 ** 20 })) {
      if (lines.length >= LINES) {
        lines.push('…');
        return lines.join('\n');
      }
      lines.push('  '.repeat(node.depth + 1) + nodeText(node));
    }
  }
  return lines.length === 0 ? 'no tables' : lines.join('\n');
}

function nodeText(node: TreeNode): string {
  switch (node.kind) {
    case 'table':
      return `${node.index < 0 ? '' : `[${node.index}] `}${node.level} at ${hex(node.addr)}`;
    case 'mapped':
      return `${hex(node.va)} ${size(Number(node.size))} → ${node.aperture} ${hex(node.addr)} (${shiftName(node.shift)})`;
    case 'sparse':
    case 'nowhere':
      return `${hex(node.va)} ${size(Number(node.size))} ${node.kind} (${shiftName(node.shift)})`;
    case 'problem':
      return `${hex(node.va)} ${node.problem}: ${node.why}`;
  }
}
