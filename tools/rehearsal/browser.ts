// A built page in Chromium, from a server on loopback.

import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { expect } from 'vitest';
import { CHROMIUM_FLAGS } from '../testing/chromium.js';

const program = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

/** Whether there is a browser. */
export function hasBrowser(): boolean {
  return existsSync(program);
}

/** Title of the page in a folder, once its program has changed it from `…`. */
export async function titleOf(site: string): Promise<string> {
  const types: Record<string, string> = { html: 'text/html', js: 'text/javascript' };
  const server = createServer((request, response) => {
    const file = join(site, request.url === '/' ? 'index.html' : (request.url ?? ''));
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': types[file.split('.').at(-1) ?? ''] ?? '' }).end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const browser = await chromium.launch({
    executablePath: program,
    args: [...CHROMIUM_FLAGS],
  });
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.waitForFunction(`document.title !== '…'`, undefined, { timeout: 60_000 }).catch(() => undefined);
    expect(errors).toEqual([]);
    return await page.title();
  } finally {
    await browser.close();
    server.close();
  }
}
