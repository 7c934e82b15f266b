// Packages use no Node API: each is bundled for a browser and loaded where there is none. Its weight is measured too.

import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { fromRoot, published, readText } from './packages.js';

/** Bytes that everything a package exports may have, bundled with its dependencies, minified and compressed. */
const limits = JSON.parse(readText('tools/size-limits.json')) as Record<string, { bundle?: number }>;

/** What any browser has and the language itself has not. */
const BROWSER = { TextDecoder, TextEncoder, URL, Blob, DecompressionStream, CompressionStream, performance, console };

const libraries = published().filter((one) => one.isLibrary);

async function bundle(code: string, folder: string): Promise<string> {
  const result = await build({
    stdin: { contents: code, resolveDir: folder, loader: 'js' },
    bundle: true,
    write: false,
    minify: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'bundled',
    target: 'es2022',
    logLevel: 'silent',
    define: { 'import.meta.url': '"https://example.org/index.js"' },
  });
  return result.outputFiles[0]?.text ?? '';
}

test.each(libraries)('$manifest.name works without Node', { timeout: 60_000 }, async ({ manifest, folder }) => {
  const text = await bundle(`export * from '${manifest.name}';`, fromRoot('./'));
  const context = createContext({ ...BROWSER });
  runInContext(text, context);
  const names = runInContext('Object.keys(bundled)', context) as string[];
  const original = (await import(new URL('dist/index.js', `file://${folder}`).href)) as object;
  expect([...names].sort()).toEqual(Object.keys(original).sort());
});

test.each(libraries)(
  '$manifest.name weighs no more than its limit',
  { timeout: 60_000 },
  async ({ short, manifest }) => {
    const text = await bundle(`export * from '${manifest.name}';`, fromRoot('./'));
    const limit = limits[short]?.bundle;
    expect(limit, `a limit for ${short} in tools/size-limits.json`).toBeDefined();
    const bytes = gzipSync(text, { level: 9 }).length;
    expect(bytes).toBeLessThanOrEqual(limit ?? 0);
    // And what docs/weight.md says, to a tenth.
    const said = Number(
      new RegExp(`^\\| ${short} +\\| +\\d+ \\| +([\\d.]+)`, 'm').exec(readText('docs/weight.md'))?.[1],
    );
    expect(Math.abs(bytes / 1000 / said - 1), `${bytes} bytes`).toBeLessThan(0.1);
  },
);

test('what is not imported is not in the bundle', { timeout: 60_000 }, async () => {
  const one = await bundle(`export { gp100 } from '@nvmmu/backends-gp100';`, fromRoot('./'));
  const all = await bundle(`export * from '@nvmmu/backends-gp100';`, fromRoot('./'));
  expect(one).toContain('gp100');
  expect(one).not.toContain('gh100');
  expect(one.length).toBeLessThan(0.7 * all.length);
});

test('a package that used Node would be found', { timeout: 60_000 }, async () => {
  await expect(bundle(`export { readFileSync } from 'node:fs';`, fromRoot('./'))).rejects.toThrow(/node:fs/);
  const text = await bundle(`export const here = process.cwd();`, fromRoot('./'));
  expect(() => runInContext(text, createContext({ ...BROWSER })) as unknown).toThrow(/process/);
});
