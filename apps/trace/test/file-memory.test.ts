import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MemoryWindow } from '@nvmmu/vmm-core';
import { expect, test } from 'vitest';
import { FileMemory, JoinedMemory } from '../src/file-memory.js';
import { traceInProcess } from './in-process.js';
import { folder } from './program.js';

const VRAM = readFileSync(fileURLToPath(new URL('../../../examples/vram.bin', import.meta.url)));
const CHUNK = 1 << 18;

test('words are those of the file, wherever its pieces end', () => {
  const words = Uint32Array.from({ length: (3 * CHUNK) / 4 + 5 }, (_, i) => Math.imul(i, 2654435761) >>> 0);
  const file = join(folder(), 'a.bin');
  // Three bytes more are no word.
  writeFileSync(file, Buffer.concat([Buffer.from(words.buffer), Buffer.alloc(3)]));
  const memory = new FileMemory(file, 0x1000, 'vram');
  const window = new MemoryWindow();
  for (const i of [0, 1, CHUNK / 4 - 1, CHUNK / 4, words.length - 1]) {
    expect(memory.read32('vram', 0x1000 + 4 * i)).toBe(words[i]);
    expect(memory.window('vram', 0x1000 + 4 * i, window)).toBe(true);
    expect(window.words[window.at]).toBe(words[i]);
    expect([...window.words.subarray(window.at, window.at + window.count)]).toEqual([
      ...words.subarray(i, i + window.count),
    ]);
  }
  const end = 0x1000 + 4 * words.length;
  for (const addr of [0xffc, end, 0x1002]) {
    expect(memory.read32('vram', addr)).toBeUndefined();
    expect(memory.window('vram', addr, window)).toBe(false);
  }
  expect(memory.read32('host', 0x1000)).toBeUndefined();
  expect([
    memory.next('vram', 0),
    memory.next('vram', 0x2000),
    memory.next('vram', end),
    memory.next('host', 0),
  ]).toEqual([0x1000, 0x2000, undefined, undefined]);
  memory.close();
});

test('several memories are one', () => {
  const path = folder();
  const file = (name: string, ...words: number[]): string => {
    writeFileSync(join(path, name), new Uint8Array(Uint32Array.from(words).buffer));
    return join(path, name);
  };
  const memory = new JoinedMemory([
    new FileMemory(file('a', 1, 2), 0x2000, undefined),
    new FileMemory(file('b', 3), 0x1000, 'host'),
  ]);
  expect([memory.read32('vram', 0x2004), memory.read32('host', 0x1000), memory.read32('vram', 0x1000)]).toEqual([
    2,
    3,
    undefined,
  ]);
  expect([memory.next('vram', 0), memory.next('host', 0), memory.next('host', 0x1004)]).toEqual([
    0x2000, 0x1000, 0x2000,
  ]);
});

test('an image larger than memory is read where the tables are', async () => {
  const file = join(folder(), 'card.bin');
  const at = 20 * 2 ** 30 + 0x100000;
  const handle = openSync(file, 'w');
  ftruncateSync(handle, 24 * 2 ** 30);
  writeSync(handle, VRAM, 0, VRAM.length, at);
  closeSync(handle);
  const far = ['--image', `${file}@0x0`, '--chip', 'gp100', '--pdb', `0x${at.toString(16)}`, '--json', '0x0'];
  const [line] = (await traceInProcess(['walk', ...far])).stdout.split('\n');
  // Entries of the example point below 16 MiB, where this image has zeros.
  expect(JSON.parse(line ?? '')).toMatchObject({
    result: 'fault',
    steps: [{ table: `0x${at.toString(16)}`, value: '0x10202' }, { table: '0x102000' }],
  });
});
