import { PAGE, type Chip, type RegionInfo, type Vmm } from '@nvmmu/vmm-core';
import { formatHex } from '../numbers.js';
import type { AddressRef, MemOperation, Operation } from '../operations.js';
import { ScriptRunner } from '../runner.js';
import type { StepResult } from '../step.js';
import { parseLogLine, type LogItem, type LogLine } from './log-lines.js';
import { isBoot, survey, type Survey } from './survey.js';

/** Something that a log does not tell, or that could not be reproduced. */
export interface ImportNote {
  /** Line of the log, from 1; 0 for the log as a whole. */
  readonly line: number;
  readonly text: string;
}

/** A script made from a log. */
export interface ImportedScript {
  readonly operations: readonly Operation[];
  readonly notes: readonly ImportNote[];
  /** Lines of the log that tell of address spaces, and those of them that the script gives again. */
  readonly lines: number;
  readonly reproduced: number;
}

interface Space {
  readonly id: string;
  readonly vmm: Vmm;
  readonly survey: Survey;
  readonly lines: readonly LogLine[];
  readonly allocations: {
    readonly id: string;
    readonly addr: bigint;
    readonly size: bigint;
    readonly pinned: boolean;
  }[];
  readonly sparse: { readonly addr: bigint; readonly size: bigint }[];
}

type Get = LogItem & { readonly kind: 'get' };
type Walk = LogItem & { readonly kind: 'walk' };

/** Freed allocations that are tried for one address. */
const TRIALS = 64;
const NOTE_LIMIT = 1000;

/**
 * Makes a script that gives the `mmu` trace lines of a driver's log again. Where the memory is that was mapped, its kind
 * and flags are not in such lines: objects named `assumed…` stand for it, of the right size and page size.
 *
 * @param text - Lines of the log; others between them are passed over.
 * @param chip - Chip that the log is of.
 */
export function importLog(text: Iterable<string>, chip: Chip): ImportedScript {
  const lines: LogLine[] = [];
  let number = 0;
  for (const line of text) {
    const parsed = parseLogLine(++number, line);
    if (parsed !== undefined) lines.push(parsed);
  }
  return new Importer(chip, lines).run();
}

class Importer {
  readonly #chip: Chip;
  readonly #lines: readonly LogLine[];
  readonly #runner: ScriptRunner;
  readonly #operations: Operation[] = [];
  readonly #notes: ImportNote[] = [];
  readonly #spaces = new Map<string, Space>();
  readonly #memories = new Map<string, string>();
  #at = 0;
  #reproduced = 0;
  #gets = 0;
  #guessed = 0;

  constructor(chip: Chip, lines: readonly LogLine[]) {
    this.#chip = chip;
    this.#lines = lines;
    this.#runner = new ScriptRunner({ chip, log: 'trace', keepAll: true, events: false, hash: false });
  }

  run(): ImportedScript {
    const names = new Map<string, LogLine[]>();
    for (const line of this.#lines) {
      const list = names.get(line.space);
      if (list === undefined) names.set(line.space, [line]);
      else list.push(line);
    }
    const surveys = new Map([...names].map(([name, list]) => [name, survey(list)]));
    this.#makeDevice([...surveys.values()]);
    for (const [name, list] of names) {
      const found = surveys.get(name);
      if (found !== undefined) this.#makeSpace(name, found, list);
    }
    while (this.#at < this.#lines.length) {
      const line = this.#lines[this.#at] as LogLine;
      const before = this.#at;
      const space = this.#spaces.get(line.space);
      if (space !== undefined && !space.vmm.isClosed) this.#line(space, line);
      // Whatever was tried, go on.
      if (this.#at === before) this.#at++;
    }
    if (this.#guessed > 0) {
      this.#note(
        0,
        `${this.#guessed} maps: where the memory is, its kind and flags are not in the log; "assumed…" stand for it`,
      );
    }
    return {
      operations: this.#operations,
      notes: this.#notes.sort((a, b) => a.line - b.line),
      lines: this.#lines.length,
      reproduced: this.#reproduced,
    };
  }

  #note(line: number, text: string): void {
    if (this.#notes.length < NOTE_LIMIT) this.#notes.push({ line, text });
  }

