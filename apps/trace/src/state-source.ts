import type { ScriptRunner, ScriptSpace } from '@nvmmu/script';
import {
  MemoryImage,
  listTree,
  readInstance,
  scanRoots,
  TableTotals,
  type Chip,
  type InstanceResult,
  type MemoryReader,
  type MemoryTarget,
  type MmuFormat,
  type Root,
  type RootCandidate,
} from '@nvmmu/vmm-core';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseNumber } from './addresses.js';
import { readDump, type Elided } from './dump-file.js';
import type { DumpHeader, DumpedSpace } from './dump-header.js';
import { Failure } from './failure.js';
import { FileMemory, JoinedMemory } from './file-memory.js';
import { bigPageOption, formatOf, type BigPage } from './formats.js';
import { chipOption } from './options.js';
import { runScript, spaceOf, type ScriptRun } from './script-state.js';
import { rootOf } from './tables.js';
import { formatHex } from './values.js';

// The one way in which commands come by an address space: from a script, a text dump, or raw images.

/** A raw image: `FILE@BASE`, `FILE@BASE:APERTURE`; a text dump when it has no base. */
export interface ImageArgument {
  readonly path: string;
  readonly base: number | undefined;
  readonly target: MemoryTarget | undefined;
}

/** An address in a memory, `ADDR` or `ADDR:APERTURE`, or the name of an instance block of a script. */
export interface PlaceArgument {
  readonly text: string;
  readonly addr: bigint | undefined;
  readonly target: MemoryTarget | undefined;
}

/** What {@link stateOptions} read. */
export interface StateFlags {
  readonly script?: string;
  readonly at?: number;
  readonly dump?: string;
  readonly elided?: Elided;
  readonly image?: readonly ImageArgument[];
  readonly chip?: Chip;
  readonly bigPage?: BigPage;
  readonly inst?: PlaceArgument;
  readonly subcontext?: number;
  readonly pdb?: PlaceArgument;
  readonly vmm?: string;
}

/** An address space, from wherever it came. */
export interface State {
  /** What it is, for messages and headings. */
  readonly title: string;
  /** How to read its tables. */
  readonly format: MmuFormat;
  readonly reader: MemoryReader;
  readonly root: InstanceResult;
  /** The script behind it. */
  readonly runner?: ScriptRunner;
  readonly space?: ScriptSpace;
}

const TARGETS: readonly MemoryTarget[] = ['vram', 'host', 'ncoh'];

function parseTarget(text: string): MemoryTarget {
  const found = TARGETS.find((target) => target === text);
  if (found === undefined) throw new InvalidArgumentError(`"${text}" is no aperture: ${TARGETS.join(', ')}.`);
  return found;
}

/** Reads `FILE@BASE[:APERTURE]`, and adds it to those before it. */
export function parseImage(text: string, before: readonly ImageArgument[] = []): ImageArgument[] {
  const at = text.lastIndexOf('@');
  if (at < 0) return [...before, { path: text, base: undefined, target: undefined }];
  const [, digits = '', target] = /^([^:]*)(?::(.*))?$/.exec(text.slice(at + 1)) ?? [];
  const base = parseNumber(digits, 52);
  if (base === undefined || base % 4n !== 0n) {
    throw new InvalidArgumentError(
      `The base in "${text}" is not a multiple of 4, such as ${text.slice(0, at)}@0x100000.`,
    );
  }
  return [
    ...before,
    { path: text.slice(0, at), base: Number(base), target: target === undefined ? undefined : parseTarget(target) },
  ];
}

function parsePlace(text: string): PlaceArgument {
  const [, digits = '', target] = /^(.*?)(?::(vram|host|ncoh))?$/.exec(text) ?? [];
  const addr = parseNumber(digits, 57);
  return { text, addr, target: target === undefined ? undefined : parseTarget(target) };
}

function parseOrdinal(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 0.');
  return Number(text);
}

