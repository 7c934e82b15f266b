// Licences of everything that is installed with our packages, and of the tools; `pnpm tables:update` renews the list.

import { describe, expect, test } from 'vitest';
import { table } from './chip-tables.js';
import { pnpm } from './packages.js';

interface Listed {
  readonly name: string;
  readonly versions: readonly string[];
}
type ByLicence = Readonly<Record<string, readonly Listed[]>>;

/** Licences that ask for nothing but to keep their notice. */
const FREE = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
];
/** Tools may have these too: nothing of theirs is in what we publish. */
const FREE_FOR_TOOLS = [...FREE, 'CC-BY-3.0', 'CC-BY-4.0', 'MPL-2.0', 'Python-2.0'];

/** Packages that say their licence in a file only. Read there. */
const READ: Readonly<Record<string, string>> = { spawndamnit: 'MIT' };

/** The packages installed, by licence. */
function licences(...args: string[]): ByLicence {
  const { Unknown = [], ...known } = JSON.parse(pnpm(['licenses', 'list', '-r', '--json', ...args])) as ByLicence;
  const all: Record<string, Listed[]> = Object.fromEntries(
    Object.entries(known).map(([key, list]) => [key, [...list]]),
  );
  for (const one of Unknown) (all[READ[one.name] ?? 'Unknown'] ??= []).push(one);
  return all;
}

/** Whether a licence, or one of several to choose from, is in a list. */
function isOneOf(licence: string, allowed: readonly string[]): boolean {
  const parts = licence.replace(/^\(|\)$/g, '');
  if (parts.includes(' OR ')) return parts.split(' OR ').some((one) => allowed.includes(one.trim()));
  return parts.split(' AND ').every((one) => allowed.includes(one.trim()));
}

describe('licences', () => {
  const shipped = licences(
    '--prod',
    '--filter',
    './packages/*',
    '--filter',
    '@nvmmu/trace',
    '--filter',
    '@nvmmu/viewer',
  );
  const tools = licences('--dev');

  test('of what comes with a package are free of conditions', () => {
    expect(Object.keys(shipped).filter((licence) => !isOneOf(licence, FREE))).toEqual([]);
  });

  test('of tools are free', () => {
    expect(Object.keys(tools).filter((licence) => !isOneOf(licence, FREE_FOR_TOOLS))).toEqual([]);
  });

  test('are listed in docs/licences.md', async () => {
    const rows = Object.entries(shipped).flatMap(([licence, list]) =>
      list.flatMap(({ name, versions }) => versions.map((version) => [name, version, licence])),
    );
    // Valibot has the compiler as an optional peer, which users of ours do not get.
    const own = rows
      .filter(([name]) => !name?.startsWith('@nvmmu/') && name !== 'typescript')
      .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
    const text = [
      '# Licences of dependencies',
      '<!-- Made from the lockfile: pnpm tables:update. -->',
      'Everything here is MIT, see [LICENSE](../LICENSE). What is installed with our packages and programs, or part of them:',
      table(['package', 'version', 'licence'], own),
      `Tools of the repository, which nothing that we publish contains, have these licences: ${Object.keys(tools).sort().join(', ')}.`,
    ];
    await expect(`${text.join('\n\n')}\n`).toMatchFileSnapshot('../docs/licences.md');
  });
});
