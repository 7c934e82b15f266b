import fc from 'fast-check';
import { listRanges, walk } from '@nvmmu/vmm-core';
import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../src/model/examples.js';
import { entryRuns } from '../src/model/entry-runs.js';
import { fileKind } from '../src/model/file-kind.js';
import { formatLink, packScript, parseLink, unpackScript, VIEWS, type Link } from '../src/model/link.js';
import { Player } from '../src/model/player.js';
import { Recorder } from '../src/model/recorder.js';
import type { Recording } from '../src/model/recording.js';
import { RegionTable } from '../src/model/region-table.js';
import { TableReader, type TableRef } from '../src/model/tables.js';
import { parseAddress, size } from '../src/model/text.js';
import { applyRun, readRuns, WordJournalWriter } from '../src/model/word-journal.js';

async function record(text: string, chip?: string): Promise<Recording> {
  const recorder = new Recorder(text, { chip });
  for (const _ of recorder.run());
  return recorder.finish();
}

describe('the journal of words', () => {
  it('leads to every state, forwards and back', () => {
    const step = fc.array(fc.tuple(fc.nat(63), fc.nat(0xffffffff)), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const live = new Uint32Array(64);
        const shadow = new Uint32Array(64);
        const writer = new WordJournalWriter();
        const states = [live.slice()];
        for (const writes of steps) {
          for (const [at, value] of writes) live[at] = value;
          const before = states.at(-1)!;
          const changed = live.reduce((count, word, i) => count + (word === before[i] ? 0 : 1), 0);
          expect(writer.diff(7, shadow, live, 0, 64, 1)).toBe(changed);
          writer.endStep();
          states.push(live.slice());
        }
        const journal = writer.finish();
        const words = new Uint32Array(64);
        const apply = (at: number) =>
          readRuns(journal, at, (allocation, first, count, xor, from) => {
            expect(allocation).toBe(7);
            applyRun(words, first, count, xor, from);
          });
        for (let i = 0; i < steps.length; i++) {
          apply(i);
          expect(words).toEqual(states[i + 1]);
        }
        for (let i = steps.length - 1; i >= 0; i--) {
          apply(i);
          expect(words).toEqual(states[i]);
        }
      }),
    );
  });

  it('keeps the runs of one step together, however many there are', () => {
    const words = 2 ** 19;
    const live = new Uint32Array(words).map((_, i) => i % 7);
    const writer = new WordJournalWriter();
    writer.diff(0, new Uint32Array(words), live, 0, 100, 2);
    writer.endStep();
    const shadow = new Uint32Array(words);
    writer.diff(0, shadow, live, 0, words, 2);
    writer.endStep();
    const found = new Uint32Array(words);
    readRuns(writer.finish(), 1, (_, first, count, xor, at) => applyRun(found, first, count, xor, at));
    expect(found).toEqual(live);
  });
});

describe('the regions of a space', () => {
  const info = { start: 0, limit: 2 ** 57, pages: [{ shift: 12 }] } as unknown as ConstructorParameters<
    typeof RegionTable
  >[0];

  it('are the same whether they are mended or sorted anew', () => {
    // Addresses beyond 2^53 too: a page there is the next double but one.
    const slot = fc.tuple(fc.nat(40), fc.boolean());
    fc.assert(
      fc.property(fc.array(fc.array(slot, { maxLength: 8 }), { maxLength: 10 }), (rounds) => {
        const rows = Array.from({ length: 41 }, (_, i) => [0, i * 8192 + (i > 20 ? 2 ** 56 : 0), 4096, 1, -1]);
        const recording = { regions: Float64Array.from(rows.flat()), objects: [] };
        const table = new RegionTable(info, recording);
        const model = new Set<number>();
        for (const round of rounds) {
          for (const [i, isAdded] of round) {
            const addr = rows[i]![1]!;
            if (isAdded) {
              table.add(addr, i);
              model.add(addr);
            } else {
              table.remove(addr);
              model.delete(addr);
            }
          }
          const used: number[] = [];
          let end = 0;
          for (let i = 0; i < table.columns().count; i++) {
            const row = table.row(i)!;
            expect(row.addr).toBe(end);
            end = row.addr + row.size;
            if (row.used) used.push(row.addr);
            expect(table.find(row.addr)).toBe(i);
            expect(table.find(row.addr + row.size - 2048)).toBe(i);
          }
          expect(end).toBe(2 ** 57);
          expect(used).toEqual([...model].sort((a, b) => a - b));
        }
        expect(table.find(2 ** 57)).toBe(-1);
      }),
    );
  });
});

