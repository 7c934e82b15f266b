import { readFileSync } from 'node:fs';
import { readVectors, vectorUrl, type Vector } from '../src/index.js';

/** The vectors of one chip that come with the package. */
export async function loadVectors(chip: string): Promise<Vector[]> {
  const vectors: Vector[] = [];
  for await (const vector of readVectors(readFileSync(vectorUrl(chip)))) vectors.push(vector);
  return vectors;
}

/** The first vector of a chip with that name. */
export async function loadVector(chip: string, name: string): Promise<Vector> {
  const vector = (await loadVectors(chip)).find((one) => one.name === name);
  if (vector === undefined) throw new Error(`no vector ${name}`);
  return vector;
}
