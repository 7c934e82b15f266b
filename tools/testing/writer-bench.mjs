// What the benchmarks of the writers share: each case is checked, then timed against a fill of the same memory.

import os from 'node:os';
import { Bench } from 'tinybench';

/** Entries that one timed body writes, in as many calls as it takes: far above the resolution of the clock. */
const ENTRIES = 0x2_0000;

/** Calls of a writer of `count` entries that make one timed body. */
export const callsFor = (count) => Math.ceil(ENTRIES / count);

/** Throws unless the two words from `words[at]` on are `lo` and `hi`. */
export function checkWords(words, at, lo, hi) {
  const [low, high] = [words[at], words[at + 1]];
  if (low !== lo || high !== hi) throw new Error(`words ${low.toString(16)} ${high.toString(16)} at ${at}`);
}

/**
 * Times cases and prints the time per entry. A case has a `name`, a `body` that writes `count` entries `calls` times,
 * and `verify`, which throws when they are not what they should be. `words` is filled `fillCalls` times, for comparison.
 */
export async function reportWriters(words, fillCalls, cases) {
  // In order, right behind the case that made the words.
  for (const { body, verify } of cases) {
    body();
    verify();
  }
  const bench = new Bench({ time: 300, warmupTime: 100 });
  bench.add('fill', () => {
    for (let i = fillCalls; i > 0; i--) words.fill(i);
  });
  for (const { name, body } of cases) bench.add(name, body);
  await bench.run();

  const nsPerEntry = (name, entries) => {
    const { latency } = bench.getTask(name).result;
    return [latency.p50, latency.min].map((ms) => (ms * 1e6) / entries);
  };
  const [fill] = nsPerEntry('fill', (fillCalls * words.length) / 2);
  console.log(`node ${process.version}, ${os.cpus()[0]?.model}; ns per entry: median, best; median against fill`);
  console.log(`${'fill of 8 bytes'.padEnd(32)} ${fill.toFixed(2).padStart(7)}`);
  for (const { name, count, calls } of cases) {
    const [median, best] = nsPerEntry(name, calls * count);
    const columns = [median.toFixed(2), best.toFixed(2), `${(median / fill).toFixed(1)}x`];
    console.log(name.padEnd(32), ...columns.map((text) => text.padStart(7)));
  }
}
