import { computed, type ReadonlySignal } from '@preact/signals';
import { findLevel } from '@nvmmu/vmm-core';
import type { ChangedWords } from '../model/player.js';
import type { TableRef } from '../model/tables.js';
import { address, entry, hardware, level, followMoves, script } from './store.js';

/** The table that is looked at, with the tables on the way to it. */
export interface Selection {
  readonly table: TableRef;
  readonly path: readonly TableRef[];
  /** The other table of its pair. */
  readonly partner: TableRef | undefined;
  /** Whether it is the one that was asked for; otherwise the nearest above, since that does not exist at the step. */
  readonly isExact: boolean;
}

/** Memory that the step changed. */
export const changes: ReadonlySignal<readonly ChangedWords[]> = computed(() => {
  followMoves();
  return script.value?.player.changes() ?? [];
});

/** The table that is looked at. */
export const selection: ReadonlySignal<Selection | undefined> = computed(() => {
  const reader = hardware.value?.reader;
  if (reader === undefined) return undefined;
  const wanted = level.value === undefined ? 0 : (findLevel(reader.format, level.value) ?? 0);
  const path = reader.path(Number(address.value ?? 0n), wanted);
  const table = path.at(-1);
  if (table === undefined) return undefined;
  return { table, path, partner: reader.partnerOf(table, path), isExact: table.level === wanted };
});

/** Looks at a table. */
export function select(table: TableRef, index?: number): void {
  const reader = hardware.peek()?.reader;
  if (reader === undefined) return;
  address.value = BigInt(table.va);
  level.value = reader.levelOf(table.level).name;
  entry.value = index;
}
