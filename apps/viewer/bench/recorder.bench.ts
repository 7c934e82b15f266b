import { it } from 'vitest';
import { Player } from '../src/model/player.js';
import { Recorder } from '../src/model/recorder.js';
import { manyRegions, mixedScript } from '../test/big-script.js';

/** Time of a call in milliseconds. */
function time(call: () => void): number {
  const start = performance.now();
  call();
  return performance.now() - start;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;

for (const [name, text] of [
  ['mixed, 100,000 operations', mixedScript(100_000)],
  ['100,000 regions', manyRegions(100_000)],
] as const) {
  it(
    name,
    async () => {
      const cpu = process.cpuUsage();
      const start = performance.now();
      const recorder = new Recorder(text);
      for (const _ of recorder.run());
      const ran = performance.now() - start;
      const used = process.cpuUsage(cpu).user / 1e6;
      const recording = await recorder.finish();
      if (recording.error !== undefined) throw new Error(recording.error);
      const player = new Player(recording);
      const last = recording.count - 1;
      const end = time(() => {
        player.seek(last);
      });
      const layOut = time(() => player.spaces[0]!.regions.columns());
      const single: number[] = [];
      for (let i = 0; i < 200; i++) {
        const step = last - i;
        single.push(
          time(() => {
            player.seek(step);
            player.spaces[0]!.regions.columns();
          }),
        );
      }
      const back = time(() => {
        player.seek(0);
      });
      const journal = recording.words.chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
      const details = recording.details.blocks.reduce((sum, { length }) => sum + length, 0);
      console.log(
        [
          `${name}: ${recording.count} operations, ${player.recording.spaces.length} space`,
          `record ${(ran / 1000).toFixed(2)} s, of processor time ${used.toFixed(2)} s`,
          `first to last ${end.toFixed(1)} ms, last to first ${back.toFixed(1)} ms`,
          `lay out ${layOut.toFixed(1)} ms, one step with it median ${median(single).toFixed(2)} ms`,
          `journal ${(journal / 2 ** 20).toFixed(1)} MiB, details ${(details / 2 ** 20).toFixed(1)} MiB`,
          `refused ${recording.ret.reduce((sum, ret) => sum + (ret === 0 ? 0 : 1), 0)}`,
        ].join('\n  '),
      );
    },
    300_000,
  );
}
