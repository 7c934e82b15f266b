import type { FaultRecord } from '@nvmmu/faults';
import { listRanges, walk, type Access, type MmuFormat, type WalkResult } from '@nvmmu/vmm-core';
import { apertureName, flagWords, pageJson } from './describe-page.js';
import { Intervals, type Interval } from './intervals.js';
import type { MappingHistory, ScriptStep } from './mapping-history.js';
import type { State } from './state-source.js';
import { formatHex, formatShift } from './values.js';

/** What a script or dump says about the address of a fault. */
export interface MappingReport {
  /** In whole sentences. */
  readonly text: readonly string[];
  /** For JSON. */
  readonly json: object;
}

/** More ranges than that are too many to look for neighbours among. */
const NEIGHBOUR_LIMIT = 1_000_000;

/** Answers what was mapped at the addresses of faults, from one state. */
export class StateMapping {
  readonly #state: State;
  readonly #format: MmuFormat;
  readonly #history: MappingHistory | undefined;
  /** Where it is known, such as `After the script`. */
  readonly #when: string;
  #neighbours: Intervals<Interval> | undefined = undefined;
  #crowded = false;

  constructor(state: State, history: MappingHistory | undefined, when: string) {
    this.#state = state;
    this.#format = (state.root.kind === 'root' ? state.root.format : undefined) ?? state.format;
    this.#history = history;
    this.#when = when;
  }

  /** What is known about the address of a fault; `undefined` when it has none that tables translate. */
  report(record: FaultRecord): MappingReport | undefined {
    if (record.address_value === undefined || record.decoded.physical) return undefined;
    const va = BigInt(record.address_value);
    if (va >> 64n !== 0n) return undefined;
    const access = accessOf(record);
    const { reader, root } = this.#state;
    const result = walk(this.#format, reader, root, va, access === undefined ? {} : { access });
    const text: string[] = [this.#now(result, record)];
    const json: Record<string, unknown> = { state: this.#state.title, ...resultJson(result) };
    this.#past(va, result, text, json);
    this.#allocation(va, result, text, json);
    if (result.kind !== 'mapped') this.#around(va, text, json);
    return { text, json };
  }

  #now(result: WalkResult, { decoded }: FaultRecord): string {
    const when = this.#when;
    switch (result.kind) {
      case 'mapped': {
        const flags = [`${formatShift(result.shift)} page`, ...flagWords(result)].join(', ');
        const absent = decoded.reason === 'pte' || decoded.reason === 'pde';
        const so = absent
          ? ' So the fault came at another time or in another address space, or the GPU still used an old translation.'
          : '';
        return `${when} the address is mapped, to ${apertureName(result)} ${formatHex(result.addr)} (${flags}).${so}`;
      }
      case 'sparse':
      case 'nowhere':
        return `${when} the address is ${result.kind === 'sparse' ? 'sparse' : 'mapped to nowhere'} (${result.level}): accesses there do not fault.`;
      case 'fault': {
        if (result.level === undefined) return `${when} no table is read for the address: ${result.name}.`;
        const step = result.steps.at(-1);
        const entry = `${result.level} entry ${step?.index ?? 0} at ${formatHex(result.entryAddr ?? 0n)}`;
        const { cause } = result;
        if (cause === 'ro') return `${when} the page there is read-only (${entry}), so this access faults.`;
        if (cause === 'priv') return `${when} the page there is for privileged access only (${entry}).`;
        if (cause === 'atomic') return `${when} the page there refuses atomics (${entry}).`;
        if (cause !== 'pde' && cause !== 'pte') return `${when} the access faults: ${result.name} (${entry}).`;
        const size = 1n << BigInt(result.shift);
        const from = (result.va / size) * size;
        const what = cause === 'pde' ? 'no table is there' : 'no page is there';
        return `${when} nothing is mapped there: ${entry} is absent, so ${what} for ${formatHex(from)} to ${formatHex(from + size)} (${formatShift(result.shift)}).`;
      }
      case 'malformed':
        return `${when} the tables make no sense for the address: the ${result.level} at ${formatHex(result.entryAddr)} is malformed (${result.why}).`;
      case 'unreadable':
        return `${when} the memory at ${formatHex(result.entryAddr)} is needed to tell what is mapped there, and it is missing.`;
    }
  }

  /** What had been there, and what took it away. */
  #past(va: bigint, result: WalkResult, text: string[], json: Record<string, unknown>): void {
    const history = this.#history;
    const id = this.#state.space?.id;
    if (history === undefined || id === undefined) return;
    const live = result.kind === 'mapped' ? history.mapped(id, va) : undefined;
    const gone = history.gone(id, va);
    if (live !== undefined) {
      text.push(`${named(live.by)} mapped it.`);
      json['mappedBy'] = live.by;
    }
    if (gone !== undefined) {
      const before = live === undefined ? '' : 'Before that, ';
      const use = live === undefined && result.kind !== 'mapped' ? ': a use after unmap' : '';
      text.push(
        `${before}${named(gone.by, before === '')} had mapped it, and ${named(gone.goneBy, false)} took that mapping away${use}.`,
      );
      json['wasMappedBy'] = gone.by;
      json['unmappedBy'] = gone.goneBy;
    } else if (live === undefined && result.kind !== 'mapped') {
      const complete = history.isComplete(id);
      text.push(
        complete ? 'No operation before that mapped it.' : 'What was mapped there long before is not known any more.',
      );
      if (complete) json['neverMapped'] = true;
    }
  }

  #allocation(va: bigint, result: WalkResult, text: string[], json: Record<string, unknown>): void {
    const region = va >> 57n === 0n ? this.#state.space?.vmm.regionAt(va) : undefined;
    if (region === undefined) return;
    const end = region.addr + region.size;
    json['allocation'] = { start: formatHex(region.addr), end: formatHex(end), mapped: region.mapped };
    if (result.kind !== 'mapped') {
      text.push(
        `It lies in the allocation from ${formatHex(region.addr)} to ${formatHex(end)}, which ${region.mapped ? 'is mapped' : 'has nothing mapped'}.`,
      );
    }
  }

