import { aliases } from '@nvmmu/vmm-core';
import { Command } from 'commander';
import { parseRange, type AddressRange } from '../addresses.js';
import { apertureName } from '../describe-page.js';
import { Output } from '../output.js';
import { directoryOf, openState, STATE_HELP, withStateOptions, type StateFlags } from '../state-source.js';
import { formatHex, formatSize } from '../values.js';

interface AliasFlags extends StateFlags {
  readonly range?: AddressRange;
  readonly json?: true;
}

/** `aliases …`. */
export function aliasesCommand(): Command {
  return withStateOptions(new Command('aliases').description('find physical memory that is mapped more than once'))
    .option('--range <range>', 'only virtual addresses START-END or START+SIZE', parseRange)
    .option('--json', 'print a line of JSON for each piece of memory')
    .addHelpText(
      'after',
      `${STATE_HELP}

Examples:
  nvmmu-trace aliases --script script.vmm.jsonl
  nvmmu-trace aliases --dump memory.txt --chip gp100 --pdb 0x100000 --json`,
    )
    .action(run);
}

async function run(flags: AliasFlags): Promise<void> {
  const state = await openState(flags);
  const out = new Output();
  const range = flags.range === undefined ? {} : { start: flags.range.start, end: flags.range.end };
  let any = false;
  for (const alias of aliases(state.format, state.reader, directoryOf(state), range)) {
    any = true;
    const { addr, size, count, vas } = alias;
    if (flags.json === true) {
      const { aperture, peer } = alias;
      out.line(
        JSON.stringify({
          addr: formatHex(addr),
          size: formatHex(size),
          aperture,
          ...(aperture === 'peer' && { peer }),
          count,
          vas: vas.map(formatHex),
        }),
      );
    } else {
      const more = count > vas.length ? ` and ${count - vas.length} more` : '';
      const place = `${apertureName(alias)} ${formatHex(addr)}-${formatHex(addr + size)}`;
      out.line(`${place} ${formatSize(size)}, ${count} times: at ${vas.map(formatHex).join(', ')}${more}`);
    }
    if (out.full) await out.drain();
    if (out.closed) return;
  }
  if (!any && flags.json !== true) out.line(`no memory is mapped more than once in ${state.title}`);
  await out.drain();
}