  /** Does an operation, and passes over the lines of the log that it gives again. */
  #do(operation: Operation): StepResult {
    this.#operations.push(operation);
    const step = this.#runner.step(operation);
    for (const text of step.log.items) {
      const next = this.#lines[this.#at];
      if (next === undefined || text !== `${next.space}: ${next.text}`) {
        // Another line, or none: the rest is looked at as it comes.
        const parsed = parseLogLine(0, text);
        if (parsed !== undefined && next !== undefined) this.#note(next.number, `expected "${text.slice(0, 120)}"`);
        break;
      }
      this.#at++;
      this.#reproduced++;
    }
    return step;
  }

  #makeDevice(surveys: readonly Survey[]): void {
    const bigPage = surveys.find((it) => it.bigPage !== undefined)?.bigPage;
    const takesOne = this.#chip.arguments.includes('bigPage');
    this.#do({
      op: 'device',
      line: 0,
      chip: this.#chip.name,
      ptTarget: undefined,
      ptBase: 0x100000n,
      fbPage: takesOne ? 17 : (bigPage ?? 17),
      tags: 0,
      stolen: 0n,
    });
  }

  #makeSpace(name: string, found: Survey, lines: readonly LogLine[]): void {
    const [first] = lines;
    const id = name;
    const takesOne = this.#chip.arguments.includes('bigPage');
    const { type, addr, size } = found;
    const step = this.#do({
      op: 'vmm',
      line: 0,
      id,
      name,
      type,
      addr,
      size,
      bigPage: takesOne ? found.bigPage : undefined,
      replay: undefined,
    });
    const vmm = this.#runner.spaces.get(id)?.vmm;
    if (step.ret !== 0 || vmm === undefined) {
      this.#note(first?.number ?? 0, `address space "${name}" could not be made: ${step.error?.message ?? ''}`);
      return;
    }
    const levels = vmm.pages.at(-1)?.levels.length ?? 0;
    if (found.levels > levels)
      this.#note(first?.number ?? 0, `the log has ${found.levels} levels of tables, ${this.#chip.name} has ${levels}`);
    if (type !== 'unmanaged')
      this.#note(first?.number ?? 0, `the window of the ${type} space "${name}" is not in the log: assumed`);
    this.#spaces.set(name, { id, vmm, survey: found, lines, allocations: [], sparse: [] });
  }

  #line(space: Space, line: LogLine): void {
    const { what } = line;
    switch (what.kind) {
      case 'get':
        this.#get(space, what);
        return;
      case 'walk':
        this.#walk(space, line, what);
        return;
      case 'lookup':
        this.#lookup(space, what);
        return;
      case 'unmapped':
        this.#unmapped(space, line);
        return;
      case 'refusal':
        if (what.of !== 'get')
          this.#note(line.number, `a refused ${what.of} is left out: its arguments are not in the log`);
        return;
      case 'detail':
        this.#note(line.number, `not reproduced: ${line.text.slice(0, 100)}`);
    }
  }

  #lookup({ id }: Space, { call, addr }: LogItem & { readonly kind: 'lookup' }): void {
    const common = { line: 0, vmm: id, at: { addr } };
    if (call === 'map') {
      const mem = this.#memory(12, 0x1000n, undefined);
      this.#do({ op: 'map', ...common, size: 0x1000n, mem, offset: 0n, args: undefined });
    } else this.#do({ op: call, ...common });
  }

  #unmapped({ id, vmm }: Space, line: LogLine): void {
    const region = [...vmm.regions()].find((it) => it.used && it.memory === undefined);
    if (region !== undefined) this.#do({ op: 'unmap', line: 0, vmm: id, at: { addr: region.addr } });
    this.#note(line.number, 'which region was unmapped twice is not in the log: another one stands for it');
  }

  #get(space: Space, get: Get): void {
    const { id, vmm } = space;
    const wanted = this.#addressAhead(space, get);
    if (wanted !== undefined) this.#makeRoom(space, get, wanted);
    const name = `a${this.#gets++}`;
    const number = this.#lines[this.#at]?.number ?? 0;
    const { addr } = this.#do({
      op: 'get',
      line: 0,
      vmm: id,
      id: name,
      type: get.getref ? 'ptes' : get.mapref ? 'addr' : 'lazy',
      page: get.page,
      align: get.align,
      size: get.size,
      sparse: get.sparse,
    });
    if (addr === undefined) return;
    const size = vmm.regionAt(addr)?.size ?? get.size;
    space.allocations.push({ id: name, addr, size, pinned: get.getref || get.sparse });
    if (wanted !== undefined && wanted !== addr) {
      this.#note(
        number,
        `allocated at ${formatHex(addr)}, in the log at ${formatHex(wanted)}: what was freed before is not known`,
      );
    }
  }

  /** The address that an allocation must have got, from what happens to it later. */
  #addressAhead(space: Space, get: Get): bigint | undefined {
    let others = 0;
    for (let at = this.#at + 1, looked = 0; at < this.#lines.length && looked < 4000; at++, looked++) {
      const line = this.#lines[at] as LogLine;
      if (line.space !== this.#lines[this.#at]?.space) continue;
      const { what } = line;
      if (what.kind === 'refusal' && what.of === 'get' && others === 0) return undefined;
      if (what.kind === 'get') others++;
      if (what.kind !== 'walk') continue;
      if (get.sparse && what.walk === 'sparse ref' && others === 0) return what.addr;
      if (get.getref && what.walk === 'ref' && others === 0) return what.addr;
      if (get.getref || get.sparse) continue;
      if (what.walk !== 'ref + map' && what.walk !== 'map') continue;
      if (this.#home(space, what.addr) !== undefined) continue;
      // The first map outside everything that is known: of this allocation if it fits, else of one that follows.
      if (what.size === get.size) return what.addr;
      return others === 0 && what.size < get.size && !this.#isExpected(space, get, what.addr) ? what.addr : undefined;
    }
    return undefined;
  }

  /** Whether an address lies where the allocation would come to lie by itself. */
  #isExpected(space: Space, get: Get, addr: bigint): boolean {
    const expected = this.#probe(space, get);
    return expected !== undefined && expected <= addr && addr < expected + get.size;
  }

  #home({ allocations }: Space, addr: bigint): Space['allocations'][number] | undefined {
    return allocations.find((it) => it.addr <= addr && addr < it.addr + it.size);
  }

  /** Frees allocations, whose `put` left no line, until the next one comes to lie where the log has it. */
  #makeRoom(space: Space, get: Get, wanted: bigint): void {
    for (let trial = 0; trial < TRIALS; trial++) {
      if (this.#probe(space, get) === wanted) return;
      const idle = space.allocations.filter((it) => !it.pinned && !this.#isMapped(space, it));
      const inTheWay = idle.find((it) => it.addr < wanted + get.size && wanted < it.addr + it.size);
      // Freed neighbours make the hole larger, which decides which hole fits best.
      const beside = idle.find((it) => it.addr + it.size === wanted || it.addr === wanted + get.size);
      const gone = inTheWay ?? beside ?? idle[0];
      if (gone === undefined) return;
      this.#put(space, gone);
    }
  }

  #isMapped({ vmm }: Space, { addr, size }: { readonly addr: bigint; readonly size: bigint }): boolean {
    for (let at = addr; at < addr + size;) {
      const region = vmm.regionAt(at);
      if (region === undefined) return false;
      if (region.mapped) return true;
      at = region.addr + region.size;
    }
    return false;
  }

  /** Where an allocation would come to lie now. */
  #probe({ vmm }: Space, { size, page, align }: Get): bigint | undefined {
    try {
      const addr = vmm.get(size, { page, align });
      vmm.put(addr);
      return addr;
    } catch {
      return undefined;
    } finally {
      this.#discardLog();
    }
  }

  /** Drops the lines of a probe, which is no operation. */
  #discardLog(): void {
    this.#runner.step({ op: 'failalloc', line: 0, after: 0xffff_ffff });
  }

  #put(space: Space, gone: Space['allocations'][number]): void {
    space.allocations.splice(space.allocations.indexOf(gone), 1);
    this.#do({ op: 'put', line: 0, vmm: space.id, at: { vma: gone.id, delta: 0n } });
  }

  #refer(space: Space, addr: bigint): AddressRef {
    const home = this.#home(space, addr);
    return home === undefined ? { addr } : { vma: home.id, delta: addr - home.addr };
  }

  #walk(space: Space, line: LogLine, walk: Walk): void {
    const { id, vmm } = space;
    const { addr, size, page } = walk;
    const region = vmm.regionAt(addr);
    const isRaw = vmm.type === 'raw' && this.#home(space, addr) === undefined;
    const range = { line: 0, vmm: id, addr, size, page };
    switch (walk.walk) {
      case 'ref + map':
      case 'map': {
        const mem = this.#memory(page, size, vmm);
        this.#guessed++;
        if (isRaw) this.#do({ op: 'rawmap', ...range, mem, offset: 0n, args: undefined });
        else if (region === undefined)
          this.#note(line.number, `mapped at ${formatHex(addr)}, where nothing is allocated`);
        else this.#map(space, addr, size, mem, region);
        return;
      }
      case 'ref':
        if (isBoot(space.lines, space.lines.indexOf(line))) {
          // A larger space than the log's would need tables without end.
          if (vmm.limit - vmm.start === size) this.#do({ op: 'boot', line: 0, vmm: id });
          else
            this.#note(line.number, `all tables of ${formatHex(size)} bytes are built in another space of that name`);
        } else if (isRaw) this.#do({ op: 'rawget', ...range });
        else this.#note(line.number, 'references that belong to no allocation');
        return;
      case 'unmap':
      case 'unmap + unref':
        if (isRaw) this.#do({ op: 'rawunmap', ...range, sparse: this.#isSparse(space, addr, size) });
        else if (walk.walk === 'unmap + unref' && region?.mapref === false) this.#release(space, line, addr);
        else this.#unmap(space, line, addr, size, region);
        return;
      case 'sparse ref':
      case 'sparse unref':
        if (isRaw) this.#rawSparse(space, walk);
        else this.#release(space, line, addr);
        return;
      case 'unref':
        if (isRaw) this.#do({ op: 'rawput', ...range });
        else this.#release(space, line, addr);
        return;
      case 'bootstrap':
      case 'release':
        this.#note(line.number, `not reproduced: ${walk.walk} at ${formatHex(addr)}`);
    }
  }

  #map(space: Space, addr: bigint, size: bigint, mem: string, region: RegionInfo): void {
    const whole = region.addr === addr && region.size === size;
    const at = this.#refer(space, addr);
    this.#do({
      op: 'map',
      line: 0,
      vmm: space.id,
      at,
      size: whole ? undefined : size,
      mem,
      offset: 0n,
      args: undefined,
    });
  }

  #unmap(space: Space, line: LogLine, addr: bigint, size: bigint, region: RegionInfo | undefined): void {
    if (region?.addr === addr && region.size === size && region.memory !== undefined) {
      this.#do({ op: 'unmap', line: 0, vmm: space.id, at: this.#refer(space, addr) });
      return;
    }
    // Several regions in one walk: only freeing the allocation does that.
    if (region !== undefined && region.mapped) this.#release(space, line, addr);
    else this.#note(line.number, `unmapped at ${formatHex(addr)}, where nothing is mapped`);
  }

  /** Frees the allocation at an address; closes a booted space whose tables go. */
  #release(space: Space, line: LogLine, addr: bigint): void {
    const home = this.#home(space, addr);
    if (home !== undefined) this.#put(space, home);
    else if (space.survey.size > 0n) this.#do({ op: 'close', line: 0, vmm: space.id });
    else this.#note(line.number, `references dropped at ${formatHex(addr)}, where nothing is allocated`);
  }

  #isSparse({ sparse }: Space, addr: bigint, size: bigint): boolean {
    return sparse.some((it) => it.addr < addr + size && addr < it.addr + it.size);
  }

  /** A sparse range of a raw space: one call, cut into a walk for each block. */
  #rawSparse(space: Space, { walk, addr, size }: Walk): void {
    let end = addr + size;
    for (let at = this.#at + 1; at < this.#lines.length; at++) {
      const next = this.#lines[at]?.what;
      if (next?.kind === 'detail') continue;
      if (next?.kind !== 'walk' || next.walk !== walk || next.addr !== end) break;
      end += next.size;
    }
    const ref = walk === 'sparse ref';
    const known = ref ? undefined : space.sparse.find((it) => it.addr === addr);
    const range = known ?? { addr, size: end - addr };
    this.#do({ op: 'rawsparse', line: 0, vmm: space.id, addr, size: range.size, ref });
    if (ref) space.sparse.push(range);
    else if (known !== undefined) space.sparse.splice(space.sparse.indexOf(known), 1);
  }

  /** An object that stands for memory of that size and page size, whose place is not known. */
  #memory(page: number, size: bigint, vmm: Vmm | undefined): string {
    const flags = vmm?.pages.find(({ shift }) => shift === page)?.flags ?? PAGE.vram;
    const vram = (flags & PAGE.vram) !== 0;
    const key = `${vram} ${page} ${size}`;
    const known = this.#memories.get(key);
    if (known !== undefined) return known;
    const id = `assumed${this.#memories.size}`;
    const base = 1n << 32n;
    const layout: MemOperation['layout'] = vram
      ? { kind: 'extents', page, type: 1, pieces: [[base, size]] }
      : { kind: 'dmaRange', addr: base, pages: Number(size >> 12n) };
    this.#do({ op: 'mem', line: 0, id, target: vram ? 'vram' : 'host', layout });
    this.#memories.set(key, id);
    return id;
  }
}
