import type { MemoryTarget } from '@nvmmu/ptcache';
import type { Aperture } from './entry.js';
import { wordsToBigInt } from './fields.js';
import type { FaultCause, InstanceResult, LevelFormat, MmuFormat } from './format.js';
import type { MemoryReader } from './reader.js';
import { Walker } from './walker.js';

/** One entry that a walk read. */
export interface WalkStep {
  /** Name of the level. */
  readonly level: string;
  /** Where the table lives. */
  readonly target: MemoryTarget;
  readonly tableAddr: bigint;
  readonly index: number;
  readonly entryAddr: bigint;
  /** The entry's 32-bit words, lowest first. */
  readonly words: readonly number[];
  /** The entry as one number. */
  readonly value: bigint;
}

/** An address that is mapped. */
export interface WalkMapped {
  readonly kind: 'mapped';
  /** Physical address of the byte. */
  readonly addr: bigint;
  readonly aperture: Aperture;
  /** Number of the aperture in the entry. */
  readonly apertureCode: number;
  /** Number of the peer device; 0 for other apertures. */
  readonly peer: number;
  /** log2 of the page size. */
  readonly shift: number;
  readonly ro: boolean;
  readonly priv: boolean;
  readonly vol: boolean;
  readonly noAtomics: boolean;
  readonly storageKind: number;
  /** Compression tag line of the page, half lines as .5; 0 when there is none. */
  readonly tag: number;
  readonly level: string;
  readonly entryAddr: bigint;
}

/** An address whose access faults. */
export interface WalkFault {
  readonly kind: 'fault';
  readonly cause: FaultCause;
  /** Number and name of the reason as the chip reports it; `undefined` and the cause where it has none. */
  readonly reason: number | undefined;
  readonly name: string;
  /** log2 of the range that the deciding entry covers: nothing in it is mapped. For `limit` and `unbound` all. */
  readonly shift: number;
  /** Level, address and value of the deciding entry; absent if none was read. */
  readonly level?: string;
  readonly entryAddr?: bigint;
  readonly value?: bigint;
}

/** What the hardware makes of one address. */
export type WalkAnswer =
  | WalkMapped
  | WalkFault
  /** Reads give zero, writes are dropped. `shift` is the log2 of the sparse range. */
  | { readonly kind: 'sparse'; readonly level: string; readonly shift: number; readonly entryAddr: bigint }
  /** Accesses go nowhere (format 3). */
  | { readonly kind: 'nowhere'; readonly level: string; readonly shift: number; readonly entryAddr: bigint }
  /** The entry says something that the hardware does not define. */
  | {
      readonly kind: 'malformed';
      readonly level: string;
      readonly shift: number;
      readonly entryAddr: bigint;
      readonly why: string;
    }
  /** The reader does not have the memory that holds the entry (or, before any level, the instance block). */
  | {
      readonly kind: 'unreadable';
      readonly level: string | undefined;
      readonly target?: MemoryTarget;
      readonly entryAddr: bigint;
    };

/** A {@link WalkAnswer} with how it came about. */
export type WalkResult = WalkAnswer & {
  readonly va: bigint;
  /** The entries that were read, from the top. */
  readonly steps: readonly WalkStep[];
};

/** What kind of access to check after a successful lookup. */
export interface Access {
  readonly write?: boolean;
  /** An atomic operation, which is a write too. */
  readonly atomic?: boolean;
  /** Whether the request may use privileged pages. */
  readonly privileged?: boolean;
}

/** Options of {@link walk}. */
export interface WalkOptions {
  /** Check whether this access is allowed; without it nothing is checked. */
  readonly access?: Access;
}

/**
 * Translates one address as the hardware does.
 * `va` is the address of a byte. On formats with canonical addresses, all bits above the width may repeat the highest.
 *
 * @throws RangeError when `va` is negative or needs more than 64 bits, or the root is no possible address.
 */
export function walk(
  format: MmuFormat,
  reader: MemoryReader,
  root: InstanceResult,
  va: bigint,
  options: WalkOptions = {},
): WalkResult {
  if (va < 0n || va >= 1n << 64n) throw new RangeError(`address ${String(va)} is not from 0 to 2^64 - 1`);
  if (root.kind === 'unbound') return { ...faultAnswer(format, 'unbound', 64), va, steps: [] };
  if (root.kind === 'unreadable') {
    return { kind: 'unreadable', level: undefined, entryAddr: root.addr, va, steps: [] };
  }
  return walkWith(new Walker(format, reader, root), va, options);
}

/** As {@link walk}, with a walker that serves many addresses. */
function walkWith(walker: Walker, va: bigint, options: WalkOptions): WalkResult {
  const format = walker.format;
  const inside = canonical(format, va);
  if (inside === undefined) {
    const cause = format.reasons.limit === undefined ? 'pde' : 'limit';
    return { ...faultAnswer(format, cause, format.vaBits), va, steps: [] };
  }
  walker.lookup(Number(inside >> 12n) * 0x1000);
  const steps = readSteps(walker);
  const answer = readAnswer(walker, inside & 0xfffn, steps.at(-1));
  const refusal =
    answer.kind === 'mapped' && options.access !== undefined ? checkAccess(format, answer, options.access) : undefined;
  if (refusal === undefined || answer.kind !== 'mapped') return { ...answer, va, steps };
  const { level, entryAddr, shift } = answer;
  const value = steps.find((step) => step.entryAddr === entryAddr)?.value;
  return {
    ...faultAnswer(format, refusal, shift),
    level,
    entryAddr,
    ...(value === undefined ? {} : { value }),
    va,
    steps,
  };
}

