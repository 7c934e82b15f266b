import { readFileSync } from 'node:fs';
import { readVectors, vectorUrl } from '@nvmmu/conformance';

/** Script and recorded results of one vector, as the text of two files. */
export async function vectorFiles(chip: string, name: string): Promise<{ script: string; recorded: string }> {
  for await (const vector of readVectors(readFileSync(vectorUrl(chip)))) {
    if (vector.name !== name) continue;
    return { script: `${vector.script.join('\n')}\n`, recorded: `${vector.results.join('\n')}\n` };
  }
  throw new Error(`no vector ${name}`);
}
