// What must hold of the readers of strangers' input, whatever that input is. Each oracle throws when it does not; the
// tests feed them with mutations, `tools/fuzzing` under the guidance of coverage.

import { createFaultDecoder, decodeLog } from '@nvmmu/faults';
import { CHIPS, parseScript, ScriptError, ScriptRunner } from '@nvmmu/script';
import {
  DumpError,
  ExtractorError,
  listRanges,
  MemoryImage,
  parseDump,
  readExtractorTree,
  readInstance,
  scanRoots,
  walk,
  Walker,
  type MmuFormat,
} from '@nvmmu/vmm-core';

/** Most page-table memory that a hostile script may have, in bytes. */
const MEMORY_LIMIT = 2 ** 26;

/** A reader did something that none may do, other than throwing the wrong error. */
export class OracleError extends Error {
  override readonly name = 'OracleError';
}

function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new OracleError(otherwise);
}

/** The script parser says on which line a mistake is. */
export function readScript(text: string): void {
  try {
    const { operations } = parseScript(text);
    must(operations.length <= text.length, 'more operations than characters');
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    const lines = text.split('\n').length;
    must(error.line >= 1 && error.line <= lines + 1, `a mistake on line ${error.line} of ${lines}`);
  }
}

/** A script that parses runs, or names the line that does not; what it leaves is in order. */
export function runScript(text: string): void {
  try {
    const { operations } = parseScript(text);
    const runner = new ScriptRunner({ hash: false, memoryLimit: MEMORY_LIMIT });
    for (const operation of operations) runner.step(operation);
    for (const [, { vmm, closed }] of runner.spaces) if (closed === undefined) vmm.verify();
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
  }
}

/** The log decoder takes anything. */
export function readLog(text: string): void {
  const { faults, partials } = decodeLog(text);
  must(faults.length + partials.length <= text.length, 'more faults than characters');
}

/** The log decoder finds the same in pieces of bytes as in the whole. */
export function readLogInPieces(bytes: Uint8Array, lengths: readonly number[]): void {
  let found = 0;
  const whole = decodeLog(bytes);
  const decoder = createFaultDecoder({
    onFault: () => {
      found++;
    },
  });
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const end = at + Math.max(1, lengths[i % lengths.length] ?? 1);
    decoder.push(bytes.subarray(at, end));
    at = end;
  }
  decoder.end();
  must(found === whole.faults.length, `${found} faults in pieces, ${whole.faults.length} in the whole`);
}

/** The dump reader says on which line a mistake is. */
export function readDump(text: string): void {
  try {
    new MemoryImage(parseDump(text.split('\n')));
  } catch (error) {
    // Lines that overlap are found when the image is put together.
    if (!(error instanceof DumpError) && !(error instanceof RangeError)) throw error;
    if (error instanceof DumpError) must(/line \d+/.test(error.message), `no line in: ${error.message}`);
  }
}

/** The reader of page-table trees says on which line a mistake is. */
export function readTree(text: string): void {
  try {
    readExtractorTree(text.split('\n'));
  } catch (error) {
    if (!(error instanceof ExtractorError)) throw error;
    must(/line \d+/.test(error.message), `no line in: ${error.message}`);
  }
}

/** Formats of all chips. */
export const FORMATS: readonly MmuFormat[] = CHIPS.map((chip) => chip.template({ fbPage: 17, stolen: 0 }, {}).format);

/** Where the directory is in images of page tables. */
export const IMAGE_BASE = 0x10_0000;

const ROOT = { kind: 'root', target: 'vram', addr: BigInt(IMAGE_BASE) } as const;

/** A walk ends, whatever it reads. */
export function walkImage(format: MmuFormat, image: MemoryImage, va: bigint): void {
  const result = walk(format, image, ROOT, va);
  must(result.steps.length < 18, `a walk of ${result.steps.length} steps`);
  const walker = new Walker(format, image, ROOT);
  for (let i = 0; i < 200; i++) walker.lookup((i * 0x1357_9000 * 16) % 2 ** format.vaBits);
  walk(format, image, readInstance(format, image, { target: 'vram', addr: BigInt(IMAGE_BASE) }), va);
}

/** A list of ranges is in order, and ends where it is told to. */
export function listImage(format: MmuFormat, image: MemoryImage): void {
  let last = -1n;
  let count = 0;
  for (const range of listRanges(format, image, ROOT, { maxEntries: 20_000 })) {
    must(range.va > last, `a range at 0x${range.va.toString(16)} behind one at 0x${last.toString(16)}`);
    last = range.va;
    must(++count <= 50_000, 'more ranges than entries');
  }
}

/** A scan for directories ends. */
export function scanImage(format: MmuFormat, image: MemoryImage): void {
  must(scanRoots(image, [format]).length <= 32, 'more directories than a scan may find');
}
