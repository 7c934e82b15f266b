import { writeFile } from 'node:fs/promises';
import { decodeLog } from '@nvmmu/faults';
import { parseScript, ScriptRunner } from '@nvmmu/script';
import { annotate, listRanges, MemoryImage, walk, writeDump, type Root } from '@nvmmu/vmm-core';
import axeCore from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLES } from '../src/model/examples.js';
import { resultText } from '../src/model/walk-text.js';
import { manyRegions, mixedScript } from './big-script.js';
import { hasChromium, host, launch, open, type Host, type WatchedPage } from './browser.js';

const example = (id: string) => EXAMPLES.find((candidate) => candidate.id === id)!;
const PICTURES = new URL('../../../docs/images/', import.meta.url);

/** A script run up to a step by the packages themselves: what the page has to agree with. */
function truth(text: string, step: number) {
  const runner = new ScriptRunner({ hash: false, keepAll: true });
  const results = parseScript(text)
    .operations.slice(0, step + 1)
    .map((operation) => runner.step(operation));
  const space = [...runner.spaces].at(-1)![1];
  const { directory, template } = space.vmm.state;
  const image = new MemoryImage(runner.provider!.allocations());
  const root: Root = {
    kind: 'root',
    target: directory!.target,
    addr: BigInt(directory!.addr),
    limit: space.vmm.limit - 1n,
  };
  return { runner, results, vmm: space.vmm, format: template.format, image, root };
}

const hex = (value: bigint | number) => `0x${value.toString(16)}`;

