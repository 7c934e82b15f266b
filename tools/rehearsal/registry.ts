// A registry on loopback, for as long as a rehearsal lasts.

import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fromRoot, pnpm } from '../packages.js';

/** A registry that runs. */
export interface Registry {
  readonly url: string;
  /** Environment for package managers that publish to it. */
  readonly publisher: Readonly<Record<string, string>>;
  /** Text of an .npmrc that takes our scope from it, and all else from wherever it is taken. */
  readonly npmrc: string;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

// Only our scope, anybody may publish, and nothing is asked of other registries.
const CONFIG = `
storage: ./storage
auth:
  htpasswd:
    file: ./htpasswd
packages:
  '@nvmmu/*':
    access: $anonymous
    publish: $anonymous
log: { type: stdout, format: pretty, level: warn }
web: { enable: false }
max_body_size: 50mb
`;

/** Installs the registry's program from its own lockfile and starts it on data in a folder. */
export async function startRegistry(folder: string): Promise<Registry> {
  pnpm(['install', '--frozen-lockfile', '--prefer-offline'], fromRoot('tools/registry'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.yaml'), CONFIG);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const program = fromRoot('tools/registry/node_modules/verdaccio/bin/verdaccio');
  const child = spawn(
    process.execPath,
    [program, '--config', join(folder, 'config.yaml'), '--listen', `127.0.0.1:${port}`],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  for (let tries = 0; ; tries++) {
    const answer = await fetch(`${url}-/ping`).catch(() => undefined);
    if (answer?.ok) break;
    if (tries > 600 || child.exitCode !== null) throw new Error(`the registry does not answer: ${said}`);
    await delay(100);
  }
  const userconfig = join(folder, 'publisher.npmrc');
  writeFileSync(userconfig, `registry=${url}\n//127.0.0.1:${port}/:_authToken=rehearsal\n`);
  return {
    url,
    publisher: { npm_config_registry: url, npm_config_userconfig: userconfig, NPM_CONFIG_USERCONFIG: userconfig },
    npmrc: `@nvmmu:registry=${url}\n`,
    async stop() {
      child.kill();
      await ended;
    },
  };
}
