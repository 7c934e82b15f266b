// The oracles as targets of a fuzzer: what they make of a string of bytes.

import { MemoryImage, type MmuFormat } from '@nvmmu/vmm-core';
import {
  FORMATS,
  IMAGE_BASE,
  listImage,
  readDump,
  readLog,
  readLogInPieces,
  readScript,
  readTree,
  runScript,
  scanImage,
  walkImage,
} from './oracles.js';

/** Reads an input, and throws if a reader does what it must not. */
export type FuzzTarget = (input: Uint8Array) => void;

const text = new TextDecoder('utf-8');

/** Bytes of an image of page tables. */
const IMAGE_BYTES = 0x1_0000;
/** Bytes before the entries of such an input: the chip, and a virtual address. */
const HEAD = 9;
/** Bytes for one entry: its place in eights of bytes, and its value. */
const RECORD = 10;

/** The page tables that an input stands for: entries, each with its place, in memory that is zero otherwise. */
function tables(input: Uint8Array): { format: MmuFormat; image: MemoryImage; va: bigint } {
  const bytes = new Uint8Array(Math.max(HEAD, input.length));
  bytes.set(input);
  const view = new DataView(bytes.buffer);
  const words = new Uint32Array(IMAGE_BYTES / 4);
  for (let at = HEAD; at + RECORD <= bytes.length; at += RECORD) {
    const slot = view.getUint16(at, true) % (IMAGE_BYTES / 8);
    words[2 * slot] = view.getUint32(at + 2, true);
    words[2 * slot + 1] = view.getUint32(at + 6, true);
  }
  const format = FORMATS[view.getUint8(0) % FORMATS.length] as MmuFormat;
  return {
    format,
    image: new MemoryImage([{ addr: IMAGE_BASE, target: undefined, words }]),
    va: view.getBigUint64(1, true),
  };
}

/** The targets by name. */
export const TARGETS: Readonly<Record<string, FuzzTarget>> = {
  script: (input) => {
    readScript(text.decode(input));
  },
  run: (input) => {
    runScript(text.decode(input));
  },
  log: (input) => {
    readLog(text.decode(input));
    readLogInPieces(input, [1 + (input[0] ?? 0), 1 + ((input[1] ?? 0) % 50)]);
  },
  dump: (input) => {
    readDump(text.decode(input));
  },
  tree: (input) => {
    readTree(text.decode(input));
  },
  walk: (input) => {
    const { format, image, va } = tables(input);
    walkImage(format, image, va);
  },
  ranges: (input) => {
    const { format, image } = tables(input);
    listImage(format, image);
    scanImage(format, image);
  },
};
