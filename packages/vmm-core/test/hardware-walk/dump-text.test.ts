import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DumpError, MemoryImage, type MemoryPiece, parseDump, writeDump } from '../../src/hardware-walk/index.js';

const pieces = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 0, max: 3 }),
      target: fc.constantFrom('vram' as const, 'host' as const, 'ncoh' as const),
      words: fc.array(fc.constantFrom(0, 0, 0, 1, 0xffffffff), { minLength: 1, maxLength: 60 }),
      lines: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 6 }),
    }),
    { maxLength: 6 },
  )
  .map((list) => {
    let addr = 0x100000;
    return list.map(({ gap, target, words, lines }): MemoryPiece => {
      addr += 4 * gap;
      // Runs of equal lines, besides what chance gives.
      const more = lines.flatMap((count) => Array.from({ length: 4 * count }, () => count));
      const piece = { addr, target, words: Uint32Array.from([...more, ...words]) };
      addr += 4 * piece.words.length;
      return piece;
    });
  });

describe('writing', () => {
  test('leaves out the middle of equal lines only', () => {
    const words = new Uint32Array(28);
    words[4] = 1;
    words.fill(0xabc, 24);
    expect([...writeDump([{ addr: 0x1000, target: 'vram', words }])]).toEqual([
      '# target: vram',
      '0000001000: 00000000 00000000 00000000 00000000',
      '0000001010: 00000001 00000000 00000000 00000000',
      '0000001020: 00000000 00000000 00000000 00000000',
      '...',
      '0000001050: 00000000 00000000 00000000 00000000',
      '0000001060: 00000abc 00000abc 00000abc 00000abc',
    ]);
  });

  test('and reading gives back every word and no other', () => {
    fc.assert(
      fc.property(pieces, (list) => {
        const image = new MemoryImage(parseDump(writeDump(list)));
        const total = [...image.pieces()].reduce((sum, { words }) => sum + words.length, 0);
        expect(total).toBe(list.reduce((sum, { words }) => sum + words.length, 0));
        for (const { addr, target, words } of list) {
          words.forEach((word, i) => {
            expect(image.read32(target ?? 'vram', addr + 4 * i)).toBe(word);
          });
        }
      }),
    );
  });
});

describe('reading', () => {
  const read = (text: string, options = {}) =>
    parseDump(text.split('\n'), options).map(
      ({ addr, target, words }) =>
        `${addr.toString(16)} ${target ?? 'any'} ${Array.from(words, (word) => word.toString(16)).join(' ')}`,
    );

  test.each([
    ['words as a peek tool prints them', '00100000: 00000001 00000002', '100000 any 1 2'],
    ['words with prefixes, as a debugger prints them', '0x100000 <table>:\t0x00000001\t0x00000002', '100000 any 1 2'],
    ['64-bit words', '100000:  fe00000000765001', '100000 any 765001 fe000000'],
    ['a column of characters', '00000000: 64636261 00000000  abcd....', '0 any 64636261 0'],
    ['lines that go on', '0: 1 2\r\n8: 3\r', '0 any 1 2 3'],
    ['lines left out by a hex dump', '0: 5 5\n*\n18: 6', '0 any 5 5 5 5 5 5 6'],
    ['lines left out up to a bare address', '0: 5\n*\nc:', '0 any 5 5 5'],
    ['comments and empty lines', '# hello\n\n0: 1\n#target: nothing-here is no directive', '0 any 1'],
    ['a target', '# target: host\n0: 1', '0 host 1'],
  ])('takes %s', (_what, text, expected) => {
    expect(read(text)).toEqual([expected]);
  });

  test('takes left-out lines as zeros when told so', () => {
    expect(read('0: 5\n...\nc: 6')).toEqual(['0 any 5 5 5 6']);
    expect(read('0: 5\n...\nc: 6', { elided: 'zero' })).toEqual(['0 any 5 0 0 6']);
  });

  test.each([2 ** 18, 2 ** 20 - 8, 2 ** 20, 2 ** 21 + 4])('reads a piece of %i words and those around it', (count) => {
    const end = 0x1000 + 4 * count;
    const addr = (at: number) => `${at.toString(16)}:`;
    const text = [`${addr(0)} 7 8`, `${addr(0x1000)} 1 2 3 4`, '*', `${addr(end - 16)} 5 6 7 8`, `${addr(end + 16)} 9`];
    const [before, large, behind, ...rest] = parseDump(text);
    expect(rest).toEqual([]);
    expect([before, behind]).toEqual([
      { addr: 0, target: undefined, words: Uint32Array.of(7, 8) },
      { addr: end + 16, target: undefined, words: Uint32Array.of(9) },
    ]);
    expect([large?.addr, large?.words.length]).toEqual([0x1000, count]);
    const wrong = large?.words.findIndex((word, i) => word !== (i < count - 4 ? 1 : 5) + (i & 3));
    expect(wrong).toBe(-1);
  });

  test.each(['123456789', '1234567890abcdef0', 'x1234567890abcdef', '1234567890abcdefx'])('%s is no word', (word) => {
    expect(() => parseDump([`1000: ${word}`])).toThrow(`line 1: "${word}" is not a word of up to 8 hexadecimal digits`);
  });

  test('starts a new piece where addresses jump or the target changes', () => {
    expect(read('0: 1\n10: 2\n# target: ncoh\n14: 3', { target: 'vram' })).toEqual([
      '0 vram 1',
      '10 vram 2',
      '14 ncoh 3',
    ]);
  });

  test.each([
    ['no line at all', 'hello', 1, 'expected'],
    ['an odd address', '0: 1\n3: 1', 2, 'multiple of 4'],
    ['a word that is too long', '0: 123456789', 1, 'not a word'],
    ['no word', '0: xyz', 1, 'not a word'],
    ['lines left out first', '...\n0: 1', 1, 'before any words'],
    ['lines left out last', '0: 1\n...', 2, 'bounds'],
    ['lines left out to an address below', '10: 1\n...\n0: 2', 3, 'do not end'],
    ['lines left out by half', '0: 1 2\n...\nc: 1', 3, 'do not end'],
    ['an unknown target', '# target: moon', 1, 'not one of'],
    ['all the memory in the world', '0: 1\n...\nfffffffffff0: 1', 3, 'more than'],
  ])('refuses %s and says where', (_what, text, line, message) => {
    expect(() => read(text)).toThrow(message);
    try {
      read(text);
    } catch (error) {
      expect(error).toBeInstanceOf(DumpError);
      expect((error as DumpError).line).toBe(line);
    }
  });

  test('throws nothing but located errors, whatever the text', () => {
    const line = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[0-9a-f]{1,6}: ([0-9a-f]{1,9} ?){0,5}$/),
      fc.constantFrom('...', '*', '# target: host'),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        try {
          parseDump(lines, { maxWords: 1e6 });
        } catch (error) {
          expect(error).toBeInstanceOf(DumpError);
        }
      }),
    );
  });
});
