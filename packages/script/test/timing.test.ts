import { expect, test } from 'vitest';
import { parseScript, timeScript } from '../src/index.js';

const { operations } = parseScript(`{"format":"vmm-script","version":1}
{"op":"device","chip":"gp100"}
{"op":"vmm","id":"v"}
{"op":"get","id":"a","size":"0x1000"}
{"op":"get","id":"b","size":"0x1000"}
{"op":"dump"}
{"op":"pfnmap","vma":"a","page":12,"pfns":["0x5003"]}
{"op":"put","vma":"b"}`);

/** A clock whose calls take longer from replay to replay: 1, 2, 3 … for every operation of a replay. */
function growingClock(callsPerReplay: number): () => number {
  let reads = 0;
  let now = 0;
  return () => {
    if (reads % 2 === 1) now += 1 + Math.floor(reads / 2 / callsPerReplay);
    reads++;
    return now;
  };
}

test('times are medians over the replays, without the warm-up', () => {
  const replays: number[] = [];
  const timing = timeScript(operations, {
    clock: growingClock(5),
    repeat: 3,
    warmup: 2,
    onReplay: (done) => replays.push(done),
  });
  // Replays 3, 4 and 5 count; their calls take 3, 4 and 5.
  expect(timing.total).toBe(4 * 5);
  expect(Object.fromEntries(timing.operations)).toEqual({
    vmm: { count: 1, ns: 4 },
    get: { count: 2, ns: 8 },
    pfnmap: { count: 1, ns: 4 },
    put: { count: 1, ns: 4 },
  });
  expect(replays).toEqual([1, 2, 3, 4, 5]);
});

test('an even number of replays takes the mean of the middle two', () => {
  expect(timeScript(operations, { clock: growingClock(5), repeat: 2, warmup: 0 }).total).toBe(7.5);
});
