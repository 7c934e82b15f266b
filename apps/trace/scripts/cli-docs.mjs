// Writes docs/cli.md from the definitions of the commands. Run it after a build.
import { writeFileSync } from 'node:fs';
import { writeCliDocs } from '../dist/cli-docs.js';

writeFileSync(new URL('../../../docs/cli.md', import.meta.url), writeCliDocs());
