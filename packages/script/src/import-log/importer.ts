import type { Chip } from '@nvmmu/vmm-core';
import type { Attempt, ImportedScript } from './attempt.js';
import { Choices, type Choice } from './choices.js';
import type { Evidence } from './evidence.js';
import { suitsWalk, type Family, type Placed } from './family.js';
import { doGet, evidenceFor, getOperation, planGet } from './gets.js';
import type { GetItem, LogItem, LogLine } from './log-lines.js';
import { readFramesRefusal, readLookup, readMapRefusal, readPageRefusal, readUnmapped } from './refusals.js';
import { Session, type Space } from './session.js';
import type { Stream } from './stream.js';
import { levelsOf, survey, type Survey } from './survey.js';
import { likeliestStart } from './starts.js';
import { readWalk } from './walks.js';

/** Where host memory that stands for video memory begins, on boards that have none; the log does not tell. */
const STOLEN = 0x80000000n;

/** One pass over the lines of a log, with certain decisions. It serves once. */
export class Importer {
  readonly #session: Session;
  readonly #lines: readonly LogLine[];
  readonly #families = new Map<string, Family>();
  readonly #surveys: Map<string, Survey>;
  readonly #streams: readonly Stream[];
  #gets = 0;

  /** Makes ready for one pass; streams and surveys serve all of them. */
  constructor(
    chip: Chip,
    lines: readonly LogLine[],
    streams: readonly Stream[],
    surveys: Map<string, Survey>,
    given: ReadonlyMap<string, Choice>,
  ) {
    this.#session = new Session(chip, new Choices(given));
    this.#lines = lines;
    this.#streams = streams;
    this.#surveys = surveys;
  }

  /** Reads all lines. */
  run(): Attempt {
    for (const stream of this.#streams) {
      stream.at = 0;
      this.#families.set(stream.name, { stream, survey: this.#survey(stream), spaces: [], hasFull: false });
    }
    this.#makeDevice();
    for (const family of this.#families.values()) this.#makeSpace(family, family.survey);
    const seen = new Map<Stream, number>();
    for (const line of this.#lines) {
      const family = this.#families.get(line.space);
      if (family === undefined) continue;
      const { stream } = family;
      const index = seen.get(stream) ?? 0;
      seen.set(stream, index + 1);
      // Lines that an operation has given already are read.
      if (index < stream.at) continue;
      this.#read(family, line);
      if (stream.at === index) stream.at++;
    }
    const { choices, reproduced, extra } = this.#session;
    return { script: this.#finish(), choices, score: reproduced - extra };
  }

  #finish(): ImportedScript {
    const session = this.#session;
    if (session.assumed > 0) {
      session.note(
        0,
        `${session.assumed} maps: where the memory is, its kind and flags are not in the log; "assumed…" stand for it`,
      );
    }
    if (session.unplaced > 0)
      session.note(
        0,
        `${session.unplaced} allocations: where they lie is not in the log; the next free place is assumed`,
      );
    if (session.inferred > 0)
      session.note(0, `${session.inferred} frees left no line: inferred from where others came to lie`);
    return {
      operations: session.operations,
      notes: session.notes.sort((a, b) => a.line - b.line),
      lines: this.#lines.length,
      reproduced: session.reproduced,
      others: session.extra,
    };
  }

  #survey(stream: Stream): Survey {
    const { chip, choices } = this.#session;
    const { name, at } = stream;
    const isManaged = choices.is(`managed ${name}`, false);
    // Looking through all lines is dear, and gives the same every time.
    const key = `${name} ${at} ${isManaged}`;
    let found = this.#surveys.get(key);
    if (found === undefined) {
      found = survey(stream, chip, isManaged);
      if (found.starts.length > 1) found = { ...found, addr: likeliestStart(stream, found, chip) };
      this.#surveys.set(key, found);
    }
    const bound = (which: string, likely: bigint): bigint => {
      const given = choices.given.get(`${which} ${name}`);
      return typeof given === 'object' && 'addr' in given ? given.addr : likely;
    };
    if (found.type === 'unmanaged') return found;
    const addr = bound('window', found.addr);
    const end = bound('window end', found.addr + found.size);
    return end < addr ? found : { ...found, addr, size: end - addr };
  }