/** Options that say where memory comes from. */
export function memoryOptions(): Option[] {
  return [
    new Option('--script <file>', 'the state after a script; - is standard input'),
    new Option('--at <n>', 'the state after operation n of the script').argParser(parseOrdinal),
    new Option(
      '--dump <file>',
      'a text dump: what run --dump writes, ADDRESS: WORD… lines of a peek tool, or a printed tree (PD3@0x…)',
    ),
    new Option('--elided <how>', 'what "..." in a dump stands for: the line before (repeat), or zeros').choices([
      'repeat',
      'zero',
    ]),
    new Option(
      '--image <file@base>',
      'raw memory, little-endian: FILE@BASE or FILE@BASE:APERTURE; may be repeated',
    ).argParser((text: string, before: ImageArgument[] | undefined) => parseImage(text, before)),
  ];
}

/** Options that say which address space, and from what. */
export function stateOptions(
  chip: Option = chipOption('chip whose tables these are (a script: run it on that chip)'),
): Option[] {
  return [
    ...memoryOptions(),
    chip,
    bigPageOption(),
    new Option('--inst <addr>', 'instance block: ADDR, ADDR:APERTURE, or its id in the script').argParser(parsePlace),
    new Option('--subcontext <n>', 'directory of that subcontext of the instance block, on Volta and later').argParser(
      parseOrdinal,
    ),
    new Option('--pdb <addr>', 'page directory: ADDR or ADDR:APERTURE').argParser(parsePlace),
    new Option('--vmm <id>', 'address space of a script, or of a dump that names several'),
  ];
}

/** Adds {@link stateOptions}. */
export function withStateOptions(command: Command): Command {
  for (const option of stateOptions()) command.addOption(option);
  return command;
}

/** Help text on {@link stateOptions}. */
export const STATE_HELP = `
Where the tables come from: one of --script, --dump and --image (any number of images). A script knows its chip and its
page directory, and so does what "run --dump" wrote. For other memory name the chip, and the instance block (--inst) or
the page directory (--pdb); without either the likeliest directory is looked for.`;

/**
 * Opens the address space that the options name.
 *
 * @param note - Told what was assumed.
 * @param hooks - Called around each operation of a script.
 * @throws Failure when they don't name one, or it is not there.
 */
export async function openState(
  flags: StateFlags,
  note: (text: string) => void = noteOnError,
  hooks: Pick<ScriptRun, 'beforeStep' | 'onStep'> = {},
): Promise<State> {
  checkSources(flags);
  if (flags.script !== undefined) return fromScript(flags.script, flags, hooks);
  return fromMemory(flags, note);
}

function noteOnError(text: string): void {
  process.stderr.write(`nvmmu-trace: ${text}\n`);
}

function checkSources({ script, at, dump, image, inst, pdb, subcontext, bigPage }: StateFlags): void {
  const sources = [script, dump, image].filter((source) => source !== undefined).length;
  if (sources === 0) throw new Failure('where are the tables? Give --script FILE, --dump FILE or --image FILE@BASE');
  if (sources > 1) throw new Failure('give one of --script, --dump and --image, not several');
  if (at !== undefined && script === undefined) throw new Failure('--at is about a --script');
  if (inst !== undefined && pdb !== undefined) throw new Failure('give --inst or --pdb, not both');
  if (subcontext !== undefined && inst === undefined)
    throw new Failure('--subcontext is about an instance block: give --inst');
  if (script !== undefined && bigPage !== undefined)
    throw new Failure('a script says itself how large big pages are: leave out --big-page');
}

