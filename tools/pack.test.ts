// What would be published: packed once, then looked at by publint and attw, and by these tests.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { unpack } from '@publint/pack';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pnpm, published, readText } from './packages.js';

/** Files that a package may have beside code, sources and papers. */
const EXTRA: Readonly<Record<string, RegExp>> = {
  conformance: /^(bin\/nvmmu-conformance\.mjs|vectors\/\w+\.jsonl\.gz|FORMAT\.md|[\w.]+\.schema\.json)$/,
  faults: /^record\.schema\.json$/,
  trace: /^(dist\/web\/.+|explain\.schema\.json)$/,
};

const ALWAYS = ['package.json', 'README.md', 'LICENSE'];
const USUAL = /^(dist\/[\w./-]+\.(js|d\.ts)(\.map)?|src\/[\w./-]+\.ts|CHANGELOG\.md)$/;

/** Bytes that the packed file may have, by package. */
const limits = JSON.parse(readText('tools/size-limits.json')) as Record<string, { packed: number }>;

const folder = mkdtempSync(join(tmpdir(), 'nvmmu-pack-'));
beforeAll(() => {
  pnpm(['-r', '--filter', './packages/*', '--filter', '@nvmmu/trace', 'pack', '--pack-destination', folder]);
}, 300_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function tarball(name: string, version: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(join(folder, `nvmmu-${name}-${version}.tgz`)));
}

/** Text of each file in a packed package, by path. */
async function contents(data: Uint8Array<ArrayBuffer>): Promise<ReadonlyMap<string, Uint8Array>> {
  const { files, rootDir } = await unpack(data.buffer);
  return new Map(files.map((file) => [file.name.slice(rootDir.length + 1), file.data]));
}

describe.each(published())('$manifest.name, packed', ({ short, isLibrary, manifest }) => {
  const packed = (): Uint8Array<ArrayBuffer> => tarball(short, manifest.version);

  test('has what it should and nothing else', async () => {
    const files = [...(await contents(packed())).keys()];
    expect(files).toEqual(expect.arrayContaining(ALWAYS));
    const others = files.filter((file) => !ALWAYS.includes(file) && !USUAL.test(file) && !EXTRA[short]?.test(file));
    expect(others).toEqual([]);
  });

  test('has a map for each file of code, and the sources that it names', async () => {
    const files = await contents(packed());
    const code = [...files.keys()].filter((file) => /^dist\/(?!web\/).*\.js$/.test(file));
    expect(code.length).toBeGreaterThan(0);
    expect(code.filter((file) => !files.has(`${file}.map`))).toEqual([]);
    if (!isLibrary) return;
    const missing = code.flatMap((file) => {
      const map = JSON.parse(new TextDecoder().decode(files.get(`${file}.map`))) as { sources: string[] };
      expect(map.sources).not.toEqual([]);
      const sources = map.sources.map((source) => posix.join(posix.dirname(file), source));
      return sources.filter((source) => !files.has(source));
    });
    expect(missing).toEqual([]);
  });

  test('names versions of what it depends on', async () => {
    const packedManifest = (await contents(packed())).get('package.json');
    expect(new TextDecoder().decode(packedManifest)).not.toMatch(/workspace:|file:|link:/);
  });

  test('depends on our own packages alone, but for what is listed here', () => {
    const allowed: Readonly<Record<string, readonly string[]>> = {
      script: ['@noble/hashes', 'fastest-levenshtein', 'valibot'],
      trace: Object.keys(manifest.dependencies ?? {}),
    };
    const foreign = Object.keys(manifest.dependencies ?? {}).filter((name) => !name.startsWith('@nvmmu/'));
    expect(foreign.filter((name) => !allowed[short]?.includes(name))).toEqual([]);
  });

  test('is not larger than its limit', () => {
    const limit = limits[short]?.packed;
    expect(limit, `a limit for ${short} in tools/size-limits.json`).toBeDefined();
    expect(packed().length).toBeLessThanOrEqual(limit ?? 0);
  });

  test('weighs what docs/weight.md says, to a tenth', () => {
    const said = Number(new RegExp(`^\\| ${short} +\\| +(\\d+) \\|`, 'm').exec(readText('docs/weight.md'))?.[1]);
    expect(Math.abs(packed().length / 1000 / said - 1), `${packed().length} bytes`).toBeLessThan(0.1);
  });

  test('passes publint', { timeout: 60_000 }, async () => {
    const { messages, pkg } = await publint({ strict: true, pack: { tarball: packed().buffer } });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test.runIf(isLibrary)('has types that resolve', { timeout: 60_000 }, async () => {
    const analysis = await checkPackage(createPackageFromTarballData(packed()));
    // ESM only: what `require` of old versions makes of it is not promised.
    const promised = (problem: object): boolean =>
      !('resolutionKind' in problem && ['node10', 'node16-cjs'].includes(String(problem.resolutionKind)));
    expect(analysis.types ? analysis.problems.filter(promised) : 'no types').toEqual([]);
  });
});
