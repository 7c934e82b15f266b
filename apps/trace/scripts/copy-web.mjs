// Puts the built viewer into the program: `nvmmu-trace view` serves it from dist/web.

import { cpSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const from = fileURLToPath(new URL('../../viewer/dist/', import.meta.url));
const to = fileURLToPath(new URL('../dist/web/', import.meta.url));
if (!existsSync(from)) throw new Error(`build the viewer first: there is no ${from}`);
rmSync(to, { recursive: true, force: true });
cpSync(from, to, { recursive: true });
