import { findPhysical, type Aperture } from '@nvmmu/vmm-core';
import { Command, Option } from 'commander';
import { parseAddress, parseSize } from '../addresses.js';
import { EXIT } from '../failure.js';
import { Output } from '../output.js';
import { directoryOf, openState, STATE_HELP, withStateOptions, type StateFlags } from '../state-source.js';
import { paintFor } from '../style.js';
import { formatHex, formatSize } from '../values.js';
import { describeRange, rangeJson } from './tables.js';

interface FindFlags extends StateFlags {
  readonly phys: bigint;
  readonly size: bigint;
  readonly aperture?: Aperture;
  readonly json?: true;
}

/** `find --phys ADDR …`. */
export function findCommand(): Command {
  return withStateOptions(
    new Command('find').description('find the virtual addresses that map a piece of physical memory'),
  )
    .addOption(new Option('--phys <addr>', 'its first byte').argParser(parseAddress).makeOptionMandatory())
    .addOption(new Option('--size <size>', 'its size').argParser(parseSize).default(1n, '1 byte'))
    .addOption(
      new Option('--aperture <where>', 'only in this memory; all by default').choices(['vram', 'peer', 'host', 'ncoh']),
    )
    .option('--json', 'print a line of JSON for each range, with the keys of "tables --json"')
    .addHelpText(
      'after',
      `${STATE_HELP}

Exit code 1 says that nothing maps it.

Examples:
  nvmmu-trace find --phys 0x40000000 --script script.vmm.jsonl
  nvmmu-trace find --phys 0x40000000 --size 64K --aperture vram --image vram.bin@0x0 --chip gp100 --pdb 0x100000`,
    )
    .action(run);
}

async function run(flags: FindFlags): Promise<void> {
  const state = await openState(flags);
  const out = new Output();
  const paint = paintFor(process.stdout);
  let found = false;
  const ranges = findPhysical(state.format, state.reader, directoryOf(state), flags.phys, {
    size: flags.size,
    ...(flags.aperture !== undefined && { apertures: [flags.aperture] }),
  });
  for (const range of ranges) {
    found = true;
    out.line(flags.json === true ? JSON.stringify(rangeJson(range)) : describeRange(range, paint));
    if (out.full) await out.drain();
    if (out.closed) return;
  }
  if (!found) {
    if (flags.json !== true) {
      const what =
        flags.size === 1n ? formatHex(flags.phys) : `${formatSize(flags.size)} from ${formatHex(flags.phys)}`;
      out.line(`nothing in ${state.title} maps ${what}${flags.aperture === undefined ? '' : ` in ${flags.aperture}`}`);
    }
    process.exitCode = EXIT.no;
  }
  await out.drain();
}
