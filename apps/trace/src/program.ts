import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { aliasesCommand } from './commands/aliases.js';
import { checkCommand } from './commands/check.js';
import { diffCommand } from './commands/diff.js';
import { explainCommand } from './commands/explain.js';
import { findCommand } from './commands/find.js';
import { genCommand } from './commands/gen.js';
import { importCommand } from './commands/import.js';
import { lintCommand } from './commands/lint.js';
import { planCommand } from './commands/plan.js';
import { pteCommand } from './commands/pte.js';
import { rootsCommand } from './commands/roots.js';
import { runCommand } from './commands/run.js';
import { tablesCommand } from './commands/tables.js';
import { timeCommand } from './commands/time.js';
import { viewCommand } from './commands/view.js';
import { vectorsCommand } from './commands/vectors.js';
import { walkCommand } from './commands/walk.js';
import { addCompletion } from './completion.js';
import { EXIT } from './failure.js';

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The whole command line. A subcommand is one file under `commands/`, and one line here. */
export function createProgram(): Command {
  const program = new Command('nvmmu-trace')
    .description('Run, check and explain what GPU page tables do.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .showHelpAfterError('Try "nvmmu-trace --help".')
    .addHelpText(
      'after',
      `\nExit codes: ${EXIT.fine} fine, ${EXIT.no} differences or failures, ${EXIT.usage} bad usage or input.`,
    );
  const commands = [
    runCommand(),
    checkCommand(),
    timeCommand(),
    genCommand(),
    diffCommand(),
    importCommand(),
    planCommand(),
    lintCommand(),
    explainCommand(),
    walkCommand(),
    tablesCommand(),
    pteCommand(),
    findCommand(),
    aliasesCommand(),
    rootsCommand(),
    vectorsCommand(),
    viewCommand(),
  ];
  for (const command of commands) {
    command.copyInheritedSettings(program).showHelpAfterError(`Try "nvmmu-trace ${command.name()} --help".`);
    program.addCommand(command);
  }
  addCompletion(program);
  return program;
}
