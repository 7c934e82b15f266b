import type { Chip, RegionInfo } from '@nvmmu/vmm-core';
import type { AddressRef, Operation } from '../operations.js';
import type { ScriptSpace } from '../names.js';
import { ScriptRunner } from '../runner.js';
import { checkArguments } from './argument-rules.js';
import { createMemory, overlaps, type Finding, type LintContext, type Rule, type SpaceMemory } from './finding.js';
import { checkFrames } from './frame-rules.js';
import { checkLife, reportLeft } from './life-rules.js';
import { checkMappings } from './mapping-rules.js';
import { checkTraces } from './trace-rules.js';

/** Options of a {@link Linter}. */
export interface LintOptions {
  /** Looks at the script as if it were for this chip. */
  readonly chip?: Chip;
}

/** Regions that are looked through for those an operation touches. */
const REGION_LIMIT = 2000;

/**
 * Looks for patterns in a script that hurt on a real driver: known defects of it, and waste. It runs the script on the
 * simulated device, which has those defects corrected, and tells from the state where an uncorrected driver goes wrong.
 */
export class Linter {
  readonly runner: ScriptRunner;
  readonly #memories = new Map<string, SpaceMemory>();
  #current: string | undefined = undefined;
  #armed = false;
  #last: Operation | undefined = undefined;

  constructor(options: LintOptions = {}) {
    this.runner = new ScriptRunner({
      log: 'trace',
      events: false,
      hash: false,
      ...(options.chip !== undefined && { chip: options.chip }),
    });
  }

  /** Runs the next operation and says what is wrong with it. Throws as {@link ScriptRunner.step} does. */
  step(operation: Operation): Finding[] {
    const { runner } = this;
    this.#last = operation;
    const id = 'vmm' in operation ? (operation.vmm ?? this.#current) : undefined;
    const space = id === undefined ? undefined : runner.spaces.get(id);
    const addr = this.#addressOf(operation);
    const usable = space !== undefined && !space.vmm.isClosed;
    const region = usable && addr !== undefined ? space.vmm.regionAt(addr) : undefined;
    const size = sizeOf(operation, region);
    const touched = usable && addr !== undefined && size !== undefined ? touch(space, addr, size) : [];
    const index = runner.count;
    const step = runner.step(operation);
    const { chip } = runner;
    if (operation.op === 'vmm' && step.ret === 0) this.#current = operation.id;
    const out: Finding[] = [];
    if (chip !== undefined) {
      const context: LintContext = {
        runner,
        chip,
        operation,
        space,
        memory: this.#memory(id),
        addr,
        region,
        touched,
        size,
        step,
        armed: this.#armed,
        report: (rule, message) => {
          out.push({ line: operation.line, index, op: operation.op, ...rule, message });
        },
      };
      checkArguments(context);
      checkMappings(context);
      checkFrames(context);
      checkLife(context);
      checkTraces(context);
    }
    if (operation.op === 'failalloc') this.#armed = true;
    if (step.error?.code === 'ENOMEM') this.#armed = false;
    if (operation.op === 'close' && step.ret === 0 && id !== undefined) {
      this.#memories.delete(id);
      if (id === this.#current) this.#current = undefined;
    }
    return out;
  }

  /** Says what the script leaves behind in spaces that it does not close. */
  end(): Finding[] {
    const out: Finding[] = [];
    const line = this.#last?.line ?? 0;
    for (const [, memory] of this.#memories) {
      const report = (rule: Rule, message: string): void => {
        out.push({ line, index: this.runner.count - 1, op: 'end', ...rule, message });
      };
      reportLeft(memory, { report });
    }
    return out;
  }

  #memory(id: string | undefined): SpaceMemory {
    const key = id ?? '';
    let memory = this.#memories.get(key);
    if (memory === undefined) {
      memory = createMemory();
      this.#memories.set(key, memory);
    }
    return memory;
  }

  #addressOf(operation: Operation): bigint | undefined {
    if ('at' in operation) return this.#resolve(operation.at);
    if (operation.op.startsWith('raw') && 'addr' in operation) return operation.addr;
    return undefined;
  }

  #resolve(at: AddressRef): bigint | undefined {
    if ('addr' in at) return at.addr;
    const base = this.runner.addresses.get(at.vma);
    return base === undefined ? undefined : base + at.delta;
  }
}

function sizeOf(operation: Operation, region: RegionInfo | undefined): bigint | undefined {
  switch (operation.op) {
    case 'map':
      return operation.size ?? region?.size;
    case 'pfnmap': {
      const { frames, page, size } = operation;
      return size ?? BigInt('list' in frames ? frames.list.length : frames.count) << BigInt(page);
    }
    case 'pfnclr':
    case 'rawget':
    case 'rawput':
    case 'rawmap':
    case 'rawunmap':
    case 'rawsparse':
      return operation.size;
    default:
      return undefined;
  }
}

function touch(space: ScriptSpace, addr: bigint, size: bigint): RegionInfo[] {
  const out: RegionInfo[] = [];
  let seen = 0;
  for (const region of space.vmm.regions()) {
    if (region.addr >= addr + size || ++seen > REGION_LIMIT) break;
    if (region.used && overlaps(region, { addr, size })) out.push(region);
  }
  return out;
}
