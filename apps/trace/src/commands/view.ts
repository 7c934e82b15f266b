import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { Failure } from '../failure.js';
import { inputName, openInput } from '../input.js';
import { Output } from '../output.js';
import { serve } from '../web-server.js';

/** The built page: part of the program when it is published. */
const WEB = new URL('../web/', import.meta.url);

/** `view [FILE]`. */
export function viewCommand(): Command {
  return new Command('view')
    .description('show a script, a dump or a kernel log in the browser')
    .argument('[file]', 'what to show, - for standard input; the start page by default')
    .addHelpText(
      'after',
      `
Serves the page on this machine only (127.0.0.1, a free port) and prints its address. It hands out the page and the one
file, nothing else of the disk. Ctrl-C ends it.

Examples:
  nvmmu-trace view examples/first-light.vmm.jsonl
  dmesg | nvmmu-trace view -`,
    )
    .action(async (path: string | undefined) => {
      const folder = fileURLToPath(WEB);
      if (!existsSync(folder)) throw new Failure(`the page is not built: there is no ${folder}`);
      const served = await serve(folder, path === undefined ? undefined : await readAll(path));
      const name = path === undefined ? '' : `#served=${encodeURIComponent(basename(inputName(path)))}`;
      const output = new Output();
      output.line(`${served.url}${name}`);
      await output.drain();
      await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
      await served.close();
    });
}

async function readAll(path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of openInput(path)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
