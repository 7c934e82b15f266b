import { PAGE, type Chip, type RegionInfo, type Vmm } from '@nvmmu/vmm-core';
import { ScriptError } from '../errors.js';
import { formatHex } from '../numbers.js';
import type { AddressRef, MapOperation, MemOperation, Operation, RawMapOperation } from '../operations.js';
import type { Choices, Remedy } from './choices.js';
import type { Allocation } from './placement.js';
import { Replayer, type Replayed } from './replayer.js';
import type { Stream } from './stream.js';
import type { Survey } from './survey.js';

/** Something that a log does not tell, or that could not be reproduced. */
export interface ImportNote {
  /** Line of the log, from 1; 0 for the log as a whole. */
  readonly line: number;
  readonly text: string;
}

/** An address space of the script. */
export interface Space {
  readonly id: string;
  readonly vmm: Vmm;
  readonly stream: Stream;
  readonly survey: Survey;
  /** What is allocated, by address. */
  readonly allocations: Map<bigint, Allocation>;
  /** Requests of which no line tells where they lie, the last one at the end. */
  readonly unseen: Unseen[];
  /** Allocations in which something has been mapped, by address. */
  readonly used: Set<bigint>;
  /** Ranges that raw calls made sparse. */
  readonly sparse: { readonly addr: bigint; readonly size: bigint }[];
}

/** A request for address space of which no line tells where it lies. */
export interface Unseen {
  readonly line: number;
  readonly size: bigint;
  /** log2 of alignment and page size, with all minima. */
  readonly align: number;
}

/** A map that was taken for one of page frames, or of a memory object. */
interface FrameChoice {
  readonly space: Space;
  readonly line: number;
  readonly addr: bigint;
  readonly end: bigint;
  readonly frames: boolean;
}

/** What a memory object that stands for an unknown one must be like. */
export interface MemoryWish {
  readonly target: 'vram' | 'host' | 'ncoh';
  /** log2 of its page size. */
  readonly page: number;
  readonly size: bigint;
  /** Memory type of the nv50 family; 1 by default. */
  readonly type?: number;
}

const NOTE_LIMIT = 1000;
/** Maps that are thought over when an unmap goes wrong. */
const SECOND_THOUGHTS = 3;
/** Where assumed memory lies. */
const MEMORY_BASE = 1n << 32n;
const MAX_HOST_PAGES = 1n << 24n;

/** A script in the making: its operations, run as they are found, and what there is to say of them. */
export class Session {
  readonly chip: Chip;
  readonly replayer: Replayer;
  readonly operations: Operation[] = [];
  readonly notes: ImportNote[] = [];
  readonly #memories = new Map<string, MemOperation>();
  readonly #written = new Set<string>();
  /** Objects that the log tells of, by what they are. */
  readonly #known = new Map<string, string>();
  /** Lines of the log that the script gives again. */
  reproduced = 0;
  /** Maps whose memory is assumed. */
  assumed = 0;
  /** Allocations that no line tells where they lie, and those that went without a line. */
  unplaced = 0;
  inferred = 0;

  readonly choices: Choices;
  readonly #frames: FrameChoice[] = [];
  /** Lines of the script that the log does not have. */
  extra = 0;

  constructor(chip: Chip, choices: Choices) {
    this.chip = chip;
    this.choices = choices;
    this.replayer = new Replayer(chip);
  }

  /** Notes something for a line of the log. */
  note(line: number, text: string): void {
    if (this.notes.length < NOTE_LIMIT) this.notes.push({ line, text });
  }

  /** Does an operation, and passes over the lines of the stream that it gives again. */
  do(operation: Operation, stream: Stream | undefined): Replayed {
    this.#record(operation);
    const step = this.replayer.step(operation);
    if (stream !== undefined) this.#compare(step, stream);
    return step;
  }

  /**
   * Tries an operation that is to be refused, and keeps it if it gives the very lines that come next. A refused
   * operation has changed nothing.
   */
  attempt(operation: Operation, stream: Stream, lines: number): 'kept' | 'refused' | 'done' {
    let step: Replayed;
    try {
      step = this.replayer.step(operation);
    } catch (error) {
      if (error instanceof ScriptError || error instanceof RangeError) return 'refused';
      throw error;
    }
    if (!step.refused) return 'done';
    if (step.lines.length !== lines || !step.lines.every((text, i) => text === this.#textAt(stream, stream.at + i))) {
      return 'refused';
    }
    this.#record(operation);
    this.#compare(step, stream);
    return 'kept';
  }

  /** Does an operation that finds no more memory once it has built some tables, as in the log. */
  doWithoutMemory(operation: Operation, stream: Stream, tables: number): Replayed {
    // What is cached needs no memory: without it the count is that of the log.
    this.do({ op: 'ptcdump', line: 0 }, undefined);
    const { step, allocations } = this.replayer.stepWithoutMemory(operation, tables);
    if (step.refused || operation.op === 'pfnmap') {
      this.operations.push({ op: 'failalloc', line: 0, after: allocations });
    }
    this.#record(operation);
    this.#compare(step, stream);
    return step;
  }

  #record(operation: Operation): void {
    if (operation.op === 'map' || operation.op === 'rawmap') this.#writeMemory(operation);
    this.operations.push(operation);
  }

