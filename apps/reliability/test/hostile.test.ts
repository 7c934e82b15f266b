// Inputs that nobody would write: mutations of a kept corpus (scripts, kernel logs, dumps, page-table trees) and
// random page-table memory. Readers must not crash, hang or grow, and say where an error is.
//
// `HOSTILE_RUNS=100000 npx vitest run test/hostile.test.ts` in apps/reliability tries as many for each reader.

import { readdirSync, readFileSync } from 'node:fs';
import { decodeLog } from '@nvmmu/faults';
import { BumpProvider } from '@nvmmu/ptcache';
import { CHIPS, parseScript } from '@nvmmu/script';
import {
  MemoryImage,
  MemoryObject,
  Mmu,
  parseDump,
  readExtractorTree,
  writeDump,
  writeExtractorTree,
} from '@nvmmu/vmm-core';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { TARGETS } from '../src/fuzz-targets.js';
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
} from '../src/oracles.js';

const RUNS = Number(process.env['HOSTILE_RUNS'] ?? 150);
const SEED = 7041;
/** Longest that one input may take, in milliseconds: far above what any needs, far below what anybody waits. */
const PATIENCE = 10_000;
/** Most that the process may grow by while a reader is tried, in bytes. */
const GROWTH = 600 * 2 ** 20;

const ROOT = new URL('../../../', import.meta.url);

function folder(path: string, ending: string): string[] {
  const url = new URL(path, ROOT);
  return readdirSync(url)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => readFileSync(new URL(name, url), 'latin1'));
}

const scripts = [...folder('examples/', '.vmm.jsonl'), ...folder('examples/defects/', '.vmm.jsonl')];
const logs = folder('packages/faults/test/corpus/', '.log');

function device(): { provider: BumpProvider; dump: string; tree: string } {
  const provider = new BumpProvider();
  const vmm = new Mmu(
    CHIPS.find(({ name }) => name === 'gp100')!,
    { provider },
  ).createSpace();
  vmm.map(vmm.get(0x4_0000n), MemoryObject.video([[0x10_0000n, 0x4_0000n]], { page: 16 }));
  vmm.get(0x40_1000n, { sparse: true });
  vmm.map(vmm.get(0x4000n), MemoryObject.video([[0x20_0000n, 0x4000n]]));
  const root = { kind: 'root', target: 'vram', addr: BigInt(vmm.state.directory!.addr) } as const;
  const image = new MemoryImage(provider.allocations());
  return {
    provider,
    dump: [...writeDump(provider.allocations())].join('\n'),
    tree: [...writeExtractorTree(vmm.state.template.format, image, root)].join('\n'),
  };
}

const { dump, tree } = device();

type Mutation = (text: string, other: string, at: number, length: number) => string;

const NUMBERS = [
  '0x0',
  '0xffffffffffffffff',
  '0x10000000000000000',
  '-1',
  '1e400',
  '0x7fffffffffffffff',
  '""',
  'null',
  '{}',
];

const QUANTITIES = [
  0n,
  1n,
  0x800n,
  0x1000n,
  0x1_0000n,
  0x20_0000n,
  2n ** 29n,
  2n ** 38n,
  2n ** 47n,
  2n ** 49n,
  2n ** 63n,
  2n ** 64n - 1n,
  2n ** 64n - 0x1000n,
].map((value) => `0x${value.toString(16)}`);

