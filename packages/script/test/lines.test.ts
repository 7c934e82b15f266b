import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineSplitter, readLines, ScriptError, splitLines, type TextLine } from '../src/index.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const texts = (lines: Iterable<TextLine>): string[] => [...lines].map((line) => line.text);

async function collect(source: AsyncIterable<TextLine>): Promise<TextLine[]> {
  const lines: TextLine[] = [];
  for await (const line of source) lines.push(line);
  return lines;
}

/** What lines mean, the slow way. */
function model(text: string): { number: number; text: string; complete: boolean }[] {
  const parts = text.split('\n').map((part, i, all) => ({
    number: i + 1,
    text: (i === 0 ? part.replace(/^\ufeff/, '') : part).replace(/\r$/, ''),
    complete: i < all.length - 1,
  }));
  return text === '' || text.endsWith('\n') ? parts.slice(0, -1) : parts;
}

function failure(run: () => unknown): ScriptError {
  try {
    run();
  } catch (error) {
    if (error instanceof ScriptError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('splitLines', () => {
  test('ends lines at LF and CR LF, and says which line just stops', () => {
    expect([...splitLines('a\r\n\nb\nc')]).toEqual([
      { number: 1, text: 'a', complete: true },
      { number: 2, text: '', complete: true },
      { number: 3, text: 'b', complete: true },
      { number: 4, text: 'c', complete: false },
    ]);
  });

  test('drops a byte-order mark at the start and only there', () => {
    expect(texts(splitLines(bytes('\ufeffa\n\ufeffb\n')))).toEqual(['a', '\ufeffb']);
    expect(texts(splitLines('\ufeffa\n'))).toEqual(['a']);
  });

  test('nothing has no lines', () => {
    expect(texts(splitLines(''))).toEqual([]);
    expect(texts(splitLines(new Uint8Array()))).toEqual([]);
  });

  test('reports bytes that are not UTF-8 with line and byte', () => {
    const bad = Uint8Array.of(0x61, 0x0a, 0x62, 0xc3, 0x28, 0x0a);
    const error = failure(() => [...splitLines(bad)]);
    expect(error.line).toBe(2);
    expect(error.message).toMatch(/^line 2: not valid UTF-8 at byte 3/);
  });

  test('a character that is cut off at the end of a line is not UTF-8', () => {
    expect(failure(() => [...splitLines(Uint8Array.of(0x61, 0xe2, 0x82, 0x0a))]).message).toMatch(/line 1: .*byte 4/);
  });

  test.each([bytes('ok\n12345678\n'), 'ok\n12345678\n', 'ok\n12345678'])(
    'refuses a line that is too long (%#)',
    (text) => {
      expect(texts(splitLines(text, { maxLine: 8 }))).toEqual(['ok', '12345678']);
      expect(failure(() => [...splitLines(text, { maxLine: 7 })]).message).toBe(
        'line 2: the line is longer than 7 bytes',
      );
    },
  );
});

describe('readLines', () => {
  test('any cut into chunks gives the same lines', async () => {
    const piece = fc.constantFrom('a', 'é', '€', '😀', '\n', '\r\n', '\r', '\ufeff', '{"x":1}', '');
    await fc.assert(
      fc.asyncProperty(fc.array(piece), fc.array(fc.nat(12)), fc.boolean(), async (pieces, cuts, asText) => {
        const text = pieces.join('');
        const whole: string | Uint8Array = asText ? text : bytes(text);
        const chunks: (string | Uint8Array)[] = [];
        let at = 0;
        for (const cut of cuts) {
          chunks.push(whole.slice(at, at + cut));
          at += cut;
        }
        chunks.push(whole.slice(at));
        expect(await collect(readLines(chunks))).toEqual(model(text));
      }),
    );
  });

  test('chunks of bytes and text may alternate', async () => {
    expect(await collect(readLines([bytes('a€'), 'b', bytes('c\nd')]))).toMatchObject([
      { text: 'a€bc' },
      { text: 'd' },
    ]);
  });

  test('a chunk may be reused for the next one', async () => {
    const buffer = new Uint8Array(4);
    const source = function* (): Generator<Uint8Array> {
      for (const text of ['abcd', 'e\nfg', 'hij\n']) {
        buffer.set(bytes(text));
        yield buffer;
      }
    };
    expect((await collect(readLines(source()))).map((line) => line.text)).toEqual(['abcde', 'fghij']);
  });

  test('a line without end is refused before it is kept', async () => {
    let produced = 0;
    const endless = function* (): Generator<Uint8Array> {
      const chunk = new Uint8Array(0x10000).fill(0x61);
      for (;;) {
        produced += chunk.length;
        yield chunk;
      }
    };
    await expect(collect(readLines(endless()))).rejects.toThrow('line 1: the line is longer than 16 MiB');
    expect(produced).toBeLessThan(17 * 2 ** 20);
  });
});

test('a splitter hands out lines as soon as they are complete', () => {
  const splitter = new LineSplitter();
  expect(texts(splitter.push('a'))).toEqual([]);
  expect(texts(splitter.push('b\nc\nd'))).toEqual(['ab', 'c']);
  expect(splitter.end()).toEqual({ number: 3, text: 'd', complete: false });
  expect(splitter.end()).toBeUndefined();
});
