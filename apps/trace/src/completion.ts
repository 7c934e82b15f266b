import { ShellCompDirective } from '@bomb.sh/tab';
import tab from '@bomb.sh/tab/commander';
import { CHIPS } from '@nvmmu/script';
import { InvalidArgumentError, type Command } from 'commander';

const SHELLS: readonly string[] = ['zsh', 'bash', 'fish', 'powershell'];

/** Refuses an unknown shell with our own exit code; words behind `--` are what a shell asks about. */
function parseShell(text: string): string {
  if (SHELLS.includes(text) || process.argv.includes('--')) return text;
  throw new InvalidArgumentError(`Shells are ${SHELLS.join(', ')}.`);
}

/** Adds the command `complete`, which prints completion for a shell and answers what the shell asks later. */
export function addCompletion(program: Command): void {
  const root = tab(program);
  // The library tells shells never to offer files; here most arguments are files, so they are what is left.
  const { ShellCompDirectiveDefault: files, ShellCompDirectiveNoFileComp: none } = ShellCompDirective;
  Object.defineProperty(root, 'directive', {
    configurable: true,
    get: () => (root.completions.length === 0 ? files : none),
    set: () => undefined,
  });
  for (const command of [root, ...root.commands.values()]) {
    for (const name of ['chip', 'chips']) {
      const option = command.options.get(name);
      if (option === undefined) continue;
      option.handler = (complete) => {
        for (const chip of CHIPS) complete(chip.name, '');
      };
    }
  }
  const complete = program.commands.find((command) => command.name() === 'complete');
  complete?.registeredArguments[0]?.argParser(parseShell);
  complete?.description('print completion for zsh, bash, fish or powershell').addHelpText(
    'after',
    `
Examples:
  nvmmu-trace complete bash > ~/.local/share/bash-completion/completions/nvmmu-trace
  nvmmu-trace complete zsh > ~/.zfunc/_nvmmu-trace
  nvmmu-trace complete fish > ~/.config/fish/completions/nvmmu-trace.fish`,
  );
}
