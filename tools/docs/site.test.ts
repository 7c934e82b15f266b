// The built site in a browser that is offline: pages, search, pictures and the viewer.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fromRoot } from '../packages.js';
import { CHROMIUM_FLAGS } from '../testing/chromium.js';

const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const hasBrowser = existsSync(executablePath);
test.runIf(process.env['REQUIRE_CHROMIUM'])('there is a browser', () => {
  expect(hasBrowser).toBe(true);
});

describe.runIf(hasBrowser)('the site', () => {
  let server: ChildProcess;
  let browser: Browser;
  let page: Page;
  let home = '';
  const errors: string[] = [];
  const foreign: string[] = [];

  beforeAll(async () => {
    const child = spawn(process.execPath, [fromRoot('tools/docs/serve.mjs'), '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    server = child;
    for await (const line of createInterface({ input: child.stdout })) {
      home = line;
      break;
    }
    browser = await chromium.launch({
      executablePath,
      args: [...CHROMIUM_FLAGS],
    });
    page = await browser.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(home) && !/^(data|blob):/.test(request.url())) foreign.push(request.url());
    });
  });
  afterAll(async () => {
    await browser.close();
    server.kill();
  });

  test('begins with the README', async () => {
    await page.goto(home);
    expect(await page.locator('h1').first().innerText()).toContain('nvmmu');
  });

  test('finds words in guides, chips and the reference', async () => {
    for (const [word, found] of [
      ['dual tables', 'Dual tables'],
      ['gm20b', 'gm20b'],
      ['lowerBound', 'RbTree'],
    ] as const) {
      await page.goto(home);
      await page.locator('.VPNavBarSearchButton, button.DocSearch-Button').first().click();
      await page.locator('.VPLocalSearchBox input').fill(word);
      const results = page.locator('.VPLocalSearchBox .result');
      await results.first().waitFor();
      expect((await results.allInnerTexts()).join('\n')).toContain(found);
    }
  });

  test('shows the pictures of the guides', async () => {
    await page.goto(`${home}docs/guides/dual-tables.html`);
    const image = page.locator('main img').first();
    await image.scrollIntoViewIfNeeded();
    await expect.poll(() => image.evaluate((one: { naturalWidth: number }) => one.naturalWidth)).toBeGreaterThan(100);
  });

  test('has the viewer', async () => {
    await page.goto(`${home}viewer.html`);
    const frame = page.frameLocator('iframe');
    await frame.locator('h1, header').first().waitFor();
  });

  test('asks no other host for anything, and has no errors', () => {
    expect(foreign).toEqual([]);
    expect(errors).toEqual([]);
  });
});