describe.skipIf(!hasChromium())('the page', () => {
  let browser: Browser;
  let server: Host;

  beforeAll(async () => {
    server = await host();
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  /** Opens a link, and afterwards sees that nothing went wrong and nothing was asked of others. */
  async function visit(fragment: string, look: (watched: WatchedPage) => Promise<void>, dark = false): Promise<void> {
    const watched = await open(browser, server.url + fragment, dark);
    try {
      await look(watched);
      expect(watched.errors).toEqual([]);
      for (const url of watched.requests) expect(url.startsWith(server.url), url).toBe(true);
    } finally {
      await watched.page.context().close();
    }
  }

  async function noViolations(page: Page): Promise<void> {
    // The page's own policy refuses scripts from elsewhere; the driver's evaluate is not bound by it.
    await page.evaluate(axeCore.source);
    const violations = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }> };
      };
      return (await axe.run()).violations.map(({ id, nodes }) => [id, ...nodes.map((node) => node.html).slice(0, 3)]);
    });
    expect(violations).toEqual([]);
  }

  const text = (page: Page, id: string) => page.getByTestId(id).innerText();
  const rowsOf = (page: Page, id: string) =>
    page
      .getByTestId(id)
      .locator('tbody tr')
      .evaluateAll((rows) =>
        rows.map((row) => [...row.children].map((cell) => (cell as HTMLElement).innerText.trim())),
      );

  it('starts with examples that can be opened by keyboard', async () => {
    await visit('', async ({ page }) => {
      await expect.poll(() => page.locator('.card').count()).toBe(EXAMPLES.length);
      await noViolations(page);
      await page.getByRole('button', { name: 'Open “Split and merge”' }).press('Enter');
      await page.getByRole('tab', { name: 'Address space' }).waitFor();
      expect(await text(page, 'chip')).toBe('gm200');
    });
  });

  it('shows the regions that the address space has', async () => {
    const { id, text: script } = example('split-merge');
    for (const step of [4, 6, 8, 10, 12]) {
      await visit(`#ex=${id}&step=${step}&view=space`, async ({ page }) => {
        await page.getByTestId('regions').waitFor();
        await page.getByRole('button', { name: 'All' }).click();
        const { vmm, runner } = truth(script, step);
        const expected = [...vmm.regions()].map(({ addr, used, mapped, sparse, part, memory, refd }) => [
          hex(addr),
          used ? `${mapped ? 'mapped' : 'reserved'}${sparse ? ', sparse' : ''}` : 'free',
          used && refd !== undefined ? `${2 ** (vmm.pages[refd]!.shift - 10)}K` : '',
          memory === undefined ? '' : `${runner.memoryId(memory)} (vram)`,
          used && part ? 'part' : '',
        ]);
        const shown = (await rowsOf(page, 'regions')).map(([addr, , ...rest]) => [addr, ...rest]);
        expect(shown).toEqual(expected);
      });
    }
  });

  it('zooms and moves by keyboard and mouse, and picks regions', async () => {
    await visit('#ex=split-merge&step=8&view=space', async ({ page }) => {
      const canvas = page.locator('canvas.detail');
      await canvas.focus();
      const shift = async () => Number(await canvas.getAttribute('data-shift'));
      const before = await shift();
      await canvas.press('+');
      await expect.poll(shift).toBe(before - 1);
      await canvas.press('-');
      await canvas.press('-');
      await expect.poll(shift).toBe(before + 1);
      await page.getByRole('button', { name: 'Fit' }).click();
      const box = (await canvas.boundingBox())!;
      const pixel = (addr: number) => addr / 2 ** before;
      await page.mouse.click(box.x + pixel(0x14000), box.y + 45);
      await expect.poll(() => page.locator('tr.picked').getAttribute('data-region')).toBe('0x10000');
      await page.mouse.move(box.x + pixel(0x24000), box.y + 45);
      expect(await page.locator('.hover').first().innerText()).toContain('0x20000 … 0x30000');
      await noViolations(page);
    });
  });

  it('shows tables, entries and what changed as the bytes have them', async () => {
    const { id, text: script } = example('dual-pages');
    await visit(`#ex=${id}&step=11&view=tables&at=0x80000&level=SPT&entry=130`, async ({ page }) => {
      await page.getByTestId('runs').waitFor();
      const { format, image, root } = truth(script, 11);
      const [pd3, ...steps] = walk(format, image, root, 0x82000n).steps;
      expect(pd3!.level).toBe('PD3');
      const spt = steps.at(-1)!;
      // Both tables of the pair are side by side, the large pages first.
      const headings = await page.locator('.pair h2').allInnerTexts();
      expect(headings.map((heading) => heading.split(/\s/)[0])).toEqual(['LPT', 'SPT']);
      expect(headings[1]).toContain(hex(spt.tableAddr));
      expect(await page.getByTestId('grid-LPT').getAttribute('data-changed')).toBe('1');
      expect(await page.getByTestId('grid-SPT').getAttribute('data-summary')).toBe('488 none, 24 page');
      expect(await page.getByRole('treeitem').allInnerTexts()).toHaveLength(6);
      // Every field of the entry.
      expect(await page.getByTestId('raw').inputValue()).toBe(`0x${spt.value.toString(16).padStart(16, '0')}`);
      const level = format.levels.find(({ name }) => name === 'SPT')!;
      const fields = annotate(level, spt.value).fields;
      expect((await rowsOf(page, 'fields')).map(([name, , raw, meaning]) => [name, raw, meaning])).toEqual(
        fields.map(({ name, raw, text: value, meaning }) => [name, hex(raw), `${value} ${meaning}`]),
      );
      // Edited, it says what it would mean.
      await page.getByTestId('raw').fill('0x0');
      await expect.poll(() => text(page, 'meaning')).toContain(annotate(level, 0n).layout);
      await page.getByTestId('raw').fill('nonsense');
      await page.getByText('Not a value of 64 bits').waitFor();
      await noViolations(page);
      // The runs of the table are those of the listing.
      const small = [...listRanges(format, image, root)].find(
        (range) => range.kind === 'mapped' && range.shift === 12,
      )!;
      const runs = (await rowsOf(page, 'runs')).filter(([, , state]) => state === 'page');
      expect(runs).toHaveLength(1);
      expect(runs[0]![1]).toBe(hex(small.va));
    });
  });

  it('moves through the tree and the grid by keyboard', async () => {
    await visit('#ex=dual-pages&step=11&view=tables', async ({ page }) => {
      const tree = page.getByRole('tree');
      await tree.focus();
      for (const level of ['PD2', 'PD1', 'PD0', 'LPT']) {
        await tree.press('ArrowRight');
        if ((await page.locator('[role=treeitem][aria-selected=true]').innerText()).startsWith(level)) continue;
        await tree.press('ArrowRight');
        await expect.poll(() => page.locator('[role=treeitem][aria-selected=true]').innerText()).toContain(level);
      }
      const grid = page.getByTestId('grid-LPT');
      await grid.focus();
      await grid.press('ArrowRight');
      await grid.press('ArrowRight');
      await page.getByRole('heading', { name: /^LPT\[1\]/ }).waitFor();
      expect(page.url()).not.toContain('undefined');
    });
  });

  it.each([
    ['use-after-unmap', 8, 0x8000n],
    ['use-after-unmap', 10, 0x8000n],
    ['use-after-unmap', 10, 0x20000n],
    ['sparse', 7, 0x210000n],
    ['sparse', 7, 0x20012345n],
    ['dual-pages', 11, 0x82abcn],
    ['dual-pages', 11, 0xffff_ffff_f000n],
    ['compression', 11, 0x200000n],
  ])('walks %s at operation %i, address %s, as vmm-core does', async (id, step, at) => {
    const { format, image, root } = truth(example(id).text, step);
    const result = walk(format, image, root, at);
    await visit(`#ex=${id}&step=${step}&view=walk`, async ({ page }) => {
      await page.getByTestId('walk-address').fill(hex(at));
      await page.getByTestId('walk-address').press('Enter');
      await page.getByTestId('walk-result').waitFor();
      expect(await page.getByTestId('walk-result').getAttribute('data-kind')).toBe(result.kind);
      expect(await text(page, 'walk-result')).toContain(resultText(result));
      const hops = await page.getByTestId('hop').allInnerTexts();
      expect(hops).toHaveLength(result.steps.length);
      for (const [i, { level, index, entryAddr, value }] of result.steps.entries()) {
        expect(hops[i]).toContain(`${level}[${index}]`);
        expect(hops[i]).toContain(`${hex(entryAddr)}: ${hex(value)}`);
      }
    });
  });

  it('shows the events, the log and the cost of an operation', async () => {
    const { id, text: script } = example('dual-pages');
    await visit(`#ex=${id}&step=8&view=events`, async ({ page }) => {
      await page.getByTestId('log').waitFor();
      const result = truth(script, 8).results[8]!;
      expect((await text(page, 'log')).split('\n')).toEqual([...result.log.items]);
      const events = await page.getByTestId('events').locator('li').allInnerTexts();
      expect(events).toHaveLength(result.events.count);
      for (const [i, [, first]] of result.events.items.entries()) expect(events[i]).toContain(String(first));
      await noViolations(page);
    });
  });

  it('steps back and forth to identical states', async () => {
    await visit('#ex=dual-pages&step=0&view=tables&at=0x80000&level=SPT&entry=130', async ({ page }) => {
      const position = () => text(page, 'position');
      await page.getByRole('tablist').waitFor();
      const last = EXAMPLES[0]!.text.trim().split('\n').length - 2;
      const look = async (step: number) => {
        await expect.poll(position).toBe(`${step} / ${last}`);
        return page.locator('.panel').innerHTML();
      };
      const forwards: string[] = [];
      for (let step = 0; step <= last; step++) {
        if (step > 0) await page.getByRole('button', { name: 'On one operation' }).click();
        forwards.push(await look(step));
      }
      for (let step = last; step >= 0; step--) {
        expect(await look(step)).toBe(forwards[step]);
        if (step > 0) await page.getByRole('button', { name: 'Back one operation' }).click();
      }
      await page.locator('body').press('End');
      expect(await look(last)).toBe(forwards[last]);
      await page.locator('body').press('Home');
      expect(await look(0)).toBe(forwards[0]);
    });
  });

  it('searches, jumps and plays', async () => {
    await visit('#ex=dual-pages&step=0', async ({ page }) => {
      const position = () => text(page, 'position');
      await page.getByRole('tab', { name: 'Walk' }).waitFor();
      await page.locator('body').press('/');
      await page.keyboard.type('unmap');
      await page.keyboard.press('Enter');
      await expect.poll(position).toBe('12 / 15');
      await page.locator('#search').fill('#3');
      await page.keyboard.press('Enter');
      await expect.poll(position).toBe('3 / 15');
      await page.keyboard.press('Escape');
      await page.getByLabel('Steps a second').selectOption('300');
      await page.getByRole('button', { name: 'Play' }).click();
      await expect.poll(position).toBe('15 / 15');
      await page.locator('body').press('2');
      await page.getByRole('tree').waitFor();
      await page.locator('body').press('?');
      await page.getByRole('heading', { name: 'Keys' }).waitFor();
    });
  });

  it('compares two chips', async () => {
    const script = example('dual-pages').text;
    await visit('#ex=dual-pages&step=8&view=compare', async ({ page }) => {
      await page.getByTestId('other-chip').selectOption('gh100');
      await page.getByTestId('comparison').waitFor();
      const mine = truth(script, 8).results[8]!;
      const theirs = truth(script.replace('"gp100"', '"gh100"'), 8);
      await expect
        .poll(async (): Promise<unknown> =>
          Object.fromEntries((await rowsOf(page, 'comparison')).map(([name, ...rest]) => [name, rest])),
        )
        .toMatchObject({
          Result: ['ok', 'ok'],
          'Register writes': [mine, theirs.results[8]!].map(({ events }) =>
            String(events.items.filter(([name]) => name === 'wr32').length),
          ),
        });
      expect(await text(page, 'tree-gh100')).toContain(hex(theirs.root.addr));
      expect(page.url()).toContain('chip=gh100');
      await noViolations(page);
    });
  });

  it('explains a log and walks the address of a fault', async () => {
    const { log, text: script } = example('use-after-unmap');
    await visit('#ex=use-after-unmap&step=10&view=explain', async ({ page }) => {
      await page.getByTestId('fault').waitFor();
      const { faults } = decodeLog(log!);
      expect(await page.getByTestId('fault').count()).toBe(faults.length);
      const { format, image, root } = truth(script, 10);
      const at = BigInt(faults[0]!.address_value!);
      expect(await text(page, 'fault-walk')).toContain(resultText(walk(format, image, root, at)));
      await noViolations(page);
      await page.getByRole('button', { name: 'Walk this address' }).click();
      expect(await page.getByTestId('walk-result').getAttribute('data-kind')).toBe('fault');
      expect(await page.getByTestId('walk-address').inputValue()).toBe(hex(at));
    });
  });

  it('reads a dump of page-table memory', async () => {
    const { format, image, root } = truth(example('dual-pages').text, 11);
    server.file = [...writeDump(image.pieces())].join('\n');
    await visit('#served=tables.txt&view=space', async ({ page }) => {
      await page.getByTestId('ranges').waitFor();
      const expected = [...listRanges(format, image, root)].map(({ va }) => hex(va));
      expect((await rowsOf(page, 'ranges')).map(([va]) => va)).toEqual(expected);
      await noViolations(page);
    });
  });

  it('keeps what is shown in the address, so that a link shows the same', async () => {
    await visit('#ex=sparse&step=5&view=tables&at=0x200000&level=LPT&entry=1', async ({ page }) => {
      await page.getByRole('heading', { name: /^LPT\[1\]/ }).waitFor();
      await page.getByRole('button', { name: 'On one operation' }).click();
      await expect.poll(() => page.url()).toContain('step=6');
      const html = await page.locator('.panel').innerHTML();
      const url = page.url();
      await visit(url.slice(url.indexOf('#')), async (other) => {
        await other.page.getByRole('heading', { name: /^LPT\[1\]/ }).waitFor();
        expect(await other.page.locator('.panel').innerHTML()).toBe(html);
      });
    });
  });

  it('carries a pasted script in its link', async () => {
    const script = example('split-merge').text;
    await visit('', async ({ page }) => {
      await page.getByLabel('Script, dump or log').fill(script);
      await page.getByRole('button', { name: 'Show it' }).click();
      await expect.poll(() => page.url()).toContain('#z=');
      const url = page.url();
      await visit(url.slice(url.indexOf('#')), async (other) => {
        await expect.poll(() => text(other.page, 'position')).toBe('12 / 12');
      });
    });
  });

  const hostile: readonly (readonly [string, string, RegExp])[] = [
    [
      'markup in a title',
      `{"format":"vmm-script","version":1,"title":"<img src=x onerror=alert(1)>"}\n{"op":"divice"}`,
      /unknown op/,
    ],
    ['a cut-off line', '{"format":"vmm-script","version":1}\n{"op":"device","chip":"gp1', /line 2: not valid JSON/],
    ['another format', '{"format":"vmm-script","version":9}\n', /not the header/],
    ['nothing but a brace', '{', /line 1/],
    ['an unknown chip', '{"format":"vmm-script","version":1}\n{"op":"device","chip":"<b>"}', /unknown chip/],
    ['a dump that breaks off', '0x1000: 00000000 00000001\n0x1010: zzzz', /zzzz/],
    ['bytes', '\u0000\u0001\u0002', /neither a script nor/],
    [
      'far too much memory',
      '{"format":"vmm-script","version":1}\n{"op":"device","chip":"gp100"}\n{"op":"vmm","id":"v"}\n{"op":"get","id":"a","size":"0x1000000000000","page":12,"type":"ptes"}\n',
      /512 MiB/,
    ],
  ];
  it.each(hostile)('says in the page what is wrong with %s', async (_, content, message) => {
    await visit('', async ({ page }) => {
      await page
        .locator('input[type=file]')
        .setInputFiles({ name: 'a<b>.jsonl', mimeType: '', buffer: Buffer.from(content) });
      await page.getByRole('alert').waitFor({ timeout: 60_000 });
      expect(await page.getByRole('alert').innerText()).toMatch(message);
      expect(await page.locator('img').count()).toBe(0);
    });
  });

  it('says what is wrong with bytes that are no text, and with links that are damaged', async () => {
    await visit('', async ({ page }) => {
      await page
        .locator('input[type=file]')
        .setInputFiles({ name: 'x', mimeType: '', buffer: Buffer.from([0x7b, 0xff, 0xfe]) });
      expect(await page.getByRole('alert').innerText()).toContain('not a text in UTF-8');
    });
    for (const [link, message] of [
      ['#z=AAAA', 'the link is damaged'],
      ['#ex=nothing', 'no example'],
      ['#file=mine.jsonl&step=4', 'about the file "mine.jsonl"'],
    ] as const) {
      await visit(link, async ({ page }) => {
        await page.getByRole('alert').waitFor();
        expect(await page.getByRole('alert').innerText()).toContain(message);
      });
    }
  });

  it('shows titles as text, whatever is in them', async () => {
    server.file = `{"format":"vmm-script","version":1,"title":"<img src=x onerror=alert(1)>"}\n{"op":"device","chip":"gp100"}\n{"op":"vmm","id":"<script>alert(2)</script>"}\n`;
    await visit('#served=a.jsonl', async ({ page }) => {
      await page.getByRole('listbox').waitFor();
      expect(await page.locator('.loaded-title').innerText()).toBe('<img src=x onerror=alert(1)>');
      expect(await page.locator('img, main script').count()).toBe(0);
    });
  });

  // Other programs run on the machine, too: a slow moment is no slow page.
  it('loads 100,000 operations with progress, can be stopped, and steps within 100 ms', { retry: 2 }, async () => {
    server.file = mixedScript(100_000);
    await visit('#served=big.jsonl&view=space', async ({ page }) => {
      await page.getByRole('progressbar').waitFor();
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('heading', { name: 'See GPU page tables grow' }).waitFor();
    });
    await visit('#served=big.jsonl&view=space', async ({ page }) => {
      await page.getByRole('progressbar').waitFor();
      await page.getByTestId('position').waitFor({ timeout: 110_000 });
      expect(await text(page, 'position')).toBe('99,999 / 99,999');
      // From the click to the frame that shows the step; the median, for other programs run here too.
      const times = await page.evaluate(async () => {
        const button = document.querySelector<HTMLButtonElement>('[aria-label="Back one operation"]')!;
        const found: number[] = [];
        for (let i = 0; i < 15; i++) {
          const start = performance.now();
          button.click();
          await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
          found.push(performance.now() - start);
        }
        return found.sort((a, b) => a - b);
      });
      console.log(`a step of 100,000 operations: median ${times[7]!.toFixed(1)} ms, worst ${times[14]!.toFixed(1)} ms`);
      expect(times[7]).toBeLessThan(100);
    });
  });

  it('draws 100,000 regions smoothly', { retry: 2 }, async () => {
    server.file = manyRegions(100_000);
    await visit('#served=regions.jsonl&view=space', async ({ page }) => {
      await page.getByTestId('regions').waitFor({ timeout: 110_000 });
      expect(await text(page, 'space-facts')).toContain('100,000 regions in use');
      const times = await page.evaluate(async () => {
        const canvas = document.querySelector('canvas.detail')!;
        const back = document.querySelector<HTMLButtonElement>('[aria-label="Back one operation"]')!;
        const time = async (act: () => void): Promise<number> => {
          const start = performance.now();
          act();
          await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
          return performance.now() - start;
        };
        const moves: number[] = [];
        for (const key of ['-', '+', 'ArrowRight', 'ArrowLeft', '+', '+', '-', '-', '+', 'ArrowRight', 'ArrowLeft']) {
          const press = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
          moves.push(await time(() => canvas.dispatchEvent(press)));
        }
        const steps: number[] = [];
        for (let i = 0; i < 11; i++) steps.push(await time(() => back.click()));
        return [moves, steps].map((list) => list.sort((a, b) => a - b)[5]!);
      });
      console.log(`100,000 regions: a move ${times[0]!.toFixed(1)} ms, a step ${times[1]!.toFixed(1)} ms (medians)`);
      expect(times[0]).toBeLessThan(100);
      expect(times[1]).toBeLessThan(100);
    });
  });

  const pictures: readonly (readonly [string, string, boolean])[] = [
    ['viewer-start', '', false],
    ['viewer-tables', '#ex=dual-pages&step=11&view=tables&at=0x80000&level=SPT&entry=130', false],
    ['viewer-space', '#ex=sparse&step=7&view=space&at=0x20000000', true],
    ['viewer-walk', '#ex=use-after-unmap&step=9&view=walk&at=0x8000', false],
    ['viewer-explain', '#ex=use-after-unmap&step=10&view=explain', true],
  ];
  it.each(pictures)('takes the picture %s', async (name, link, dark) => {
    await visit(
      link,
      async ({ page }) => {
        await page.setViewportSize({ width: 1320, height: 800 });
        await page
          .locator(link === '' ? '.card' : '.panel')
          .first()
          .waitFor();
        await page.waitForLoadState('networkidle');
        const picture = await page.screenshot({ animations: 'disabled' });
        expect(picture.length).toBeGreaterThan(20_000);
        // Fonts differ from machine to machine: pictures are renewed on request only.
        if (process.env['UPDATE_PICTURES'] === '1') await writeFile(new URL(`${name}.png`, PICTURES), picture);
      },
      dark,
    );
  });

  it('has no violations in the dark', async () => {
    for (const name of ['space', 'tables', 'walk', 'events', 'compare', 'explain']) {
      await visit(
        `#ex=dual-pages&step=11&at=0x80000&view=${name}&level=SPT&entry=130`,
        async ({ page }) => {
          await page.getByRole('tabpanel').waitFor();
          await noViolations(page);
        },
        true,
      );
    }
  });
});
