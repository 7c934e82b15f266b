// Compares the tree with public packages: `node bench/run.mjs [--keys N] [--rounds N] [--passes N] [--only REGEXP] [--json]`.
//
// One process for each library, so that none spoils another's inline caches, and several passes over all of them, so
// that a busy moment of the machine does not fall on one alone. Random unique integer keys from a fixed seed; inserted
// in one order, looked up in others, erased in the order of insertion (`erase`) and in a random one (`erase rnd`). The
// result of every phase is checked. Prints the median of all rounds in ns per operation, the best round in brackets,
// and the ratio to the best median of a peer.

import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify, parseArgs } from 'node:util';
import { names as all, open } from './libraries.mjs';

const PHASES = ['insert', 'find', 'lower', 'next', 'erase', 'erase rnd'];
/** Rounds of each process that are not counted. */
const WARM_UP = 3;

const { values: options } = parseArgs({
  options: {
    keys: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '7' },
    passes: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    library: { type: 'string' },
  },
});
const count = Number(options.keys);
const rounds = Number(options.rounds);
const passes = Number(options.passes);
const names = all.filter((name) => options.only === undefined || new RegExp(options.only).test(name));

/** A small generator of random 32-bit numbers (xorshift). */
function random(seed) {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

function shuffled(keys, next) {
  const result = keys.slice();
  for (let i = result.length - 1; i > 0; i--) {
    const j = next() % (i + 1);
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

function check(what, got, expected) {
  if (got !== expected) throw new Error(`${options.library}: ${what} gave ${got} instead of ${expected}`);
}

async function measure(name) {
  const next = random(0x9e3779b9);
  const unique = new Set();
  while (unique.size < count) unique.add(next() >>> 2);
  const keys = [...unique];
  const sum = keys.reduce((a, b) => a + b, 0);
  const sorted = keys.slice().sort((a, b) => a - b);
  const lookups = shuffled(keys, next);
  const between = shuffled(keys, next).map((key) => key + 1);
  const above = new Map(sorted.map((key, i) => [key, sorted[i + 1] ?? 0]));
  const bound = between.reduce((total, key) => total + (unique.has(key) ? key : above.get(key - 1)), 0);
  const gone = shuffled(keys, next);
  const times = Object.fromEntries(PHASES.map((phase) => [phase, []]));
  // One instance for all rounds, which each leave it empty: the functions of a new one would start out unoptimised.
  const library = await open(name);
  for (let round = 0; round < rounds + WARM_UP; round++) {
    const time = (phase, run) => {
      const start = performance.now();
      const result = run();
      if (round >= WARM_UP) times[phase].push(((performance.now() - start) * 1e6) / count);
      return result;
    };
    time('insert', () => library.insert(keys));
    check(
      'find',
      time('find', () => library.find(lookups)),
      sum,
    );
    if (library.lower)
      check(
        'lower',
        time('lower', () => library.lower(between)),
        bound,
      );
    check(
      'next',
      time('next', () => library.next()),
      sum,
    );
    library.prepareErase?.(keys);
    check(
      'erase',
      time('erase', () => library.erase(keys)),
      0,
    );
    library.insert(keys);
    library.prepareErase?.(gone);
    check(
      'erase rnd',
      time('erase rnd', () => library.erase(gone)),
      0,
    );
  }
  return times;
}

/** Joins the rounds of several passes into a median and a best time for each phase. */
function summarize(parts) {
  return Object.fromEntries(
    PHASES.map((phase) => {
      const list = parts.flatMap((times) => times[phase]).sort((a, b) => a - b);
      return [phase, list.length === 0 ? null : { median: list[list.length >> 1], best: list[0] }];
    }),
  );
}

function print(results) {
  const ours = (name) => name.includes('@nvmmu');
  const best = Object.fromEntries(
    PHASES.map((phase) => [
      phase,
      Math.min(...names.filter((name) => !ours(name)).map((name) => results[name][phase]?.median ?? Infinity)),
    ]),
  );
  console.log(`${count} random keys, ns per operation: median (best) of ${passes} × ${rounds} rounds, × the best peer`);
  console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}\n`);
  console.log(['library'.padEnd(28), ...PHASES.map((phase) => phase.padStart(20))].join(''));
  for (const name of names) {
    const cells = PHASES.map((phase) => {
      const figure = results[name][phase];
      if (figure === null) return '–'.padStart(20);
      const ratio = (figure.median / best[phase]).toFixed(2);
      return `${figure.median.toFixed(0)} (${figure.best.toFixed(0)}) ×${ratio}`.padStart(20);
    });
    console.log([name.padEnd(28), ...cells].join(''));
  }
}

if (options.library !== undefined) {
  console.log(JSON.stringify(await measure(options.library)));
} else {
  const parts = Object.fromEntries(names.map((name) => [name, []]));
  for (let pass = 0; pass < passes; pass++) {
    for (const name of names) {
      const { stdout } = await promisify(execFile)(process.execPath, [
        fileURLToPath(import.meta.url),
        `--library=${name}`,
        `--keys=${count}`,
        `--rounds=${rounds}`,
      ]);
      parts[name].push(JSON.parse(stdout));
    }
  }
  const results = Object.fromEntries(names.map((name) => [name, summarize(parts[name])]));
  if (options.json) console.log(JSON.stringify({ node: process.version, keys: count, rounds, passes, results }));
  else print(results);
}
