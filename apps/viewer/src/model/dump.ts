import { CHIPS, findChip, splitLines } from '@nvmmu/script';
import {
  MemoryImage,
  parseDump,
  readInstance,
  scanRoots,
  type MemoryTarget,
  type MmuFormat,
  type Root,
} from '@nvmmu/vmm-core';

/** Memory that somebody dumped, with what it is read as. */
export interface DumpView {
  readonly format: MmuFormat;
  readonly root: Root;
}

/** Reads a text dump. Throws DumpError for a line that is none. */
export function readDump(text: string): MemoryImage {
  return new MemoryImage(parseDump(textLines(text)));
}

function* textLines(text: string): Generator<string, void, undefined> {
  for (const line of splitLines(text)) yield line.text;
}

/** How a chip reads its tables. */
export function formatOf(chip: string, bigPage?: 16 | 17): MmuFormat {
  const found = findChip(chip) ?? CHIPS[0];
  if (found === undefined) throw new RangeError(`no chip "${chip}"`);
  const takes = found.arguments.includes('bigPage');
  const config = { fbPage: bigPage ?? 17, stolen: 0 };
  return found.template(config, takes && bigPage !== undefined ? { bigPage } : {}).format;
}

/** The address space that a dump most likely holds. */
export function guessView(image: MemoryImage, format: MmuFormat): DumpView | undefined {
  const [best] = scanRoots(image, [format], { minScore: 0.2, limit: 1 });
  return best === undefined ? undefined : { format: best.format, root: best.root };
}

/** The address space whose top-level directory, or instance block, is at an address. */
export function viewAt(
  image: MemoryImage,
  format: MmuFormat,
  kind: 'directory' | 'instance',
  target: MemoryTarget,
  addr: bigint,
): DumpView | string {
  if (kind === 'directory') return { format, root: { kind: 'root', target, addr } };
  const result = readInstance(format, image, { target, addr });
  if (result.kind === 'root') return { format: result.format ?? format, root: result };
  return result.kind === 'unbound'
    ? `the instance block names no directory: ${result.why}`
    : `the instance block is not in the dump (0x${result.addr.toString(16)})`;
}
