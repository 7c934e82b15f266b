import type { Command } from 'commander';
import { createProgram } from './program.js';

const WIDTH = 100;

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => WIDTH,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trimEnd();
}

/** The reference of the command line as Markdown, made from the definitions of the commands. */
export function writeCliDocs(): string {
  const program = createProgram();
  const commands = program.commands.filter((command) => command.name() !== 'help');
  const parts = [
    '# Command line',
    'This page is made from the commands themselves: `node apps/trace/scripts/cli-docs.mjs` writes it, and a test compares.',
    commands.map((command) => `- [\`${command.name()}\`](#${command.name()}): ${command.description()}`).join('\n'),
    ['```text', helpOf(program), '```'].join('\n'),
  ];
  for (const command of commands) parts.push(`## ${command.name()}`, ['```text', helpOf(command), '```'].join('\n'));
  return `${parts.join('\n\n')}\n`;
}
