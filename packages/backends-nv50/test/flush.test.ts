import { expect, it } from 'vitest';
import { g84, mcp77, nv50 } from '../src/index.js';
import { boundSpace, type SpaceLog } from '../../../tools/testing/space.js';
import { templateOf } from './support.js';

function flushed(uses: Record<string, number>, chip = nv50, depth = 0): string[] {
  const log: SpaceLog = { writes: [] };
  templateOf(chip).flush!(boundSpace({ engineUse: (engine) => uses[engine] ?? 0 }, log), depth);
  return log.writes;
}

it('without an engine in use a flush writes nothing', () => {
  expect(flushed({})).toEqual([]);
  expect(flushed({ bar: 0, fifo: 3 })).toEqual([]);
});

it('engines are flushed in the order of the driver, each followed by its wait', () => {
  const all = ['vp', 'sec', 'msvld', 'msppp', 'mspdec', 'mpeg', 'gr', 'cipher', 'ce0', 'bsp', 'bar'];
  const wait = 'wait 100c80 1 0';
  const ids = ['6', '9', 'd', 'a', '', '8', '1', '8', '9', 'a', '1'];
  expect(flushed(Object.fromEntries(all.map((engine) => [engine, 1])))).toEqual(
    ids.flatMap((id) => [`100c80 ${id === '' ? '1' : `${id}0001`}`, wait]),
  );
});

it('a negative use count counts', () => {
  expect(flushed({ bar: -1 })).toEqual(['100c80 60001', 'wait 100c80 1 0']);
});

it('depth and chip make no difference', () => {
  for (const chip of [nv50, g84, mcp77]) {
    for (const depth of [0, 1]) expect(flushed({ gr: 2 }, chip, depth)[0]).toBe('100c80 1');
  }
});