describe('links', () => {
  it('come back as they were', () => {
    const text = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' });
    const link = fc.record(
      {
        ex: text,
        file: text,
        space: text,
        level: text,
        step: fc.nat(999_999),
        entry: fc.nat(131_071),
        at: fc.bigInt(0n, 2n ** 64n - 1n),
        view: fc.constantFrom(...VIEWS),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<Link>;
    fc.assert(
      fc.property(link, (value) => {
        expect(parseLink(`#${formatLink(value)}`)).toEqual(value);
      }),
    );
  });

  it('leave out what makes no sense', () => {
    expect(parseLink('#step=-1&at=12&view=nowhere&entry=1e3&ex=&zz=1&step=')).toEqual({});
    expect(parseLink('#%')).toEqual({});
  });

  it('carry short scripts, and say so when one is damaged', async () => {
    const packed = await packScript(EXAMPLES[0]!.text);
    expect(packed).toMatch(/^[\w-]+$/);
    expect(await unpackScript(packed!)).toBe(EXAMPLES[0]!.text);
    await expect(unpackScript(packed!.slice(0, -8))).rejects.toThrow('the link is damaged');
    await expect(unpackScript('*')).rejects.toThrow('the link is damaged');
    expect(await packScript(Array.from({ length: 40_000 }, (_, i) => Math.sin(i)).join())).toBeUndefined();
  });
});

describe('what a file is', () => {
  it.each([
    ['{"format":"vmm-script","version":1}\n', 'script'],
    ['\n{"op":"device"', 'script'],
    ['# target: vram\n0x0000100000: 00000000 deadbeef\n', 'dump'],
    ['0000100000: 0000000000000001 0000000000000002', 'dump'],
    ['[  1.0] nouveau 0000:01:00.0: fifo: fault 00', 'log'],
    ['{"MESSAGE":"nouveau","__REALTIME_TIMESTAMP":"1"}', 'log'],
    ['\u0000\u0001ELF', 'binary'],
  ])('%j', (text, kind) => {
    expect(fileKind(text)).toBe(kind);
  });
});

describe('texts', () => {
  it('name sizes exactly, or say that they are rounded', () => {
    expect([0, 512, 4096, 0x18000, 2 ** 49, 2 ** 40 - 4096].map(size)).toEqual([
      '0 B',
      '512 B',
      '4 KiB',
      '96 KiB',
      '512 TiB',
      '≈ 1024 GiB',
    ]);
  });

  it('read addresses as people write them', () => {
    expect(
      ['0x10', '1F', 'ffff_ffff 0000', '0x', '', 'g', '1'.repeat(33), `1${'0'.repeat(16)}`].map(parseAddress),
    ).toEqual([16n, 31n, 0xffffffff0000n, undefined, undefined, undefined, undefined, undefined]);
  });
});

describe.each(EXAMPLES)('example $id', ({ text, chip, open }) => {
  it('runs, and its tables are those that the walk of vmm-core finds', async () => {
    const recording = await record(text);
    expect(recording.error).toBeUndefined();
    expect(recording.chip).toBe(chip);
    expect(open.step).toBeLessThan(recording.count);
    const player = new Player(recording);
    for (let step = 0; step < recording.count; step++) {
      player.seek(step);
      for (const space of player.spaces) {
        const root = player.root(space);
        if (root === undefined) continue;
        const reader = new TableReader(space.format, player.image, root);
        checkTables(reader);
        for (const range of listRanges(space.format, player.image, root)) {
          const result = walk(space.format, player.image, root, range.va);
          expect(result.kind).toBe(range.kind);
          const level = space.format.levels.findIndex(({ name }) => name === range.level);
          const path = reader.path(Number(range.va), level);
          expect(reader.levelOf(path.at(-1)!.level).name).toBe(range.level);
        }
      }
    }
  });
});

/** Every table, its states and its runs, entry by entry. */
function checkTables(reader: TableReader): void {
  const visit = (table: TableRef, depth: number): void => {
    const states = reader.states(table);
    let next = 0;
    for (const { first, count, state } of entryRuns(reader, table)) {
      expect(first).toBe(next);
      next = first + count;
      for (const index of [first, next - 1]) expect(reader.entry(table, index)!.state).toBe(state);
    }
    expect(next).toBe(table.entries);
    expect(states).toHaveLength(table.entries);
    if (depth < 6) for (const child of reader.children(table)) visit(child, depth + 1);
  };
  visit(reader.top(), 0);
}
