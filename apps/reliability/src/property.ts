import * as fc from 'fast-check';
import { formatHeader, formatOperation, type Operation } from '@nvmmu/script';
import type { Chip } from '@nvmmu/vmm-core';
import { apply, WHAT, type Command } from './commands.js';
import { Machine } from './machine.js';
import { Session, type Setup } from './session.js';

/** A command, and a number to choose its address space with. */
export type Step = readonly [space: number, command: Command];

/** A sequence of commands in the address spaces of one device. */
export interface Plan {
  readonly setups: readonly Setup[];
  readonly steps: readonly Step[];
}

/** What came of running plans. */
export class Tally {
  plans = 0;
  operations = 0;
  lookups = 0;
  failures = 0;
  verified = 0;

  add(machine: Machine, sessions: readonly Session[]): void {
    this.plans++;
    this.operations += machine.operations;
    this.failures += machine.failures;
    for (const { lookups, verified } of sessions) {
      this.lookups += lookups;
      this.verified += verified;
    }
  }
}

/** The complete check of a space, at the end of a plan, is for plans whose length is a multiple of this. */
const VERIFY_EVERY = 8;

const START = [0, 0x1fe000, 0x1fff_0000, 0x3f_ffc0_0000] as const;

const setups: fc.Arbitrary<Setup> = fc
  .tuple(
    fc.constantFrom('unmanaged', 'managed', 'raw', 'unmanaged', 'raw', 'small'),
    fc.nat(START.length - 1),
    fc.constantFrom<16 | 17>(17, 16),
    fc.boolean(),
  )
  .map(([type, start, bigPage, boot]) => {
    if (type === 'small') return { type: 'unmanaged', addr: 0, size: 0x100_0000, bigPage, boot };
    if (type === 'unmanaged') return { type, addr: START[start] as number, size: 0, bigPage, boot: false };
    // The window of the driver; commands work in the 4 MiB from 0x400000 and around 512 MiB.
    const addr = type === 'raw' ? 0x1_0000_0000 : 0x60_0000;
    return { type: type === 'raw' ? 'raw' : 'managed', addr, size: 0x40_0000, bigPage, boot: false };
  });

const commands: fc.Arbitrary<Command> = fc.tuple(fc.nat(WHAT - 1), fc.nat(0xffff), fc.nat(0xffff), fc.nat(0xffff));

/** Plans of at most `length` commands; most have one address space, some two or three that take turns. */
export function plans(length: number): fc.Arbitrary<Plan> {
  return fc.record({
    setups: fc.oneof(
      { weight: 2, arbitrary: fc.array(setups, { minLength: 1, maxLength: 1 }) },
      { weight: 1, arbitrary: fc.array(setups, { minLength: 2, maxLength: 3 }) },
    ),
    steps: fc.array(fc.tuple(fc.nat(5), commands), { maxLength: length, size: 'max' }),
  });
}

/** Places of each other space that are compared after a command. */
const LOOKS_ELSEWHERE = 3;

/** Runs a plan; what has run is left in `failed` when something is wrong. */
export function runPlan(chip: Chip, plan: Plan, tally?: Tally, failed?: { script?: readonly Operation[] }): void {
  let machine: Machine | undefined;
  try {
    machine = new Machine(chip, plan.setups[0]?.bigPage ?? 17);
    const sessions: Session[] = [];
    for (const setup of plan.setups) sessions.push(new Session(chip, setup, machine));
    for (const [space, command] of plan.steps) {
      const session = sessions[space % sessions.length] as Session;
      apply(session, command);
      // What one space does must not show in another.
      for (const other of sessions) if (other !== session) other.lookBack(LOOKS_ELSEWHERE);
    }
    const verify = plan.steps.length % VERIFY_EVERY === 0;
    sessions.forEach((session, i) => {
      session.checkAll(verify);
      session.close();
      for (const other of sessions.slice(i + 1)) other.checkAll(verify);
    });
    tally?.add(machine, sessions);
  } catch (error) {
    if (failed !== undefined && machine !== undefined) failed.script = machine.script;
    throw error;
  }
}

/** Operations as the text of a script. */
export function scriptText(title: string, operations: readonly Operation[]): string {
  return [formatHeader({ title }), ...operations.map(formatOperation)].join('\n') + '\n';
}

/** A sequence that goes wrong, as short as shrinking makes it. */
export interface Counterexample {
  readonly message: string;
  readonly script: string;
  readonly shrinks: number;
}

/** Runs `runs` random plans on a chip. */
export function checkChip(
  chip: Chip,
  options: { readonly seed: number; readonly runs: number; readonly length: number; readonly tally?: Tally },
): Counterexample | undefined {
  const { seed, runs, length, tally } = options;
  let hasFailed = false;
  const property = fc.property(plans(length), (plan) => {
    try {
      // What runs while a failure is being shrunk is not counted.
      runPlan(chip, plan, hasFailed ? undefined : tally);
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  });
  // Most refused calls throw, and nobody looks at where from.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const details = fc.check(property, { seed, numRuns: runs });
  Error.stackTraceLimit = stackTraceLimit;
  if (!details.failed) return undefined;
  const plan = details.counterexample?.[0];
  const failed: { script?: readonly Operation[] } = {};
  let message = String(details.errorInstance);
  if (plan !== undefined) {
    try {
      runPlan(chip, plan, undefined, failed);
    } catch (error) {
      message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
  }
  return { message, script: scriptText(`${chip.name} seed ${seed}`, failed.script ?? []), shrinks: details.numShrinks };
}
