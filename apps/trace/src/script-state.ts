import { readScript, ScriptError, ScriptRunner, type ScriptSpace, type StepResult } from '@nvmmu/script';
import type { Chip } from '@nvmmu/vmm-core';
import { Failure, EXIT } from './failure.js';
import { inputName, inputSize, openInput } from './input.js';
import { Progress } from './progress.js';

/** What of a script to run, and how. */
export interface ScriptRun {
  /** Number of the last operation to run, as `run` prints them; all by default. */
  readonly at?: number | undefined;
  /** Run on this chip, whatever the script says. */
  readonly chip?: Chip | undefined;
  /** Called after each operation. */
  readonly onStep?: (step: StepResult, runner: ScriptRunner) => void;
  /** Called before each operation. */
  readonly beforeStep?: (operation: StepResult['operation'], runner: ScriptRunner) => void;
}

/**
 * Runs a script, or the first part of it.
 *
 * @param path - File, or `-` for standard input.
 * @throws Failure for a mistake in the script, and when it has no operation with the number `at`.
 */
export async function runScript(path: string, { at, chip, onStep, beforeStep }: ScriptRun = {}): Promise<ScriptRunner> {
  const runner = new ScriptRunner({ log: 'none', events: false, hash: false, ...(chip !== undefined && { chip }) });
  const size = await inputSize(path);
  const progress = new Progress('operations');
  let read = 0;
  try {
    for await (const operation of readScript(openInput(path, (count) => (read += count)))) {
      if (at !== undefined && runner.count > at) break;
      beforeStep?.(operation, runner);
      const step = runner.step(operation);
      onStep?.(step, runner);
      progress.update(runner.count, size === undefined ? undefined : read / size);
    }
  } catch (error) {
    if (error instanceof ScriptError) {
      throw new Failure(`${inputName(path)}: ${error.message}`, EXIT.usage, { cause: error });
    }
    throw error;
  } finally {
    progress.end();
  }
  if (at !== undefined && runner.count <= at) {
    throw new Failure(`${inputName(path)} has no operation ${at}: the last is ${runner.count - 1}`);
  }
  return runner;
}

/**
 * An address space of a script: the one with that id, or the current one.
 *
 * @throws Failure when there is none, or it is closed.
 */
export function spaceOf(runner: ScriptRunner, id?: string): ScriptSpace {
  const all = [...runner.spaces].map(([name]) => name);
  const space = id === undefined ? (runner.current ?? lastOpen(runner)) : runner.spaces.get(id);
  if (space === undefined) {
    if (all.length === 0) throw new Failure('the script creates no address space up to there');
    if (id === undefined) throw new Failure('every address space of the script is closed there: stop before with --at');
    throw new Failure(`there is no address space "${id}", only ${all.join(', ')}`);
  }
  if (space.closed !== undefined) {
    throw new Failure(`address space "${space.id}" is closed on line ${space.closed}: stop before with --at`);
  }
  return space;
}

function lastOpen(runner: ScriptRunner): ScriptSpace | undefined {
  let found: ScriptSpace | undefined;
  for (const [, space] of runner.spaces) if (space.closed === undefined) found = space;
  return found;
}