async function fromScript(
  path: string,
  flags: StateFlags,
  hooks: Pick<ScriptRun, 'beforeStep' | 'onStep'>,
): Promise<State> {
  const { at, chip, vmm, inst, pdb, subcontext } = flags;
  const runner = await runScript(path, { at, chip, ...hooks });
  const image = new MemoryImage(runner.provider?.allocations());
  const space = spaceOf(runner, vmm);
  const { format } = space.vmm.state.template;
  const title = `${space.id} on ${format.chip}`;
  const block = inst === undefined ? undefined : (runner.instances.get(inst.text) ?? placeIn(inst, '--inst', image));
  if (block !== undefined) {
    const at = { target: block.target, addr: BigInt(block.addr) };
    return { title, format, reader: image, root: instanceRoot(format, image, at, subcontext), runner, space };
  }
  if (pdb !== undefined) {
    const root: Root = { kind: 'root', ...placeIn(pdb, '--pdb', image) };
    return { title, format, reader: image, root, runner, space };
  }
  const root = rootOf(space, image);
  if (root === undefined) {
    throw new Failure(`the page directory of ${space.id} lives in instance blocks, and none is joined there`);
  }
  return { title, format, reader: image, root, runner, space };
}

function fromMemory(flags: StateFlags, note: (text: string) => void): State {
  const { inst, pdb, subcontext, vmm } = flags;
  const { reader, header, image } = openMemory(flags, note);
  const named = inst === undefined && pdb === undefined ? dumpedSpace(header, vmm) : undefined;
  const chip = flags.chip ?? header?.chip;
  if (chip === undefined) throw new Failure('which chip are these tables of? Give --chip');
  // A dump that names several spaces may have several sizes; a directory named by hand is looked up among them.
  const known = named ?? header?.spaces.find(({ root }) => root.addr === pdb?.addr);
  const bigPage = flags.bigPage ?? (header?.chip === chip ? known?.bigPage : undefined);
  const format = formatOf(chip, bigPage);
  const title = `${named === undefined ? '' : `${named.id} on `}${chip.name}`;
  if (inst !== undefined) {
    return { title, format, reader, root: instanceRoot(format, reader, placeIn(inst, '--inst', reader), subcontext) };
  }
  if (pdb !== undefined) return { title, format, reader, root: { kind: 'root', ...placeIn(pdb, '--pdb', reader) } };
  if (named !== undefined) return { title, format, reader, root: named.root };
  return { title, format, reader, root: guessRoot(format, image(), note) };
}

/** The address space of a dump's own header. */
function dumpedSpace(header: DumpHeader | undefined, id: string | undefined): DumpedSpace | undefined {
  if (id === undefined) return header?.spaces.at(-1);
  const found = header?.spaces.find((space) => space.id === id);
  if (found === undefined) {
    const names = header?.spaces.map((space) => space.id).join(', ') ?? '';
    throw new Failure(
      `the dump names no address space "${id}"${names === '' ? '' : `, only ${names}`}: give --inst or --pdb`,
    );
  }
  return found;
}

/** Memory without an address space in it yet. */
export interface OpenMemory {
  readonly reader: MemoryReader;
  readonly header: DumpHeader | undefined;
  /** All of it in memory, for searches. */
  readonly image: () => MemoryImage;
}

/** Largest image that is searched for a directory without being asked to. */
const SEARCH_LIMIT = 2 ** 28;
const PIECE_BYTES = 2 ** 28;

/**
 * Opens a dump or images.
 *
 * @throws Failure for what can't be read, and images that overlap.
 */
export function openMemory(
  { dump, image: images = [], elided, chip }: StateFlags,
  note: (text: string) => void = noteOnError,
): OpenMemory {
  if (dump !== undefined) {
    const { image, header, elided: partial } = readDump(dump, elided, chip);
    if (partial === true) note('parts of the tree are left out (...): what is not in it may be mapped all the same');
    return { reader: image, header, image: () => image };
  }
  const files: FileMemory[] = [];
  const texts = new MemoryImage();
  let header: DumpHeader | undefined;
  for (const { path, base, target } of images) {
    if (base !== undefined) {
      files.push(new FileMemory(path, base, target));
      continue;
    }
    const read = readTextImage(path, elided, chip);
    header ??= read.header;
    for (const piece of read.image.pieces()) texts.add(piece);
  }
  checkOverlap(files);
  const image = (): MemoryImage => {
    const all = new MemoryImage(texts.pieces());
    for (const file of files) for (const piece of file.pieces(PIECE_BYTES)) all.add(piece);
    return all;
  };
  return { reader: new JoinedMemory([texts, ...files]), header, image };
}

