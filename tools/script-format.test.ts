// docs/script-format.md against the reader of scripts: operations, their keys, and the example with every one of them.

import { expect, test } from 'vitest';
import { formatOperation, parseScript, ScriptRunner } from '@nvmmu/script';
import { findBlocks } from './code-blocks.js';
import { fromRoot, readText } from './packages.js';

const path = 'docs/script-format.md';
const page = readText(path);

interface Definitions {
  readonly DEFINITIONS: ReadonlyMap<string, { readonly keys: ReadonlySet<string> }>;
}
const schema = new URL(`file://${fromRoot('packages/script/dist/schema.js')}`).href;
const { DEFINITIONS } = (await import(schema)) as Definitions;

/** Cells of the rows of the tables, by their first cell. */
const rows = new Map(
  [...page.matchAll(/^\| `(\w+)` +\|(.*)\|$/gm)].map((match) => [match[1] ?? '', (match[2] ?? '').split('|')]),
);
const words = (text = ''): string[] => [...text.matchAll(/`(\w+)`/g)].map((match) => match[1] ?? '');
const ADDRESS = ['addr', 'vma', 'delta'];

test('every operation is there, and each of its keys', () => {
  for (const [op, { keys }] of DEFINITIONS) {
    if (op === 'device') continue;
    const [named, does] = rows.get(op) ?? [];
    const all = new Set([
      ...words(named),
      ...(named?.includes('address,') || named?.trim() === 'address' ? ADDRESS : []),
    ]);
    // The layouts of `mem` are told about with what it does.
    if (op === 'mem') for (const word of words(does)) all.add(word);
    const missing = [...keys].filter((key) => !['op', 'vmm', ...all].includes(key));
    expect([op, missing]).toEqual([op, []]);
  }
});

test('nothing is there that the reader does not take', () => {
  const keys = new Set([...DEFINITIONS.values()].flatMap((one) => [...one.keys]));
  for (const [name, [named]] of rows) {
    expect([name, DEFINITIONS.has(name) || keys.has(name)]).toEqual([name, true]);
    const own = DEFINITIONS.get(name)?.keys;
    if (own === undefined) continue;
    for (const key of words(named).filter((word) => word !== 'addr' || named?.includes('`addr`, `size`')))
      expect([name, key, own.has(key) || (name === 'get' && key === 'addr')]).toEqual([name, key, true]);
  }
  for (const key of DEFINITIONS.get('device')?.keys ?? []) expect(key === 'op' || rows.has(key)).toBe(true);
});

test('the example has every operation, reads back as it was written, and runs', () => {
  const script = findBlocks(path, page).find(({ language }) => language === 'jsonl')?.code ?? '';
  const { operations } = parseScript(script);
  expect(new Set(operations.map(({ op }) => op))).toEqual(new Set(DEFINITIONS.keys()));
  expect(operations.map(formatOperation)).toEqual(script.trimEnd().split('\n').slice(1));
  const runner = new ScriptRunner({ verify: true });
  const refused = [...runner.run(operations)].filter(({ ret }) => ret !== 0);
  // The one that was told to.
  expect(refused.map(({ operation, ret }) => [operation.op, ret])).toEqual([['rawget', -12]]);
});
