import { WORKLOADS } from '@nvmmu/script';
import { Command, Option } from 'commander';
import { Failure } from '../failure.js';
import { Output } from '../output.js';

interface GenFlags {
  readonly workload?: string;
}

/** `gen`. */
export function genCommand(): Command {
  return new Command('gen')
    .description('write a script: one of the workloads that speed is measured with')
    .addOption(new Option('--workload <name>', 'a workload for timing').choices(WORKLOADS.map(({ name }) => name)))
    .addHelpText(
      'after',
      `
Examples:
  nvmmu-trace gen --workload 3-frag > frag.vmm.jsonl
  nvmmu-trace gen --workload 1-map4g | nvmmu-trace time -`,
    )
    .action(gen);
}

async function gen(flags: GenFlags): Promise<void> {
  const workload = WORKLOADS.find(({ name }) => name === flags.workload);
  if (workload === undefined)
    throw new Failure(`name a workload: --workload ${WORKLOADS.map(({ name }) => name).join('|')}`);
  const out = new Output();
  for (const line of workload.lines()) {
    out.line(line);
    if (out.full) await out.drain();
    if (out.closed) return;
  }
  await out.drain();
}
