import { findChip } from '@nvmmu/script';
import { MemoryImage, type MemoryPiece, type MemoryTarget, type MmuFormat, type Root } from '@nvmmu/vmm-core';
import { REGION_ROW, type Recording, type SpaceInfo } from './recording.js';
import { RegionTable } from './region-table.js';
import { applyRun, readRuns } from './word-journal.js';

interface Piece extends MemoryPiece {
  readonly target: MemoryTarget;
  readonly allocation: number;
}

/** A space at the player's step. */
export interface PlayedSpace {
  readonly info: SpaceInfo;
  readonly index: number;
  readonly format: MmuFormat;
  readonly regions: RegionTable;
}

/** Words of a table that the last operation changed. */
export interface ChangedWords {
  readonly addr: number;
  readonly target: MemoryTarget;
  readonly first: number;
  readonly count: number;
  readonly xor: Uint32Array;
  readonly at: number;
}

/**
 * Shows any step of a recording: the memory, the regions and the roots as they were after it. Going from one step to
 * another applies the changes in between, in whichever direction.
 */
export class Player {
  readonly recording: Recording;
  /** Page-table memory after the step. */
  readonly image: MemoryImage = new MemoryImage();
  readonly spaces: readonly PlayedSpace[];
  readonly #pieces = new Map<number, Piece>();
  #step = -1;

  constructor(recording: Recording) {
    this.recording = recording;
    const { chip: name, config } = recording;
    const chip = findChip(name);
    this.spaces = recording.spaces.map((info, index) => {
      const { bigPage, replay } = info;
      const template = chip?.template(config, {
        ...(bigPage !== undefined && { bigPage }),
        ...(replay !== undefined && { replay }),
      });
      if (template === undefined) throw new TypeError(`the recording names no known chip ("${name}")`);
      return { info, index, format: template.format, regions: new RegionTable(info, recording) };
    });
  }

  /** The step whose outcome is shown; -1 before the first. */
  get step(): number {
    return this.#step;
  }

  /** Goes to a step, clamped to those that there are. */
  seek(step: number): void {
    const target = Math.max(-1, Math.min(step, this.recording.count - 1));
    while (this.#step < target) this.#forward(this.#step + 1);
    while (this.#step > target) this.#back(this.#step);
  }

  /** Whether a space exists at the step. */
  isOpen({ info }: PlayedSpace): boolean {
    return info.created <= this.#step && (info.closed === undefined || info.closed > this.#step);
  }

  /** Where the tables of a space begin at the step. */
  root({ info }: PlayedSpace): Root | undefined {
    let root: (typeof info.roots)[number]['root'];
    for (const change of info.roots) if (change.step <= this.#step) root = change.root;
    if (root === undefined) return undefined;
    return { kind: 'root', target: root.target, addr: BigInt(root.addr), limit: BigInt(root.limit) - 1n };
  }

  /** The live allocations in order of their addresses. */
  allocations(): readonly { readonly addr: number; readonly size: number; readonly words: Uint32Array }[] {
    return [...this.#pieces.values()]
      .sort((a, b) => a.addr - b.addr)
      .map(({ addr, words }) => ({ addr, size: 4 * words.length, words }));
  }

  /** What the step that is shown changed in memory that is still there. */
  changes(): ChangedWords[] {
    const changes: ChangedWords[] = [];
    if (this.#step < 0) return changes;
    readRuns(this.recording.words, this.#step, (allocation, first, count, xor, at) => {
      const piece = this.#pieces.get(allocation);
      if (piece !== undefined) changes.push({ addr: piece.addr, target: piece.target, first, count, xor, at });
    });
    return changes;
  }

  #forward(step: number): void {
    const { allocationEvents, allocationAt } = this.recording;
    const from = allocationAt[step] ?? 0;
    const to = allocationAt[step + 1] ?? from;
    for (let i = from; i < to; i++) {
      const event = allocationEvents[i] as number;
      if (event >= 0) this.#add(event);
    }
    this.#applyWords(step);
    for (let i = from; i < to; i++) {
      const event = allocationEvents[i] as number;
      if (event < 0) this.#remove(-1 - event);
    }
    this.#applyRegions(step, true);
    this.#step = step;
  }

  #back(step: number): void {
    const { allocationEvents, allocationAt } = this.recording;
    const from = allocationAt[step] ?? 0;
    const to = allocationAt[step + 1] ?? from;
    for (let i = from; i < to; i++) {
      const event = allocationEvents[i] as number;
      if (event < 0) this.#add(-1 - event);
    }
    this.#applyWords(step);
    for (let i = from; i < to; i++) {
      const event = allocationEvents[i] as number;
      if (event >= 0) this.#remove(event);
    }
    this.#applyRegions(step, false);
    this.#step = step - 1;
  }

  #applyWords(step: number): void {
    readRuns(this.recording.words, step, (allocation, first, count, xor, at) => {
      const piece = this.#pieces.get(allocation);
      if (piece !== undefined) applyRun(piece.words, first, count, xor, at);
    });
  }

  #add(index: number): void {
    const info = this.recording.allocations[index];
    if (info === undefined) return;
    const words = new Uint32Array(info.size / 4);
    if (info.fill !== 0) words.fill(info.fill);
    const piece: Piece = { addr: info.addr, target: info.target, words, allocation: index };
    this.#pieces.set(index, piece);
    this.image.add(piece);
  }

  #remove(index: number): void {
    const piece = this.#pieces.get(index);
    if (piece === undefined) return;
    this.#pieces.delete(index);
    this.image.remove(piece);
  }

  #applyRegions(step: number, forward: boolean): void {
    const { regions, regionAt } = this.recording;
    const from = regionAt[step] ?? 0;
    const to = regionAt[step + 1] ?? from;
    // What is taken away goes first: its address may be that of something new.
    for (const isRemoval of [true, false]) {
      for (let row = from; row < to; row++) {
        const at = row * REGION_ROW;
        const space = regions[at] as number;
        if (space < 0 === (isRemoval === forward)) {
          const table = this.spaces[space < 0 ? -1 - space : space]?.regions;
          const addr = regions[at + 1] as number;
          if (isRemoval) table?.remove(addr);
          else table?.add(addr, row);
        }
      }
    }
  }
}
