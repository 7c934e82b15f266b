import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHash } from 'node:crypto';
import {
  CHIPS,
  findChip,
  findProfile,
  formatOperation,
  generatedHeader,
  generateOperations,
  parseOperation,
  PROFILES,
  ScriptRunner,
  type GenerateOptions,
  type Operation,
} from '../../src/index.js';

const gp100 = findChip('gp100')!;

/** Chips and profiles that go together. */
const PAIRS = CHIPS.flatMap((chip) =>
  PROFILES.flatMap(({ name }) => {
    try {
      findProfile(name, chip);
      return [{ chip, profile: name }];
    } catch {
      return [];
    }
  }),
);

/** Writes a script and reads it back, as a user would. */
function generate(options: GenerateOptions): Operation[] {
  return [...generateOperations(options)].map((operation, index) =>
    parseOperation({ number: index + 2, text: formatOperation(operation), complete: true }),
  );
}

const sum = (operations: readonly Operation[]): string =>
  createHash('sha256').update(operations.map(formatOperation).join('\n')).digest('hex').slice(0, 16);

describe('generated scripts', () => {
  test('run without a mistake and keep every invariant, whatever the seed', () => {
    const options = fc.record({
      pair: fc.constantFrom(...PAIRS),
      seed: fc.nat(0xffffffff),
      operations: fc.integer({ min: 1, max: 60 }),
      hostile: fc.boolean(),
    });
    fc.assert(
      fc.property(options, ({ pair, seed, operations, hostile }) => {
        const script = generate({ ...pair, seed, operations, hostile });
        const runner = new ScriptRunner({ log: 'none', hash: false, verify: true });
        const rets = script.map((operation) => runner.step(operation).ret);
        expect(script[0]?.op).toBe('device');
        // The profiles in which page-table memory runs out have refusals by design.
        const clean = !hostile && pair.profile !== 'failures' && pair.profile !== 'mixed';
        expect(clean ? rets.filter((ret) => ret !== 0) : []).toEqual([]);
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  test.each(PROFILES.filter(({ name }) => name !== 'failures' && name !== 'mixed'))(
    'of profile $name are never refused',
    ({ name }) => {
      const { chip } = PAIRS.findLast(({ profile }) => profile === name)!;
      const runner = new ScriptRunner({ log: 'none', hash: false });
      const refused = generate({ chip, seed: 5, operations: 250, profile: name })
        .map((operation) => runner.step(operation))
        .filter(({ ret }) => ret !== 0);
      expect(refused.map(({ operation }) => formatOperation(operation))).toEqual([]);
    },
  );

  test('have as many operations as asked, and the first is the device', () => {
    for (const operations of [1, 2, 7, 300]) {
      expect(generate({ chip: gp100, seed: 1, operations })).toHaveLength(operations + 1);
    }
  });

  test('are the same for the same seed, and others for another', () => {
    const make = (seed: number): string => sum(generate({ chip: gp100, seed, operations: 100 }));
    expect(make(1)).toBe(make(1));
    expect(new Set(Array.from({ length: 20 }, (_, seed) => make(seed))).size).toBe(20);
  });

  test('have every operation between them', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 6; seed++) {
      for (const { op } of generate({ chip: gp100, seed, operations: 400 })) seen.add(op);
    }
    expect([...seen].sort()).toEqual(
      [
        ['boot', 'close', 'device', 'dump', 'engref', 'failalloc', 'get', 'join', 'map', 'mem', 'part', 'pfnclr'],
        ['pfnmap', 'ptcdump', 'put', 'rawget', 'rawmap', 'rawput', 'rawsparse', 'rawunmap', 'unmap', 'vmm'],
      ].flat(),
    );
  });

  test.each([
    ['sparse', 'U -> S'],
    ['dual', 'I -> U'],
    ['raw', 'PDE write LPT'],
    ['frames', 'release'],
    ['boot', 'bootstrap'],
    ['raw', ': V '],
  ])('of profile %s reach "%s"', (profile, words) => {
    const lines = new Set<string>();
    for (let seed = 0; seed < 8; seed++) {
      const runner = new ScriptRunner({ hash: false, events: false, keepAll: true, log: 'trace' });
      for (const operation of generate({ chip: gp100, seed, operations: 200, profile })) {
        for (const line of runner.step(operation).log.items) lines.add(line);
      }
    }
    expect([...lines].some((line) => line.includes(words))).toBe(true);
  });

  test('that are hostile have refusals of every kind', () => {
    const codes = new Set<string | undefined>();
    for (let seed = 0; seed < 6; seed++) {
      const runner = new ScriptRunner({ log: 'none', hash: false });
      const script = generate({ chip: gp100, seed, operations: 300, hostile: true });
      for (const operation of script) codes.add(runner.step(operation).error?.code);
    }
    for (const code of ['EINVAL', 'ENOENT', 'ENOSPC', 'ENOMEM', 'ENOSYS']) expect([...codes]).toContain(code);
  });

  test('say in the title what makes them again', () => {
    const options = { chip: gp100, seed: 7, operations: 9, profile: 'raw', hostile: true };
    expect(generatedHeader(options).title).toBe('gp100 raw hostile, seed 7, 9 operations');
  });

  test('need a profile that there is, and that the chip can do', () => {
    expect(() => findProfile('smal', gp100)).toThrow('no profile "smal"; there are small, dual');
    expect(() => findProfile('frames', findChip('gh100')!)).toThrow('gh100 has nothing for the profile "frames"');
    expect(() => [...generateOperations({ chip: gp100, seed: 1, operations: 1, profile: 'x' })]).toThrow(RangeError);
  });
});
