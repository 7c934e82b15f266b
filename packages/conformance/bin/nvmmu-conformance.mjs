#!/usr/bin/env node
// Checks an implementation in any language: nvmmu-conformance [OPTION…] PROGRAM [ARGUMENT…]
//
// The program speaks the conformance protocol (FORMAT.md) on its standard input and output. Here is the part that a
// library without Node API leaves to its user: starting the program, and waiting for it no longer than is sensible.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { isPassed, readVectors, runForeign, VECTOR_FILES, vectorUrl } from '@nvmmu/conformance';

const HELP = `Usage: nvmmu-conformance [options] PROGRAM [ARGUMENT…]

Starts PROGRAM, which speaks the conformance protocol on its standard input and output, and holds it against recorded
results. FORMAT.md of @nvmmu/conformance describes both.

Options:
  --chip NAME         vectors of this chip only: ${VECTOR_FILES.map(({ chip }) => chip).join(' ')}
  --family NAME       vectors of this family only: handed defects random raw
  --only TEXT         vectors whose name contains TEXT only
  --patience SECONDS  how long to wait for one answer (default 10)
  --version           print the version
  --help              print this

Exit codes: 0 all passed, 1 some failed, 2 wrong usage or a program that does not keep to the protocol.

Examples:
  nvmmu-conformance --chip gp100 --family handed ./my-implementation
  nvmmu-conformance --only handed/basic node my-implementation.mjs
`;

const OPTIONS = {
  chip: { type: 'string' },
  family: { type: 'string' },
  only: { type: 'string' },
  patience: { type: 'string', default: '10' },
  version: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

/** Splits arguments into our options and the program with its own. */
function split(args) {
  let at = 0;
  while (args[at]?.startsWith('--')) {
    const [name, value] = args[at].slice(2).split('=');
    at += OPTIONS[name]?.type === 'string' && value === undefined ? 2 : 1;
  }
  return { own: args.slice(0, at), program: args[at], rest: args.slice(at + 1) };
}

/** Starts a program; returns a channel to it, which gives up when an answer takes too long. */
function start(command, args, patience) {
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
        timer = setTimeout(() => reject(new Error(`no answer in ${patience} s`)), patience * 1000);
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

/** Vectors of one chip or of all, in the order of VECTOR_FILES. */
async function* vectors(chip) {
  for (const file of VECTOR_FILES) {
    if (chip === undefined || file.chip === chip) yield* readVectors(readFileSync(vectorUrl(file.chip)));
  }
}

/** Prints where a vector fails first. */
function tell({ name }, outcome) {
  if (isPassed(outcome)) return;
  const { mismatch, error } = outcome;
  const [first] = mismatch?.differences ?? [];
  const where = mismatch === undefined ? String(error) : `operation ${mismatch.index}, ${mismatch.op ?? '?'}`;
  const what =
    first === undefined ? '' : `: ${first.field} is ${first.got ?? 'missing'}, not ${first.expected ?? 'there'}`;
  console.log(`${name}: ${where}${what}`);
}

function wrong(message) {
  console.error(`nvmmu-conformance: ${message}`);
  return 2;
}

async function main(args) {
  const { own, program, rest } = split(args);
  let values;
  try {
    ({ values } = parseArgs({ args: own, options: OPTIONS }));
  } catch (error) {
    return wrong(error.message.split('\n', 1)[0]);
  }
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.version) {
    console.log(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version);
    return 0;
  }
  const { chip, family, only } = values;
  const patience = Number(values.patience);
  if (!(patience > 0)) return wrong(`--patience ${values.patience} is no number of seconds`);
  if (chip !== undefined && !VECTOR_FILES.some((file) => file.chip === chip))
    return wrong(`there are no vectors for the chip "${chip}"; --help lists the chips`);
  if (program === undefined) return wrong('no program given; usage: nvmmu-conformance [options] PROGRAM [ARGUMENT…]');

  const channel = start(program, rest, patience);
  try {
    const { hello, passed, failed, declined } = await runForeign(vectors(chip), channel, {
      only: (vector) => (family ?? vector.family) === vector.family && vector.name.includes(only ?? ''),
      onResult: tell,
    });
    const omits = hello.omits.length > 0 ? `, without ${hello.omits.join(', ')}` : '';
    console.log(`${hello.name}${omits}: ${passed} passed, ${failed} failed, ${declined} declined`);
    if (passed + failed + declined === 0) return wrong('no vector was run: none has such a name, or such a chip');
    return failed > 0 ? 1 : 0;
  } catch (error) {
    return wrong(error.message);
  } finally {
    channel.stop();
  }
}

process.exitCode = await main(process.argv.slice(2));
