import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { folder, trace } from './program.js';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const SCRIPT = fileURLToPath(new URL('../../../examples/first-light.vmm.jsonl', import.meta.url));

/** Starts the program and waits for the address that it prints. */
async function view(...args: string[]): Promise<{ url: URL; end: () => Promise<number | null> }> {
  const child = spawn(process.execPath, [CLI, 'view', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  const end = async (): Promise<number | null> => {
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number | null];
    return code;
  };
  return { url: new URL(line.trim()), end };
}

function status(url: URL, headers: Record<string, string>, method = 'GET'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers, method }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

test('serves the page and the file on the loopback interface, until it is told to end', async () => {
  const { url, end } = await view(SCRIPT);
  expect(url.hostname).toBe('127.0.0.1');
  expect(url.hash).toBe('#served=first-light.vmm.jsonl');
  const page = await fetch(new URL('/', url));
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  const html = await page.text();
  for (const [, name] of html.matchAll(/(?:src|href)="(\.\/assets[^"]+)"/g)) {
    expect((await fetch(new URL(name ?? '', url))).status).toBe(200);
  }
  expect(await (await fetch(new URL('/file', url))).text()).toBe(readFileSync(SCRIPT, 'utf8'));
  expect(await end()).toBe(0);
});

test('hands out nothing else, to nobody else', async () => {
  const { url, end } = await view();
  expect(url.hash).toBe('');
  for (const path of ['/file', '/../cli.js', '/%2e%2e/cli.js', '/assets/', '/etc/passwd']) {
    expect((await fetch(new URL(path, url))).status).toBe(404);
  }
  expect(await status(url, { host: 'attacker.example' })).toBe(403);
  expect(await status(url, { host: url.host }, 'POST')).toBe(405);
  expect(await end()).toBe(0);
});

test('a file that is not there is said before anything is served', async () => {
  const { code, stderr } = await trace(['view', 'none.log'], { cwd: folder() });
  expect(code).toBe(2);
  expect(stderr).toContain('none.log: no such file or folder');
});