  get #takesBigPage(): boolean {
    return this.#session.chip.arguments.includes('bigPage');
  }

  #makeDevice(): void {
    const { chip } = this.#session;
    const bigPage = [...this.#families.values()].find((it) => it.survey.bigPage !== undefined)?.survey.bigPage;
    this.#session.do(
      {
        op: 'device',
        line: 0,
        chip: chip.name,
        ptTarget: undefined,
        ptBase: 0x100000n,
        fbPage: this.#takesBigPage ? 17 : (bigPage ?? 17),
        tags: 0,
        stolen: this.#isStolen() ? STOLEN : 0n,
      },
      undefined,
    );
  }

  /** Whether memory of the nv50 family that counts as video memory is host memory: only then can such a line be. */
  #isStolen(): boolean {
    return this.#lines.some(({ text }) => /^comp 3 0[2a]$/.test(text));
  }

  #makeSpace({ stream, spaces }: Family, found: Survey): Space | undefined {
    const session = this.#session;
    const first = stream.next?.number ?? 0;
    const { type, addr, size, bigPage } = found;
    const made = spaces.length;
    const id = made === 0 ? stream.name : `${stream.name}-${made}`;
    session.do(
      {
        op: 'vmm',
        line: 0,
        id,
        name: stream.name,
        type,
        addr,
        size,
        bigPage: this.#takesBigPage ? bigPage : undefined,
        replay: undefined,
      },
      undefined,
    );
    const vmm = session.replayer.space(id)?.vmm;
    if (vmm === undefined) {
      session.note(first, `address space "${stream.name}" could not be made`);
      return undefined;
    }
    const levels = levelsOf(vmm.pages);
    if (found.levels > levels)
      session.note(first, `the log has ${found.levels} levels of tables, ${session.chip.name} has ${levels}`);
    if (made > 0)
      session.note(
        first,
        `another address space "${stream.name}": the log does not tell them apart, what is whose is inferred`,
      );
    if (type !== 'unmanaged')
      session.note(first, `the window of the ${type} space "${stream.name}" is not in the log: assumed`);
    const space: Space = {
      id,
      vmm,
      stream,
      survey: found,
      allocations: new Map(),
      unseen: [],
      used: new Set(),
      sparse: [],
    };
    spaces.push(space);
    return space;
  }

  #read(family: Family, line: LogLine): void {
    const session = this.#session;
    const { what } = line;
    if (what.kind === 'get') {
      this.#get(family, what);
      return;
    }
    const space = this.#spaceFor(family, what);
    if (space === undefined) return;
    switch (what.kind) {
      case 'walk':
        readWalk(session, space, line, what);
        return;
      case 'lookup':
        readLookup(session, space, line);
        return;
      case 'unmapped':
        readUnmapped(session, space, line);
        return;
      case 'map refused':
        readMapRefusal(session, space, line);
        return;
      case 'frames refused':
        readFramesRefusal(session, space, line);
        return;
      case 'page refused':
        readPageRefusal(session, space, line);
        return;
      case 'get refused':
      case 'detail':
        session.note(line.number, `not reproduced: ${line.text.slice(0, 100)}`);
    }
  }

  /** The space that a line is of: of several that have the name, the one where it makes sense, the last used first. */
  #spaceFor(family: Family, what: LogItem): Space | undefined {
    const open = family.spaces.filter(({ vmm }) => !vmm.isClosed);
    if (open.length === 0) return this.#makeSpace(family, this.#survey(family.stream));
    const walk = what.kind === 'walk' ? what : undefined;
    const space = open.find((it) => walk === undefined || suitsWalk(it, walk)) ?? open[0];
    if (space !== undefined) this.#use(family, space);
    return space;
  }

  #use({ spaces }: Family, space: Space): void {
    spaces.splice(spaces.indexOf(space), 1);
    spaces.unshift(space);
  }

  #get(family: Family, get: GetItem): void {
    const session = this.#session;
    let best: Placed | undefined;
    for (const space of family.spaces.filter(({ vmm }) => !vmm.isClosed)) {
      const plan = planGet(session, space, get, evidenceFor(session, space, get));
      const isBetter =
        best === undefined ||
        (plan.possible && !best.plan.possible) ||
        (plan.possible && plan.freed.length < best.plan.freed.length);
      if (isBetter) best = { space, plan };
    }
    const line = family.stream.next?.number ?? 0;
    const other = session.choices.given.get(`space ${line}`);
    if (other !== undefined || best === undefined) {
      const addr = best?.plan.addr;
      const likely: Evidence = addr === undefined ? { kind: 'unknown' } : { kind: 'at', addr };
      best = this.#inOther(family, get, typeof other === 'object' ? other : likely);
    }
    if (best === undefined) return;
    this.#use(family, best.space);
    if (best.plan.refused === true) {
      this.#refuse(family, get, line);
      return;
    }
    doGet(session, best.space, get, `a${this.#gets++}`, best.plan);
  }

  /** An allocation that no space of that name which has been used before can have given: there is another one. */
  #inOther(family: Family, get: GetItem, evidence: Evidence): Placed | undefined {
    const session = this.#session;
    for (const space of family.spaces.filter(({ vmm }) => !vmm.isClosed)) {
      const plan = planGet(session, space, get, evidence);
      if (evidence.kind !== 'unknown' && plan.possible && plan.freed.length === 0) return { space, plan };
    }
    const found = this.#survey(family.stream);
    const addr = 'addr' in evidence ? evidence.addr : found.addr;
    const isFresh = found.addr === addr || evidence.kind === 'around';
    const space = this.#makeSpace(family, isFresh ? found : { ...found, addr });
    if (space === undefined) return undefined;
    const told = evidence.kind === 'unknown' ? evidenceFor(session, space, get) : evidence;
    return { space, plan: planGet(session, space, get, told) };
  }

  /**
   * A request that was refused without a word, as for lack of room. How much room there was is not in the log: a space
   * without any stands for it.
   */
  #refuse(family: Family, get: GetItem, line: number): void {
    const session = this.#session;
    const { stream } = family;
    const id = `${stream.name}-full`;
    if (!family.hasFull) {
      family.hasFull = true;
      const limit = family.spaces[0]?.vmm.state.addressBits ?? 0;
      const { bigPage } = family.survey;
      const options = { addr: 1n << BigInt(limit), size: 0n, replay: undefined };
      const big = this.#takesBigPage ? bigPage : undefined;
      session.do({ op: 'vmm', line: 0, id, name: stream.name, type: 'unmanaged', bigPage: big, ...options }, undefined);
      session.note(line, `refused for lack of room: how much there is is not in the log, "${id}" has none`);
    }
    session.do({ ...getOperation(id, `a${this.#gets++}`, get) }, stream);
  }
}
