import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeLog } from '../src/index.js';
import { EXAMPLES } from './examples.js';

interface Schema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  minimum?: number;
  maxLength?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean;
  items?: Schema;
  $ref?: string;
  $defs?: Record<string, Schema>;
}

const schema = JSON.parse(readFileSync(new URL('../record.schema.json', import.meta.url), 'utf8')) as Schema;

const typeOf = (value: unknown): string =>
  Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;

/** Checks the part of JSON Schema that the record schema uses, and returns what is wrong. */
function check(value: unknown, rule: Schema, path: string): string[] {
  if (rule.$ref !== undefined)
    return check(value, schema.$defs?.[rule.$ref.split('/').at(-1) ?? ''] ?? { enum: [] }, path);
  const wrong: string[] = [];
  if (rule.type !== undefined && ![rule.type].flat().includes(typeOf(value))) wrong.push(`${path}: ${typeOf(value)}`);
  if (rule.enum !== undefined && !rule.enum.includes(value)) wrong.push(`${path}: ${String(value)}`);
  if (rule.const !== undefined && rule.const !== value) wrong.push(`${path}: ${String(value)}`);
  if (rule.pattern !== undefined && !new RegExp(rule.pattern).test(String(value)))
    wrong.push(`${path}: ${String(value)}`);
  if (rule.minimum !== undefined && !(Number(value) >= rule.minimum)) wrong.push(`${path}: ${String(value)}`);
  if (rule.maxLength !== undefined && String(value).length > rule.maxLength) wrong.push(`${path}: too long`);
  if (rule.items !== undefined)
    for (const [i, item] of (value as unknown[]).entries()) wrong.push(...check(item, rule.items, `${path}[${i}]`));
  if (rule.properties !== undefined) {
    const object = value as Record<string, unknown>;
    for (const key of rule.required ?? []) if (!(key in object)) wrong.push(`${path}.${key} is missing`);
    for (const [key, item] of Object.entries(object)) {
      const property = rule.properties[key];
      if (property === undefined) wrong.push(`${path}.${key} is not in the schema`);
      else wrong.push(...check(item, property, `${path}.${key}`));
    }
  }
  return wrong;
}

describe('every record follows the published schema', () => {
  test('of the examples, whole and cut', () => {
    for (const [, line] of EXAMPLES) {
      for (const end of [line.length, line.length - 3, line.length - 30]) {
        const { faults, partials } = decodeLog(line.slice(0, end));
        for (const record of [...faults, ...partials]) expect(check(record, schema, '')).toEqual([]);
      }
    }
  });

  test('of the corpus', () => {
    const folder = new URL('./corpus/', import.meta.url);
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.log'))) {
      const { faults, partials } = decodeLog(readFileSync(new URL(file, folder)));
      for (const record of [...faults, ...partials]) expect(check(record, schema, file)).toEqual([]);
    }
  });

  test('and a record with a wrong key does not', () => {
    const [, line] = EXAMPLES[0]!;
    const record = decodeLog(line).faults[0]!;
    expect(check({ ...record, colour: 1 }, schema, '')).toEqual(['.colour is not in the schema']);
    expect(check({ ...record, line: 0 }, schema, '')).toEqual(['.line: 0']);
  });
});