/** Ways to spoil a text. */
const MUTATIONS: readonly Mutation[] = [
  (text, _other, at) => text.slice(0, at),
  (text, _other, at) => text.slice(at),
  (text, _other, at, length) => text.slice(0, at) + text.slice(at + length),
  (text, _other, at, length) => text.slice(0, at) + text.slice(at, at + length).repeat(3) + text.slice(at),
  (text, other, at, length) =>
    text.slice(0, at) + other.slice(at % other.length, (at % other.length) + length) + text.slice(at),
  (text, _other, at) =>
    text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << (at % 8))) + text.slice(at + 1),
  (text, _other, at) => `${text.slice(0, at)}\u0000\ud800\r\r\n${text.slice(at)}`,
  (text, _other, at, length) => text.slice(0, at) + '[{('.repeat(length) + text.slice(at),
  (text, _other, at, length) => text.slice(0, at) + ' '.repeat(length * 50) + text.slice(at),
  // The next number is another one.
  (text, _other, at, length) =>
    text.slice(0, at) + text.slice(at).replace(/0x[0-9a-f]{1,16}|\d{1,9}/, NUMBERS[length % NUMBERS.length]!),
  (text, _other, at, length) =>
    // The next quantity is another one, a script that was well-formed stays so.
    text.slice(0, at) + text.slice(at).replace(/0x[0-9a-f]{1,16}(?=")/, QUANTITIES[length % QUANTITIES.length]!),
  (text, _other, at, length) =>
    text.slice(0, at) +
    text.slice(at).replace(/"page":\d{1,3}/, `"page":${[0, 12, 16, 17, 21, 29, 47, 63, 255][length % 9]!}`),
  (text, _other, at) => {
    // A line moves to the front.
    const lines = text.split('\n');
    const [line = ''] = lines.splice(at % lines.length, 1);
    return [line, ...lines].join('\n');
  },
];

/** Mutations that leave most scripts well-formed. */
const GENTLE = [MUTATIONS.length - 3, MUTATIONS.length - 3, MUTATIONS.length - 2, MUTATIONS.length - 1];

/** Texts of a corpus, with up to three mutations out of a list. */
function hostile(
  corpus: readonly string[],
  which: readonly number[] = MUTATIONS.map((_, i) => i),
): fc.Arbitrary<string> {
  const steps = fc.array(fc.tuple(fc.constantFrom(...which), fc.nat(), fc.integer({ min: 1, max: 200 }), fc.nat()), {
    minLength: 1,
    maxLength: 3,
  });
  return fc.tuple(fc.nat(corpus.length - 1), steps).map(([first, list]) => {
    let text = corpus[first]!;
    for (const [which, place, length, other] of list) {
      text = MUTATIONS[which]!(text, corpus[other % corpus.length]!, place % (text.length + 1), length);
      if (text.length > 2 ** 18) text = text.slice(0, 2 ** 18);
    }
    return text;
  });
}

const tried = new Map<string, number>();

/** Feeds `read` with inputs, and holds it to time and memory. */
function attack<T>(name: string, inputs: fc.Arbitrary<T>, read: (input: T) => void, runs: number = RUNS): void {
  const before = process.memoryUsage().rss;
  let count = 0;
  fc.assert(
    fc.property(inputs, (input) => {
      count++;
      const start = performance.now();
      read(input);
      const time = performance.now() - start;
      if (time > PATIENCE) throw new Error(`took ${time} ms`);
    }),
    { seed: SEED, numRuns: runs },
  );
  tried.set(name, count);
  expect(process.memoryUsage().rss - before).toBeLessThan(GROWTH);
}

afterAll(() => {
  console.log(`hostile inputs, seed ${SEED}: ${[...tried].map(([name, count]) => `${name} ${count}`).join(', ')}`);
});

describe('texts', () => {
  test('the script parser says on which line a mistake is', () => {
    attack('script parser', hostile(scripts), readScript);
  });

  test('scripts that parse run, or name the line that does not', () => {
    attack('script runner', hostile(scripts, GENTLE), runScript);
  });

  test('the log decoder takes anything', () => {
    attack('log decoder', hostile(logs), readLog);
  });

  test('also in pieces, as bytes', () => {
    const pieces = fc.tuple(hostile(logs), fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1, maxLength: 20 }));
    attack('log decoder, in pieces', pieces, ([text, lengths]) => {
      readLogInPieces(
        Uint8Array.from(text, (char) => char.charCodeAt(0)),
        lengths.map((length) => 40 * length),
      );
    });
  });

  test('the dump reader says on which line a mistake is', () => {
    attack('dump reader', hostile([dump, dump.slice(0, 400)]), readDump);
  });

  test('the reader of page-table trees says on which line a mistake is', () => {
    attack('tree reader', hostile([tree]), readTree);
  });
});