/** The address without repeated sign bits, or `undefined` when it is out of the address space. */
function canonical(format: MmuFormat, va: bigint): bigint | undefined {
  const bits = BigInt(format.vaBits);
  if (va >> bits === 0n) return va;
  const ones = (1n << (65n - bits)) - 1n;
  return format.signExtended && va >> (bits - 1n) === ones ? BigInt.asUintN(format.vaBits, va) : undefined;
}

function faultAnswer(format: MmuFormat, cause: FaultCause, shift: number): WalkFault {
  const reason = format.reasons[cause];
  return { kind: 'fault', cause, reason: reason?.number, name: reason?.name ?? cause, shift };
}

function readSteps(walker: Walker): WalkStep[] {
  const steps: WalkStep[] = [];
  // An entry that could not be read is no step: it has no words.
  const count = walker.outcome === 'unreadable' ? walker.steps - 1 : walker.steps;
  for (let i = 0; i < count; i++) {
    const level = walker.format.levels[walker.stepLevels[i] as number] as LevelFormat;
    const words = Array.from(walker.stepWords.subarray(4 * i, 4 * i + level.entryBytes / 4));
    const index = walker.stepIndices[i] as number;
    const tableAddr = BigInt(walker.stepTables[i] as number);
    steps.push({
      level: level.name,
      target: walker.stepTargets[i] as MemoryTarget,
      tableAddr,
      index,
      entryAddr: tableAddr + BigInt(index * level.entryBytes),
      words,
      value: wordsToBigInt(words),
    });
  }
  return steps;
}

function readAnswer(walker: Walker, offset: bigint, last: WalkStep | undefined): WalkAnswer {
  const { shift } = walker;
  const level = walker.format.levels[walker.level]?.name;
  const entryAddr = BigInt(walker.entryAddr);
  switch (walker.outcome) {
    case 'mapped': {
      const { aperture, apertureCode, peer, ro, priv, vol, noAtomics, kind } = walker.page;
      return {
        kind: 'mapped',
        addr: BigInt(walker.addr) + offset,
        aperture,
        apertureCode,
        peer: aperture === 'peer' ? peer : 0,
        shift,
        ro,
        priv,
        vol,
        noAtomics,
        storageKind: kind,
        tag: walker.tag,
        level: level ?? '',
        entryAddr,
      };
    }
    case 'sparse':
    case 'nowhere':
      return { kind: walker.outcome, level: level ?? '', shift, entryAddr };
    case 'malformed':
      return { kind: 'malformed', level: level ?? '', shift, entryAddr, why: walker.problem };
    case 'unreadable': {
      const target = walker.stepTargets[walker.steps - 1];
      return { kind: 'unreadable', level, entryAddr, ...(target === undefined ? {} : { target }) };
    }
    case 'fault': {
      const fault = faultAnswer(walker.format, walker.cause, shift);
      if (level === undefined || last === undefined) return fault;
      return { ...fault, level, entryAddr, value: last.value };
    }
  }
}

/**
 * Whether an access to a mapped page is refused. The order of the checks is not documented anywhere; the hardware
 * reports only one cause.
 *
 * @returns The cause, or `undefined` when it is allowed.
 */
export function checkAccess(format: MmuFormat, page: WalkMapped, access: Access): FaultCause | undefined {
  if (page.priv && access.privileged !== true) return 'priv';
  if (page.ro && (access.write === true || access.atomic === true)) return 'ro';
  if (page.noAtomics && access.atomic === true) return 'atomic';
  if (page.apertureCode >= 2 && format.isCompressedKind?.(page.storageKind) === true) return 'aperture';
  if (format.isValidKind?.(page.storageKind) === false) return 'kind';
  return undefined;
}

/**
 * Reads an instance block.
 * With `subcontext` the directory of that subcontext (Volta and later) is used, not that of the block
 * itself.
 *
 * @throws RangeError when the chip has no such subcontext.
 */
export function readInstance(
  format: MmuFormat,
  reader: MemoryReader,
  inst: { readonly target: MemoryTarget; readonly addr: bigint },
  subcontext?: number,
): InstanceResult {
  const { subcontexts } = format.instance;
  if (subcontext !== undefined && !(Number.isInteger(subcontext) && subcontext >= 0 && subcontext < subcontexts)) {
    throw new RangeError(`subcontext ${String(subcontext)} of a ${format.chip}, which has ${subcontexts}`);
  }
  const base = Number(inst.addr);
  return format.instance.decode(
    inst,
    (offset) => (Number.isSafeInteger(base) ? reader.read32(inst.target, base + offset) : undefined),
    subcontext,
  );
}
