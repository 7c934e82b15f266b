import * as fc from 'fast-check';
import { formatHeader, formatOperation, type Operation } from '@nvmmu/script';
import type { Chip } from '@nvmmu/vmm-core';
import { apply, WHAT, type Command } from './commands.js';
import { Session, type Setup } from './session.js';

/** A sequence of commands in an address space. */
export interface Plan {
  readonly setup: Setup;
  readonly commands: readonly Command[];
}

/** What came of running plans. */
export class Tally {
  plans = 0;
  operations = 0;
  lookups = 0;
  failures = 0;
  verified = 0;

  add(session: Session): void {
    this.plans++;
    this.operations += session.operations;
    this.lookups += session.lookups;
    this.failures += session.failures;
    this.verified += session.verified;
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

/** Plans of at most `length` commands. */
export function plans(length: number): fc.Arbitrary<Plan> {
  return fc.record({
    setup: setups,
    commands: fc.array(commands, { maxLength: length, size: 'max' }),
  });
}

/** Runs a plan; the session is returned, or left in `failed` when something is wrong. */
export function runPlan(chip: Chip, plan: Plan, tally?: Tally, failed?: { script?: readonly Operation[] }): void {
  let session: Session | undefined;
  try {
    session = new Session(chip, plan.setup);
    for (const command of plan.commands) apply(session, command);
    session.checkAll(plan.commands.length % VERIFY_EVERY === 0);
    session.close();
    tally?.add(session);
  } catch (error) {
    if (failed !== undefined && session !== undefined) failed.script = session.script;
    throw error;
  }
}

/** The operations of a session as the text of a script. */
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