// Inputs that the fuzzer has found to reach something of their own, and all that ever went wrong: tools/fuzzing.
describe('kept inputs of the fuzzer', () => {
  test.each(Object.entries(TARGETS))('%s', (name, target) => {
    const lines = readFileSync(new URL(`tools/fuzzing/corpus/${name}.txt`, ROOT), 'utf8')
      .split('\n')
      .slice(0, -1);
    expect(lines.length).toBeGreaterThan(20);
    for (const line of lines) expect(() => target(Buffer.from(line, 'base64')), line).not.toThrow();
  });
});

describe('long lines take time in proportion', () => {
  const N = 300_000;

  test.each<[string, () => unknown]>([
    [
      'zeros before a letter in a quantity',
      () =>
        parseScript(
          `{"format":"vmm-script","version":1}\n{"op":"device","chip":"gp100","ptBase":"0x${'0'.repeat(N)}g"}`,
        ),
    ],
    ['spaces at the end of a line of a dump', () => parseDump([`1000: 12${' '.repeat(N)}`])],
    ['spaces inside a line of a dump', () => parseDump([`1000:${' '.repeat(N)}zz`])],
    ['digits in a line of a dump', () => parseDump([`${'f'.repeat(N)}: 12`])],
    ['spaces in a line of a tree', () => readExtractorTree([`${' '.repeat(N)}PD3@0x1000${' '.repeat(N)}x`])],
    [
      'spaces in a log',
      () => decodeLog(`${' '.repeat(N)}nouveau 0000:01:00.0: fifo:${' '.repeat(N)}fault 00 [READ] at 0`),
    ],
    ['brackets in a log', () => decodeLog('['.repeat(N))],
    ['digits in a log', () => decodeLog(`nouveau 0000:01:00.0: fifo: fault 00 [READ] at ${'0'.repeat(N)}`)],
    ['one word many times in a log', () => decodeLog('fault at '.repeat(N / 10))],
  ])('%s', (_what, read) => {
    const start = performance.now();
    try {
      read();
    } catch (error) {
      if (!(error instanceof Error) || error instanceof TypeError) throw error;
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('page-table memory', () => {
  const base = IMAGE_BASE;
  const size = 0x4000;
  /** Words that are likely to be entries: flags in the low bits, addresses that often stay inside the image. */
  const word = fc.oneof(
    fc.nat(0xffff),
    fc.integer({ min: 0, max: 0xffff_ffff }),
    fc.tuple(fc.nat(size / 0x100), fc.nat(0xff)).map(([slot, bits]) => ((base + slot * 0x100) >>> 4) | bits),
    fc.tuple(fc.nat(size / 0x1000), fc.nat(0xfff)).map(([slot, bits]) => (base + slot * 0x1000) | bits),
  );
  const images = fc.tuple(fc.array(word, { minLength: 1, maxLength: 64 }), fc.nat(0xffff)).map(([pattern, spread]) => {
    const words = new Uint32Array(size / 4);
    for (let i = 0; i < words.length; i++)
      if ((i * 2654435761) % 7 < 1 + (spread % 6)) words[i] = pattern[(i ^ spread) % pattern.length]!;
    return new MemoryImage([{ addr: base, target: undefined, words }]);
  });
  const choice = fc.tuple(images, fc.nat(FORMATS.length - 1), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));

  test('a walk ends, whatever it reads', () => {
    attack('walk', choice, ([image, which, va]) => {
      walkImage(FORMATS[which]!, image, va);
    });
  });

  test('a list of ranges ends where it is told to', () => {
    attack(
      'range list',
      choice,
      ([image, which]) => {
        listImage(FORMATS[which]!, image);
      },
      Math.ceil(RUNS / 2),
    );
  });

  test('a scan for roots ends', () => {
    attack(
      'root scan',
      choice,
      ([image, which]) => {
        scanImage(FORMATS[which]!, image);
      },
      Math.ceil(RUNS / 5),
    );
  });
});
