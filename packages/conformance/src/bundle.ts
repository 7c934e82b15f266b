import { readLines, type ByteSource } from '@nvmmu/script';

/** One script with the results that the reference driver gave. */
export interface Vector {
  /** Family and name: `handed/basic.gp100`. */
  readonly name: string;
  /** `handed`, `defects`, `random` or `raw`. */
  readonly family: string;
  /** What is tried, the first part of the name after the family: `basic`. */
  readonly topic: string;
  readonly chip: string;
  /** What the script shows. */
  readonly title: string;
  /** Lines of the script, the header among them. */
  readonly script: readonly string[];
  /** Result lines, one for each operation. */
  readonly results: readonly string[];
}

/** Where the vectors of a chip lie: read the file and hand its bytes to {@link readVectors}. */
export function vectorUrl(chip: string): URL {
  return new URL(`../vectors/${chip}.jsonl.gz`, import.meta.url);
}

interface Head {
  readonly vector: string;
  readonly chip: string;
  readonly title: string;
  readonly operations: number;
}

function parseHead(text: string): Head {
  const head = JSON.parse(text) as Partial<Head>;
  if (head.vector === undefined || head.chip === undefined || head.operations === undefined) {
    throw new TypeError('not a file of vectors');
  }
  return { vector: head.vector, chip: head.chip, title: head.title ?? '', operations: head.operations };
}

async function* unpack(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) {
    yield bytes;
    return;
  }
  const reader = new Blob([bytes as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream('gzip'))
    .getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) yield chunk.value;
}

/**
 * Reads the vectors out of a file of them.
 *
 * @param file - The bytes of a file, compressed or not.
 * @throws TypeError or SyntaxError when it is something else.
 */
export async function* readVectors(file: Uint8Array): AsyncGenerator<Vector, void, undefined> {
  const source: ByteSource = unpack(file);
  const lines = readLines(source);
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new TypeError('the file of vectors is cut off');
    return line.value.text;
  };
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
    const { vector: name, chip, title, operations } = parseHead(line.value.text);
    const script: string[] = [];
    const results: string[] = [];
    for (let i = 0; i <= operations; i++) script.push(await next());
    for (let i = 0; i < operations; i++) results.push(await next());
    const [family = '', file = ''] = name.split('/');
    yield { name, family, topic: file.split('.')[0] ?? file, chip, title, script, results };
  }
}
