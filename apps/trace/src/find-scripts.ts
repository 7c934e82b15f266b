import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from './failure.js';
import { fileFailure } from './input.js';

const SCRIPT = '.vmm.jsonl';
const RECORDED = '.golden.jsonl';

/** A script and its recorded results. */
export interface ScriptPair {
  readonly script: string;
  readonly recorded: string;
}

/**
 * Finds scripts with recorded results.
 *
 * @param paths - Scripts, or folders, which are searched with all folders in them in order of name.
 * @throws Failure for a path that does not exist, a script without recorded results, or when there is none at all.
 */
export async function findScripts(paths: readonly string[]): Promise<ScriptPair[]> {
  const pairs: ScriptPair[] = [];
  for (const path of paths) {
    try {
      if ((await stat(path)).isDirectory()) await search(path, pairs);
      else pairs.push(await pairOf(path));
    } catch (error) {
      throw error instanceof Failure ? error : fileFailure(path, error);
    }
  }
  if (pairs.length === 0) throw new Failure(`no ${SCRIPT} with a ${RECORDED} beside it in ${paths.join(', ')}`);
  return pairs;
}

async function pairOf(path: string): Promise<ScriptPair> {
  if (!path.endsWith(SCRIPT)) throw new Failure(`${path}: a script to check is called NAME${SCRIPT}`);
  const recorded = recordedOf(path);
  try {
    await stat(recorded);
  } catch (error) {
    throw fileFailure(recorded, error);
  }
  return { script: path, recorded };
}

async function search(folder: string, pairs: ScriptPair[]): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = new Set(entries.map(({ name }) => name));
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await search(path, pairs);
    // Scripts without results, such as workloads for timing, are no cases of a test.
    else if (entry.name.endsWith(SCRIPT) && names.has(recordedOf(entry.name))) {
      pairs.push({ script: path, recorded: recordedOf(path) });
    }
  }
}

function recordedOf(script: string): string {
  return script.slice(0, -SCRIPT.length) + RECORDED;
}
