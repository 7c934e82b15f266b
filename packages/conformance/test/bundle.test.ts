import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readVectors, VECTOR_FILES, vectorUrl, type Vector } from '../src/index.js';
import { loadVectors } from './load.js';

async function collect(file: Uint8Array): Promise<Vector[]> {
  const vectors: Vector[] = [];
  for await (const vector of readVectors(file)) vectors.push(vector);
  return vectors;
}

describe.each(VECTOR_FILES)('the vectors of $chip', ({ chip, vectors, operations, bytes }) => {
  test('are as many as the list says', async () => {
    expect(readFileSync(vectorUrl(chip))).toHaveLength(bytes);
    const loaded = await loadVectors(chip);
    expect(loaded).toHaveLength(vectors);
    expect(loaded.reduce((sum, { results }) => sum + results.length, 0)).toBe(operations);
    expect(new Set(loaded.map(({ name }) => name)).size).toBe(vectors);
  });

  test('are for that chip, with a title, and a result for each operation', async () => {
    for (const vector of await loadVectors(chip)) {
      expect(vector.chip).toBe(chip);
      expect(vector.title).not.toBe('');
      expect(['handed', 'defects', 'random', 'raw']).toContain(vector.family);
      expect(vector.name.startsWith(`${vector.family}/${vector.topic}`)).toBe(true);
      expect(JSON.parse(vector.script[0] ?? '')).toMatchObject({ format: 'vmm-script', title: vector.title });
      expect(JSON.parse(vector.script[1] ?? '')).toMatchObject({ op: 'device', chip });
      const names = (lines: readonly string[]): string[] =>
        lines.map((line) => (JSON.parse(line) as { op: string }).op);
      expect(names(vector.results)).toEqual(names(vector.script.slice(1)));
    }
  });
});

test('816 scripts with 49,986 results in all', () => {
  const sum = (key: 'vectors' | 'operations'): number => VECTOR_FILES.reduce((total, file) => total + file[key], 0);
  expect([sum('vectors'), sum('operations')]).toEqual([816, 49_986]);
});

describe('readVectors', () => {
  const packed = readFileSync(vectorUrl('gk20a'));

  test('reads unpacked bytes as well', async () => {
    expect(await collect(gunzipSync(packed))).toEqual(await collect(packed));
  });

  test('refuses a file that is cut off, packed or not', async () => {
    await expect(collect(packed.subarray(0, packed.length >> 1))).rejects.toThrow();
    const text = gunzipSync(packed);
    await expect(collect(text.subarray(0, text.lastIndexOf(10, -2) + 1))).rejects.toThrow('cut off');
  });

  test('refuses something else', async () => {
    await expect(collect(new TextEncoder().encode('{"a":1}\n'))).rejects.toThrow('not a file of vectors');
    await expect(collect(new TextEncoder().encode('hello\n'))).rejects.toThrow(SyntaxError);
    expect(await collect(new Uint8Array())).toEqual([]);
  });
});
