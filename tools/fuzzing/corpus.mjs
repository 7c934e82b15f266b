// The kept inputs of a target: `corpus/NAME.txt`, one input a line, as base64.

import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = new URL('corpus/', import.meta.url);
/** Most characters of a file of kept inputs; the longest inputs are left out. */
const MOST = 96 * 1024;

/** The kept inputs of a target. */
export function readCorpus(name) {
  const lines = readFileSync(new URL(`${name}.txt`, FOLDER), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => new Uint8Array(Buffer.from(line, 'base64')));
}

/** Keeps inputs, the shorter ones first, sorted so that a renewed corpus differs only where it has changed. */
export function writeCorpus(name, inputs) {
  const lines = [...new Set(inputs.map((input) => Buffer.from(input).toString('base64')))];
  lines.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  let room = MOST;
  const kept = lines.filter((line) => (room -= line.length + 1) >= 0);
  writeFileSync(new URL(`${name}.txt`, FOLDER), kept.map((line) => `${line}\n`).join(''));
}

/** Writes inputs into a folder, as the fuzzer wants them. */
export function unpack(inputs, folder) {
  mkdirSync(folder, { recursive: true });
  for (const input of inputs) writeFileSync(join(folder, createHash('sha1').update(input).digest('hex')), input);
}

/** The inputs in a folder. */
export function pack(folder) {
  return readdirSync(folder).map((name) => readFileSync(join(folder, name)));
}
