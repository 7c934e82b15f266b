import { computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { MemoryImage, MmuFormat, Root } from '@nvmmu/vmm-core';
import { DetailReader, type StepDetail } from '../model/details.js';
import type { View } from '../model/link.js';
import { Player, type PlayedSpace } from '../model/player.js';
import type { Progress, Recording } from '../model/recording.js';
import { TableReader } from '../model/tables.js';

/** Where what is shown comes from, for links. */
export interface Source {
  readonly kind: 'example' | 'inline' | 'file' | 'served';
  /** Id of the example, or name of the file. */
  readonly name: string;
}

/** A script that is loaded. */
export interface ScriptSession {
  readonly kind: 'script';
  readonly source: Source;
  readonly text: string;
  readonly recording: Recording;
  readonly player: Player;
  readonly details: DetailReader;
}

/** A dump that is loaded. */
export interface DumpSession {
  readonly kind: 'dump';
  readonly source: Source;
  readonly image: MemoryImage;
  readonly chip: string;
  readonly format: MmuFormat;
  readonly root: Root | undefined;
}

/** What is loaded. */
export type Session = ScriptSession | DumpSession;

/** What the page waits for. */
export interface Busy {
  readonly title: string;
  readonly progress: Progress | undefined;
  readonly cancel: (() => void) | undefined;
}

export const session: Signal<Session | undefined> = signal(undefined);
export const busy: Signal<Busy | undefined> = signal(undefined);
/** What went wrong, for people. */
export const problem: Signal<string | undefined> = signal(undefined);
/** The operation whose outcome is shown. */
export const step: Signal<number> = signal(0);
export const view: Signal<View> = signal('space');
/** Id of the address space that is looked at; the most recent one when absent or gone. */
export const chosenSpace: Signal<string | undefined> = signal(undefined);
/** The address that the views are about. */
export const address: Signal<bigint | undefined> = signal(undefined);
/** Level of the table that is looked at, and the entry in it. */
export const level: Signal<string | undefined> = signal(undefined);
export const entry: Signal<number | undefined> = signal(undefined);
export const playing: Signal<boolean> = signal(false);
/** Steps a second. */
export const speed: Signal<number> = signal(4);
/** Counts the moves of the player: what depends on its state reads it. */
export const moved: Signal<number> = signal(0);
/** The log of the explain view. */
export const logText: Signal<string> = signal('');
/** The other chip of a comparison. */
export const otherChip: Signal<string | undefined> = signal(undefined);

/** Makes whoever calls it depend on where the player stands. */
export function followMoves(): number {
  return moved.value;
}

effect(() => {
  const current = session.value;
  if (current?.kind !== 'script') return;
  current.player.seek(step.value);
  moved.value = moved.peek() + 1;
});

/** The script session, if one is loaded. */
export const script: ReadonlySignal<ScriptSession | undefined> = computed(() =>
  session.value?.kind === 'script' ? session.value : undefined,
);

/** The address spaces that exist at the step. */
export const openSpaces: ReadonlySignal<readonly PlayedSpace[]> = computed(() => {
  followMoves();
  const player = script.value?.player;
  return player === undefined ? [] : player.spaces.filter((space) => player.isOpen(space));
});

/** The address space that is looked at. */
export const space: ReadonlySignal<PlayedSpace | undefined> = computed(() => {
  const open = openSpaces.value;
  return open.find(({ info }) => info.id === chosenSpace.value) ?? open.at(-1);
});

/** What the hardware would read: format, memory and root of what is looked at. */
export interface Hardware {
  readonly format: MmuFormat;
  readonly image: MemoryImage;
  readonly root: Root;
  readonly reader: TableReader;
}

export const hardware: ReadonlySignal<Hardware | undefined> = computed(() => {
  followMoves();
  const current = session.value;
  if (current === undefined) return undefined;
  if (current.kind === 'dump') {
    const { format, image, root } = current;
    return root === undefined ? undefined : { format, image, root, reader: new TableReader(format, image, root) };
  }
  const { player } = current;
  const chosen = space.value;
  const root = chosen === undefined ? undefined : player.root(chosen);
  if (chosen === undefined || root === undefined) return undefined;
  const { image } = player;
  return { format: chosen.format, image, root, reader: new TableReader(chosen.format, image, root) };
});

/** Details of the step that is shown, once they are unpacked. */
export const detail: Signal<StepDetail | undefined> = signal(undefined);

effect(() => {
  const current = script.value;
  const wanted = step.value;
  if (current === undefined) {
    detail.value = undefined;
    return;
  }
  const ready = current.details.peek(wanted);
  detail.value = ready;
  if (ready !== undefined) return;
  void current.details.get(wanted).then((loaded) => {
    if (step.peek() === wanted && script.peek() === current) detail.value = loaded;
  });
});

/** Goes to a step, clamped to those that there are. */
export function goTo(target: number): void {
  const last = (script.peek()?.recording.count ?? 1) - 1;
  step.value = Math.max(0, Math.min(last, Math.round(target)));
}

/** Moves by some steps. */
export function moveBy(distance: number): void {
  goTo(step.peek() + distance);
}

/** Starts a session of a recording. */
export function openRecording(source: Source, text: string, recording: Recording): void {
  const player = new Player(recording);
  session.value = {
    kind: 'script',
    source,
    text,
    recording,
    player,
    details: new DetailReader(recording.details),
  };
}

/** The text of an operation's line. */
export function lineOf(current: ScriptSession, index: number): string {
  const { lineFrom, lineTo } = current.recording;
  return current.text.slice(lineFrom[index] ?? 0, lineTo[index] ?? 0);
}
