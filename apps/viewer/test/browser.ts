import { createServer, type Server } from 'node:http';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { CHROMIUM_FLAGS } from '../../../tools/testing/chromium.js';

const DIST = new URL('../dist/', import.meta.url).pathname;

/** The browser of the system, if there is one. */
export const CHROMIUM: string | undefined = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && path !== '' && existsSync(path));

/** Whether page tests run; where they must and can't, that is an error. */
export function hasChromium(): boolean {
  if (CHROMIUM !== undefined) return true;
  if (process.env['REQUIRE_CHROMIUM'] === '1') throw new Error('no Chromium was found, and REQUIRE_CHROMIUM is set');
  console.warn('page tests are skipped: no Chromium was found (set CHROMIUM_PATH)');
  return false;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** A host of static files, under a path that is not the root. */
export interface Host {
  readonly url: string;
  /** What `./file` gives. */
  file: string | undefined;
  close(): Promise<void>;
}

/** Serves the built page under `/some/where/`. */
export async function host(): Promise<Host> {
  const prefix = '/some/where/';
  const state: { file: string | undefined } = { file: undefined };
  const server: Server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://host').pathname;
    const name = path === prefix ? 'index.html' : path.startsWith(prefix) ? path.slice(prefix.length) : '';
    if (name === 'file' && state.file !== undefined) {
      response.setHeader('content-type', 'text/plain; charset=utf-8');
      response.end(state.file);
      return;
    }
    readFile(join(DIST, normalize(`/${name}`))).then(
      (bytes) => {
        response.setHeader('content-type', TYPES[extname(name)] ?? 'application/octet-stream');
        response.end(bytes);
      },
      () => {
        response.statusCode = 404;
        response.end();
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}${prefix}`,
    get file() {
      return state.file;
    },
    set file(text) {
      state.file = text;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

/** Starts the browser. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    ...(CHROMIUM !== undefined && { executablePath: CHROMIUM }),
    args: [...CHROMIUM_FLAGS],
  });
}

/** A page that notes what it asks of the network, and what goes wrong in it. */
export interface WatchedPage {
  readonly page: Page;
  readonly requests: string[];
  readonly errors: string[];
}

/** Opens a page. */
export async function open(browser: Browser, url: string, dark = false): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const requests: string[] = [];
  const errors: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(url);
  return { page, requests, errors };
}
