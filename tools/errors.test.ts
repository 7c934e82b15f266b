// docs/errors.md against the code: every code that is thrown, and every class of error that a package exports.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fromRoot, published, readText } from './packages.js';

const page = readText('docs/errors.md');
const libraries = published().filter((one) => one.isLibrary);
const THROWING = ['vmm-core', 'backends-nv50', 'backends-gf100', 'backends-gp100'];

/** Source files of a package. */
function sources(path: string): string[] {
  return readdirSync(fromRoot(`${path}src`), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(`${path}src`, name));
}

test('every code that is thrown is explained, with its number', async () => {
  const { ERRNO } = await import('@nvmmu/vmm-core');
  const thrown = new Set<string>();
  for (const { short, path } of libraries) {
    if (!THROWING.includes(short)) continue;
    for (const file of sources(path)) {
      const text = readText(file);
      for (const [, code = ''] of text.matchAll(/(?:VmmError|failure)\(\s*'(E[A-Z0-9]+)'/g)) thrown.add(code);
      for (const [, code = ''] of text.matchAll(/code: '(E[A-Z0-9]+)'/g)) thrown.add(code);
    }
  }
  expect(thrown.size).toBeGreaterThan(4);
  const explained = [...page.matchAll(/^\| `(E[A-Z0-9]+)` +\| +(\d+) \|/gm)];
  expect(explained.map((match) => match[1]).sort()).toEqual([...thrown].sort());
  for (const [, code = '', number] of explained)
    expect([code, ERRNO[code as keyof typeof ERRNO]]).toEqual([code, Number(number)]);
});

test('every class of error that a package exports is there, with its package', async () => {
  let count = 0;
  for (const { folder, manifest } of libraries) {
    const all = (await import(new URL('dist/index.js', `file://${folder}`).href)) as Readonly<Record<string, unknown>>;
    for (const [name, value] of Object.entries(all)) {
      if (typeof value !== 'function' || !(value.prototype instanceof Error)) continue;
      count++;
      if (name === 'VmmError' || name === 'InvariantError') expect(page).toContain(`\`${name}\``);
      else expect(page).toMatch(new RegExp(`^\\| \`${name}\` +\\| \`${manifest.name}\` +\\|`, 'm'));
    }
  }
  expect(count).toBeGreaterThan(5);
});
