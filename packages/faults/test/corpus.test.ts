import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeLog, TraceHistory } from '../src/index.js';

interface Expected {
  kind: string;
  fault_count?: number;
  faults?: ({ line: number } & Record<string, unknown>)[];
  optional_faults?: number[];
  replayable?: Record<string, unknown>[];
  page_tables?: Record<string, unknown>[];
  incomplete?: boolean;
  root?: string;
  mappings?: Record<string, unknown>[];
  queries?: ({ va: string } & Record<string, unknown>)[];
  entries?: Record<string, unknown>[];
}

const folder = new URL('./corpus/', import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.log'))
  .map((file) => file.slice(0, -'.log'.length));

// Prose of the expectation files, and a value that the tree itself does not hold.
const PROSE = new Set(['what', 'evidence', 'entry_value_if_kind6_vidmem']);
const facts = (object: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !PROSE.has(key)));

/** Keys that name something the line says: where the expectation lacks one, the decoder must lack it as well. */
const PRINTED = [
  'bdf',
  'access',
  'access_id',
  'address',
  'address_value',
  'engine',
  'engine_id',
  'client',
  'client_id',
  'client_unit',
  'gpc',
  'subclient',
  'subclient_id',
  'reason',
  'reason_id',
  'channel',
  'channel_value',
  'inst',
  'process',
  'pid',
  'xid',
  'intr',
  'engmask',
  'line_end',
];

describe.each(names)('%s', (name) => {
  const log = readFileSync(new URL(`${name}.log`, folder));
  const expected = JSON.parse(readFileSync(new URL(`${name}.expect.json`, folder), 'utf8')) as Expected;
  const decoded = decodeLog(new Uint8Array(log));
  const optional = new Set(expected.optional_faults ?? []);

  test('finds exactly the faults that are there', () => {
    const found = decoded.faults.filter(({ line }) => !optional.has(line));
    expect(found.map(({ line }) => line)).toEqual((expected.faults ?? []).map(({ line }) => line));
    if (expected.fault_count !== undefined) expect(found).toHaveLength(expected.fault_count);
    expect(decoded.partials.filter(({ line }) => !optional.has(line))).toEqual([]);
  });

  test('reads every field as printed, and no field that is not there', () => {
    for (const fault of expected.faults ?? []) {
      const found = decoded.faults.find(({ line }) => line === fault.line);
      expect(found).toMatchObject(fault);
      for (const key of PRINTED) if (!(key in fault)) expect(found).not.toHaveProperty(key);
    }
  });

  if (expected.replayable !== undefined) {
    test('infers the operations of the trace', () => {
      const operations = decoded.trace.map(({ bdf: _, ...operation }) => operation);
      expect(operations).toEqual(expected.replayable?.map(facts));
      if (expected.incomplete === true) expect(decoded.trace.every(({ addr }) => addr === undefined)).toBe(true);
    });
  }
  if (expected.page_tables !== undefined) {
    test('finds the allocations of instance memory', () => {
      expect(decoded.traceMemory).toEqual(expected.page_tables?.map(facts));
    });
  }
  if (expected.mappings !== undefined) {
    test('reads the page-table tree', () => {
      if (expected.root !== undefined) expect(decoded.pageMap.root).toBe(expected.root);
      expect(decoded.mappings).toEqual(expected.mappings?.map(facts));
    });
  }
  if (expected.queries !== undefined) {
    test('answers questions about addresses in the tree', () => {
      for (const { va, ...answer } of expected.queries ?? []) {
        expect(decoded.pageMap.query(BigInt(va))).toMatchObject(answer);
      }
    });
  }
  if (expected.entries !== undefined) {
    test('decodes the entry values', () => {
      expect(decoded.ptes).toHaveLength(expected.entries?.length ?? 0);
      for (const [i, entry] of (expected.entries ?? []).entries()) expect(decoded.ptes[i]).toMatchObject(facts(entry));
    });
  }
});

test('the bootstrap trace leaves one run of small pages mapped', () => {
  const log = readFileSync(new URL('trace-gm107-bar2-bootstrap.log', folder), 'utf8');
  const history = new TraceHistory();
  for (const operation of decodeLog(log).trace) history.apply(operation);
  expect(history.state()).toEqual([{ vmm: 'bar2', ranges: [{ start: '0x0', end: '0x51000', page: 12 }] }]);
});
