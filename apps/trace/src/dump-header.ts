import { findChip, type ScriptRunner } from '@nvmmu/script';
import type { Chip, MemoryImage, MemoryTarget, Root } from '@nvmmu/vmm-core';
import { rootOf } from './tables.js';
import { formatHex } from './values.js';

// What a dump says about itself, in lines that readers of dumps skip:
//
//   # chip: gp100
//   # space: app directory vram 0x100000 limit 0x1ffffffffffff
//   # space: old directory vram 0x40000 limit 0xffffffffff big-page 17

/** An address space that a dump names. */
export interface DumpedSpace {
  readonly id: string;
  readonly root: Root;
  readonly bigPage: 16 | 17 | undefined;
}

/** What a dump says about itself. */
export interface DumpHeader {
  readonly chip: Chip | undefined;
  /** The open address spaces; the current one is the last. */
  readonly spaces: readonly DumpedSpace[];
}

/** The lines for a script's state. */
export function* writeDumpHeader(runner: ScriptRunner, image: MemoryImage): Generator<string> {
  if (runner.chip === undefined) return;
  yield `# chip: ${runner.chip.name}`;
  const spaces = [...runner.spaces].map(([, space]) => space).filter(({ closed }) => closed === undefined);
  const { current } = runner;
  for (const space of [
    ...spaces.filter(({ id }) => id !== current?.id),
    ...spaces.filter(({ id }) => id === current?.id),
  ]) {
    const root = rootOf(space, image);
    if (root === undefined) continue;
    const format = root.format ?? space.vmm.state.template.format;
    const limit = root.limit === undefined ? '' : ` limit ${formatHex(root.limit)}`;
    const big = format.bigPageShift === undefined ? '' : ` big-page ${format.bigPageShift}`;
    yield `# space: ${JSON.stringify(space.id)} directory ${root.target} ${formatHex(root.addr)}${limit}${big}`;
  }
}

const CHIP = /^# chip: (\w+)$/;
const SPACE =
  /^# space: ("(?:[^"\\]|\\.)*") directory (vram|host|ncoh) (0x[0-9a-f]{1,15})(?: limit (0x[0-9a-f]{1,16}))?(?: big-page (16|17))?$/;

/** Gathers what the lines of a dump say about it. */
export class DumpHeaderReader {
  #chip: Chip | undefined = undefined;
  readonly #spaces: DumpedSpace[] = [];

  /** Looks at a line; what is no line of a header is not looked at any further. */
  line(text: string): void {
    if (!text.startsWith('# ')) return;
    const line = text.trimEnd();
    const chip = CHIP.exec(line)?.[1];
    if (chip !== undefined) this.#chip = findChip(chip);
    const [, id, target, addr, limit, big] = SPACE.exec(line) ?? [];
    if (id === undefined || addr === undefined) return;
    this.#spaces.push({
      id: JSON.parse(id) as string,
      root: {
        kind: 'root',
        target: target as MemoryTarget,
        addr: BigInt(addr),
        ...(limit !== undefined && { limit: BigInt(limit) }),
      },
      bigPage: big === undefined ? undefined : big === '16' ? 16 : 17,
    });
  }

  /** What was there. */
  get header(): DumpHeader {
    return { chip: this.#chip, spaces: this.#spaces };
  }
}
