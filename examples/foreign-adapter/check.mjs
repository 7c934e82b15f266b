// Checks an implementation in any language: node check.mjs [--family NAME] [--chip NAME] PROGRAM [ARGUMENT…]
//
// The program speaks the conformance protocol on its standard input and output. Here is the part that a package without
// Node API leaves to its user: starting the program, and waiting for it no longer than is sensible.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { isPassed, readVectors, runForeign, VECTOR_FILES, vectorUrl } from '@nvmmu/conformance';

const PATIENCE = 10_000; // milliseconds for one answer

/** Starts a program; returns a channel to it, which gives up when an answer takes too long. */
function start(command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.on('error', () => undefined); // A program that went away shows by its missing answer.
  const failed = new Promise((_, reject) => child.on('error', reject));
  failed.catch(() => undefined);
  return {
    send: (line) => void child.stdin.write(`${line}\n`),
    async receive() {
      let timer;
      const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer in ${PATIENCE / 1000} s`)), PATIENCE);
      });
      try {
        const next = await Promise.race([lines.next(), late, failed]);
        return next.done ? undefined : next.value;
      } finally {
        clearTimeout(timer);
      }
    },
    stop() {
      child.stdin.end();
      child.kill();
    },
  };
}

/** Vectors of some chips, in the order of VECTOR_FILES. */
async function* vectors(chip) {
  for (const file of VECTOR_FILES) {
    if (chip === undefined || file.chip === chip) yield* readVectors(readFileSync(vectorUrl(file.chip)));
  }
}

const options = { family: { type: 'string' }, chip: { type: 'string' } };
const at = process.argv.findIndex((arg, i) => i > 1 && !arg.startsWith('--') && !process.argv[i - 1]?.startsWith('--'));
if (at < 0) {
  console.error('usage: node check.mjs [--family NAME] [--chip NAME] PROGRAM [ARGUMENT…]');
  process.exit(2);
}
const { values } = parseArgs({ args: process.argv.slice(2, at), options });
const channel = start(process.argv[at], process.argv.slice(at + 1));
try {
  const summary = await runForeign(vectors(values.chip), channel, {
    only: ({ family }) => values.family === undefined || family === values.family,
    onResult({ name }, outcome) {
      if (isPassed(outcome)) return;
      const { mismatch, error } = outcome;
      const [first] = mismatch?.differences ?? [];
      const where = mismatch === undefined ? String(error) : `operation ${mismatch.index}, ${mismatch.op ?? '?'}`;
      const what =
        first === undefined ? '' : `: ${first.field} is ${first.got ?? 'missing'}, not ${first.expected ?? 'there'}`;
      console.log(`${name}: ${where}${what}`);
    },
  });
  const { hello, passed, failed, declined } = summary;
  const omits = hello.omits.length > 0 ? `, without ${hello.omits.join(', ')}` : '';
  console.log(`${hello.name}${omits}: ${passed} passed, ${failed} failed, ${declined} declined`);
  process.exitCode = failed > 0 ? 1 : 0;
} catch (error) {
  console.error(error.message);
  process.exitCode = 2;
} finally {
  channel.stop();
}