  #around(va: bigint, text: string[], json: Record<string, unknown>): void {
    const near = this.#mapped()?.around(va);
    if (near === undefined) {
      if (this.#crowded) text.push('There are too many mappings to look for the nearest.');
      return;
    }
    const { below, above } = near;
    if (below === undefined && above === undefined) text.push('Nothing at all is mapped in that address space.');
    if (below !== undefined) {
      const distance = va - below.end;
      const past = distance < 0x1000n ? ', so this is just past its end' : '';
      text.push(
        `The nearest mapping below, from ${formatHex(below.start)}, ends at ${formatHex(below.end)}, ${formatHex(distance)} bytes before it${past}.`,
      );
      json['below'] = { start: formatHex(below.start), end: formatHex(below.end), distance: formatHex(distance) };
    }
    if (above !== undefined) {
      const distance = above.start - va;
      text.push(
        `The nearest mapping above starts at ${formatHex(above.start)}, ${formatHex(distance)} bytes after it.`,
      );
      json['above'] = { start: formatHex(above.start), end: formatHex(above.end), distance: formatHex(distance) };
    }
  }

  /** All that is mapped, neighbours joined whatever they map. */
  #mapped(): Intervals<Interval> | undefined {
    const { root, reader } = this.#state;
    if (this.#neighbours !== undefined) return this.#neighbours;
    if (this.#crowded || root.kind !== 'root') return undefined;
    const all = new Intervals<Interval>();
    let open: Interval | undefined;
    for (const { kind, va, size } of listRanges(this.#format, reader, root, { kinds: ['mapped'] })) {
      if (kind !== 'mapped') continue;
      if (open?.end === va) open = { start: open.start, end: va + size };
      else {
        if (open !== undefined) all.append(open);
        open = { start: va, end: va + size };
      }
      if (all.size > NEIGHBOUR_LIMIT) {
        this.#crowded = true;
        return undefined;
      }
    }
    if (open !== undefined) all.append(open);
    this.#neighbours = all;
    return all;
  }
}

function named({ index, text }: ScriptStep, first = true): string {
  return `${first ? 'O' : 'o'}peration ${index} (${text})`;
}

function accessOf({ decoded }: FaultRecord): Access | undefined {
  // What a line does not tell must not refuse a page.
  const { access } = decoded;
  return { write: access === 'write', atomic: access === 'atomic', privileged: decoded.reason !== 'priv' };
}

function resultJson(result: WalkResult): object {
  switch (result.kind) {
    case 'mapped':
      return { result: 'mapped', ...pageJson(result), level: result.level };
    case 'sparse':
    case 'nowhere':
      return {
        result: 'sparse',
        ...(result.kind === 'nowhere' && { nowhere: true }),
        shift: result.shift,
        level: result.level,
      };
    case 'fault':
      return {
        result: 'fault',
        reason: result.reason ?? null,
        name: result.name,
        cause: result.cause,
        ...(result.level !== undefined && {
          level: result.level,
          index: result.steps.at(-1)?.index ?? null,
          shift: result.shift,
        }),
      };
    case 'malformed':
      return { result: 'malformed', why: result.why, level: result.level };
    case 'unreadable':
      return { result: 'unreadable', entry: formatHex(result.entryAddr) };
  }
}