  /** Memory objects are defined right before their first use. */
  #writeMemory({ mem }: MapOperation | RawMapOperation): void {
    const definition = this.#memories.get(mem);
    if (definition === undefined || this.#written.has(mem)) return;
    this.#written.add(mem);
    this.operations.push(definition);
  }

  #textAt(stream: Stream, index: number): string | undefined {
    const line = stream.lines[index];
    return line === undefined ? undefined : `${line.space}: ${line.text}`;
  }

  #compare({ lines }: Replayed, stream: Stream): boolean {
    let count = 0;
    for (const text of lines) {
      if (text !== this.#textAt(stream, stream.at)) {
        // Another line, or none: the rest is looked at as it comes.
        const { number } = stream.lines[Math.min(stream.at, stream.lines.length - 1)] ?? { number: 0 };
        this.note(number, `expected "${text.slice(0, 120)}"`);
        this.extra += lines.length - count;
        return false;
      }
      stream.at++;
      count++;
      this.reproduced++;
    }
    return true;
  }

  /** Remembers what a map was taken for, to be thought over if that goes wrong. */
  noteFrames(choice: FrameChoice): void {
    this.#frames.push(choice);
  }

  /** The latest maps of a range, taken for something else. */
  otherFrames(space: Space, addr: bigint, end: bigint): Remedy[] {
    const found: Remedy[] = [];
    for (let i = this.#frames.length - 1; i >= 0 && found.length < SECOND_THOUGHTS; i--) {
      const it = this.#frames[i];
      if (it === undefined || it.space !== space || it.addr >= end || it.end <= addr) continue;
      found.push({ key: `frames ${it.line}`, choice: !it.frames });
    }
    return found;
  }

  /** An object that stands for memory whose place is not known. */
  memory(wish: MemoryWish): string | undefined {
    const { target, page, size, type = 1 } = wish;
    if (size <= 0n || size >= 1n << 60n || (target !== 'vram' && size >> 12n > MAX_HOST_PAGES)) return undefined;
    const id = `assumed-${target}${type === 1 ? '' : `-type${type}`}-${page}-${formatHex(size).slice(2)}`;
    if (this.#memories.has(id)) return id;
    const layout: MemOperation['layout'] =
      target === 'vram'
        ? { kind: 'extents', page, type, pieces: [[MEMORY_BASE, size]] }
        : { kind: 'dmaRange', addr: MEMORY_BASE, pages: Number(size >> 12n) };
    return this.#define({ op: 'mem', line: 0, id, target, layout }) ? id : undefined;
  }

  /** An object whose place and layout the log tells. */
  knownMemory(target: MemOperation['target'], layout: MemOperation['layout']): string | undefined {
    const key = JSON.stringify([target, layout], (_key, value: unknown) =>
      typeof value === 'bigint' ? formatHex(value) : value,
    );
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const id = `m${this.#known.size}`;
    if (!this.#define({ op: 'mem', line: 0, id, target, layout })) return undefined;
    this.#known.set(key, id);
    return id;
  }

  /** Makes an object, unless it makes no sense. */
  #define(definition: MemOperation): boolean {
    try {
      this.replayer.step(definition);
    } catch (error) {
      if (error instanceof ScriptError || error instanceof RangeError) return false;
      throw error;
    }
    this.#memories.set(definition.id, definition);
    return true;
  }

  /** An object that can be mapped with pages of one size. */
  memoryFor(vmm: Vmm, page: number, size: bigint): string | undefined {
    const { tableTarget } = this.chip;
    const host = tableTarget === 'vram' ? 'host' : tableTarget;
    return this.memory({ target: isHostOnly(this.chip, vmm, page) ? host : 'vram', page, size });
  }
}

/** Whether a page size can't hold video memory: by itself, or on a chip that has none. */
export function isHostOnly({ tableTarget }: Chip, vmm: Vmm, page: number): boolean {
  const flags = vmm.pages.find(({ shift }) => shift === page)?.flags ?? PAGE.vram;
  return tableTarget !== 'vram' || (flags & PAGE.vram) === 0;
}

/** The allocation that an address belongs to. */
export function homeOf({ vmm, allocations }: Space, addr: bigint): Allocation | undefined {
  let region = vmm.state.regions.find(Number(addr));
  while (region?.part === true) region = region.prev;
  return region === undefined ? undefined : allocations.get(BigInt(region.addr));
}

/** How a script refers to an address. */
export function refer(space: Space, addr: bigint): AddressRef {
  const home = homeOf(space, addr);
  return home === undefined ? { addr } : { vma: home.id, delta: addr - home.addr };
}

/** The pieces of an allocation. */
export function piecesOf({ vmm }: Space, { addr, size }: Allocation): RegionInfo[] {
  const pieces: RegionInfo[] = [];
  for (let at = addr; at < addr + size;) {
    const region = vmm.regionAt(at);
    if (region === undefined) break;
    pieces.push(region);
    at = region.addr + region.size;
  }
  return pieces;
}

/** Whether an allocation can go without a line: nothing is mapped in it, and it holds no references. */
export function canGoUnseen(space: Space, allocation: Allocation): boolean {
  if (allocation.pinned) return false;
  return piecesOf(space, allocation).every((it) => !it.mapped && it.refd === undefined);
}

/** Frees an allocation. */
export function put(session: Session, space: Space, gone: Allocation): void {
  space.allocations.delete(gone.addr);
  session.do({ op: 'put', line: 0, vmm: space.id, at: { vma: gone.id, delta: 0n } }, space.stream);
}
