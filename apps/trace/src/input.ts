import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { EXIT, Failure, messageOf } from './failure.js';

/** What to call an input in messages. */
export function inputName(path: string): string {
  return path === '-' ? 'standard input' : path;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'is a folder',
};

/** The message for a file that could not be used. */
export function fileFailure(path: string, error: unknown): Failure {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const reason = REASONS[code] ?? messageOf(error);
  return new Failure(`${inputName(path)}: ${reason}`, EXIT.usage, { cause: error });
}

/** Opens a file, or standard input for `-`, as chunks of bytes. Throws Failure when it can't be read. */
export async function* openInput(path: string, onBytes?: (count: number) => void): AsyncGenerator<Uint8Array> {
  const stream: Readable = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 1 << 18 });
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      onBytes?.(chunk.length);
      yield chunk;
    }
  } catch (error) {
    throw fileFailure(path, error);
  } finally {
    if (path !== '-') stream.destroy();
  }
}

/** Size of a file in bytes, `undefined` for standard input and what has none. Throws Failure when there is no file. */
export async function inputSize(path: string): Promise<number | undefined> {
  if (path === '-') return undefined;
  try {
    const info = await stat(path);
    return info.isFile() ? info.size : undefined;
  } catch (error) {
    throw fileFailure(path, error);
  }
}
