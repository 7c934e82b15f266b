import { closeSync, openSync, readSync } from 'node:fs';
import { DumpError, ExtractorError, MemoryImage, parseDump, type MemoryPiece } from '@nvmmu/vmm-core';
import { DumpHeaderReader, type DumpHeader } from './dump-header.js';
import { Failure } from './failure.js';
import { fileFailure, inputName } from './input.js';

/** Memory out of a text dump. */
export interface Dump {
  readonly image: MemoryImage;
  readonly header: DumpHeader;
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
      if (rest.length > MAX_LINE)
        throw new Failure(`${inputName(path)}: no text dump: a line of over ${MAX_LINE} bytes`);
    }
    if (rest !== '') yield rest;
  } finally {
    if (path !== '-') closeSync(file);
  }
}

/**
 * Reads a text dump, ours or that of a peek tool.
 *
 * @throws Failure for a file that can't be read or a line that can't be understood.
 */
export function readDump(path: string, elided: Elided = 'repeat'): Dump {
  const reader = new DumpHeaderReader();
  function* watched(): Generator<string> {
    for (const line of linesOf(path)) {
      reader.line(line);
      yield line;
    }
  }
  try {
    const pieces: MemoryPiece[] = parseDump(watched(), { elided });
    return { image: new MemoryImage(pieces), header: reader.header };
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (error instanceof DumpError || error instanceof ExtractorError || error instanceof RangeError) {
      throw new Failure(`${inputName(path)}: ${error.message}`, undefined, { cause: error });
    }
    throw fileFailure(path, error);
  }
}
