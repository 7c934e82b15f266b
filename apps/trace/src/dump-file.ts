import { closeSync, openSync, readSync } from 'node:fs';
import { findChip } from '@nvmmu/script';
import {
  DumpError,
  ExtractorError,
  MemoryImage,
  parseDump,
  readExtractorTree,
  type Chip,
  type Root,
} from '@nvmmu/vmm-core';
import { DumpHeaderReader, type DumpHeader } from './dump-header.js';
import { imageOfTree } from './extractor-image.js';
import { Failure } from './failure.js';
import { formatOf } from './formats.js';
import { fileFailure, inputName } from './input.js';

/** Memory out of a text dump. */
export interface Dump {
  readonly image: MemoryImage;
  readonly header: DumpHeader;
  /** Whether it is a tree with parts left out. */
  readonly elided?: boolean;
}

/** How to read left-out lines. */
export type Elided = 'repeat' | 'zero';

const CHUNK = 1 << 18;
/** A dump with a longer line is none. */
const MAX_LINE = 1 << 20;

/** The lines of a file, one at a time and without reading ahead much. */
function* linesOf(path: string): Generator<string, void, undefined> {
  const file = path === '-' ? 0 : openSync(path, 'r');
  try {
    const decoder = new TextDecoder('latin1');
    const chunk = new Uint8Array(CHUNK);
    let rest = '';
    for (;;) {
      const count = readSync(file, chunk, 0, CHUNK, null);
      if (count === 0) break;
      const lines = (rest + decoder.decode(chunk.subarray(0, count))).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (rest.length > MAX_LINE) throw new Failure(`no text dump: a line of over ${MAX_LINE} bytes`);
    }
    if (rest !== '') yield rest;
  } finally {
    if (path !== '-') closeSync(file);
  }
}

/** First line of a tree as the published extractor prints it. */
const TREE = /^\s*PD\d?@0x[0-9a-f]+\s*$/i;

/**
 * Reads a text dump: ours, that of a peek tool, or a tree of the published extractor.
 *
 * @param chip - Chip whose tables a tree shows; by default the depth of the tree tells.
 * @throws Failure for a file that can't be read or a line that can't be understood.
 */
export function readDump(path: string, elided: Elided = 'repeat', chip?: Chip): Dump {
  const reader = new DumpHeaderReader();
  const lines = linesOf(path);
  // The first line that says something tells a tree from a dump.
  const first: string[] = [];
  function* watched(): Generator<string> {
    for (const line of first) {
      reader.line(line);
      yield line;
    }
    for (const line of lines) {
      reader.line(line);
      yield line;
    }
  }
  try {
    for (;;) {
      const next = lines.next();
      if (next.done === true) break;
      first.push(next.value);
      if (next.value.trim() !== '') break;
    }
    if (TREE.test(first.at(-1) ?? '')) return readTree(watched(), chip);
    return { image: new MemoryImage(parseDump(watched(), { elided })), header: reader.header };
  } catch (error) {
    if (error instanceof Failure)
      throw new Failure(`${inputName(path)}: ${error.message}`, undefined, { cause: error });
    if (error instanceof DumpError || error instanceof ExtractorError || error instanceof RangeError) {
      throw new Failure(`${inputName(path)}: ${error.message}`, undefined, { cause: error });
    }
    throw fileFailure(path, error);
  }
}

function readTree(lines: Iterable<string>, asked: Chip | undefined): Dump {
  const tree = readExtractorTree(lines);
  // Five levels and two for pages in format 2, one more on top in format 3.
  const guess = tree.tables[0]?.level.toUpperCase() === 'PD3' ? 'gh100' : 'tu102';
  const chip = asked ?? findChip(guess);
  if (chip === undefined) throw new Failure('which chip is the tree of? Give --chip');
  const image = imageOfTree(tree, formatOf(chip));
  const root: Root = { kind: 'root', target: 'vram', addr: tree.root };
  return { image, header: { chip, spaces: [{ id: 'tree', root, bigPage: undefined }] }, elided: tree.elided };
}