function readTextImage(path: string, elided: Elided | undefined, chip: Chip | undefined): ReturnType<typeof readDump> {
  try {
    return readDump(path, elided, chip);
  } catch (error) {
    if (error instanceof Failure && /line \d+|no text dump/.test(error.message)) {
      throw new Failure(`${error.message}; if it is raw memory, say where it starts: --image ${path}@0x0`, undefined, {
        cause: error,
      });
    }
    throw error;
  }
}

function checkOverlap(files: readonly FileMemory[]): void {
  for (const [i, a] of files.entries()) {
    for (const b of files.slice(i + 1)) {
      if (a.target !== undefined && b.target !== undefined && a.target !== b.target) continue;
      if (a.base < b.base + b.size && b.base < a.base + a.size) {
        throw new Failure(`${a.path} from ${formatHex(a.base)} and ${b.path} from ${formatHex(b.base)} overlap`);
      }
    }
  }
}

/** Where an argument points; without an aperture where there is memory at that address. */
function placeIn(
  { text, addr, target }: PlaceArgument,
  option: string,
  reader: MemoryReader,
): { target: MemoryTarget; addr: bigint } {
  if (addr === undefined) throw new Failure(`${option} "${text}" is not an address such as 0x100000 or 0x100000:host`);
  if (target !== undefined) return { target, addr };
  const there = TARGETS.find((candidate) => reader.read32(candidate, Number(addr & ~3n)) !== undefined);
  if (there === undefined) throw new Failure(`there is no memory at ${formatHex(addr)} (${option})`);
  return { target: there, addr };
}

function instanceRoot(
  format: MmuFormat,
  reader: MemoryReader,
  at: { readonly target: MemoryTarget; readonly addr: bigint },
  subcontext: number | undefined,
): InstanceResult {
  try {
    return readInstance(format, reader, at, subcontext);
  } catch (error) {
    if (error instanceof RangeError) throw new Failure(error.message, undefined, { cause: error });
    throw error;
  }
}

function tablesBehind({ format, root }: RootCandidate, image: MemoryImage): number {
  const totals = new TableTotals();
  for (const _node of listTree(format, image, root, { totals, kinds: [], maxEntries: 2 ** 18, maxRepeats: 0 }));
  return totals.tables.reduce((sum, { tables }) => sum + tables, 0);
}

/** Takes the likeliest start of an address space. */
function guessRoot(format: MmuFormat, image: MemoryImage, note: (text: string) => void): Root {
  let bytes = 0;
  for (const { words } of image.pieces()) bytes += 4 * words.length;
  if (bytes > SEARCH_LIMIT) {
    throw new Failure('where is the page directory? Give --inst or --pdb, or look for it: nvmmu-trace roots --image …');
  }
  // Of those that look alike, the one with the most behind it.
  const found = scanRoots(image, [format], { limit: 16 }).map((candidate) => ({
    candidate,
    weight: candidate.score * tablesBehind(candidate, image),
  }));
  const best = found.sort((a, b) => b.weight - a.weight)[0]?.candidate;
  if (best === undefined) {
    throw new Failure(`nothing in there looks like a page directory of ${format.chip}: give --inst or --pdb`);
  }
  const what = best.kind === 'instance' ? 'the instance block' : 'the page directory';
  note(
    `neither --inst nor --pdb: taking ${what} at ${formatHex(best.addr)}, score ${best.score.toFixed(2)} (see "nvmmu-trace roots")`,
  );
  return { ...best.root, format: best.root.format ?? best.format };
}

/**
 * The directory of a state, for listings.
 *
 * @throws Failure when its instance block names none.
 */
export function directoryOf({ root, title }: State): Root {
  if (root.kind === 'root') return root;
  if (root.kind === 'unbound') throw new Failure(`${title}: the instance block names no page directory: ${root.why}`);
  throw new Failure(`${title}: there is no memory at ${formatHex(root.addr)}, where the instance block should be`);
}
