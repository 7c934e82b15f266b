import { describe, expect, test } from 'vitest';
import { parseScript, readScript, ScriptError, type Operation } from '../src/index.js';

const HEADER = '{"format":"vmm-script","version":1}';

/** The operation on line 2. */
function one(line: string): Operation {
  const [operation] = parseScript(`${HEADER}\n${line}\n`).operations;
  if (operation === undefined) throw new Error('no operation');
  return operation;
}

function failure(text: string): ScriptError | undefined {
  try {
    parseScript(text);
  } catch (error) {
    if (error instanceof ScriptError) return error;
    throw error;
  }
  return undefined;
}

const complaint = (text: string): string => failure(text)?.message ?? 'fine';
const mistake = (line: string): string => complaint(`${HEADER}\n${line}\n`);

describe('the header', () => {
  test('may have a title', () => {
    expect(parseScript('{"format":"vmm-script","version":1,"title":"T"}\n').header).toEqual({ title: 'T' });
    expect(parseScript(HEADER)).toEqual({ header: { title: undefined }, operations: [] });
  });

  test.each([
    ['', 'line 1: the script is empty'],
    ['\n \n', 'line 2: the script is empty'],
    ['[]', 'line 1: expected a JSON object, got "[]"'],
    ['{"op":"device"}', 'line 1: not the header of a script: missing key "format"'],
    ['{"format":"vmm"}', 'line 1: not the header of a script: key "format": expected "vmm-script", got "vmm"'],
    ['{"format":"vmm-script","version":2}', 'line 1: not the header of a script: key "version": expected 1, got 2'],
    ['{"format":"vmm-script"}', 'line 1: not the header of a script: missing key "version"'],
    [
      '{"format":"vmm-script","version":1,"titel":""}',
      'line 1: not the header of a script: unknown key "titel" (did you mean "title"?)',
    ],
  ])('%j is refused', (text, message) => {
    expect(complaint(text)).toContain(message);
  });
});

describe('operations', () => {
  test('defaults are filled in', () => {
    expect(one('{"op":"device","chip":"gp100"}')).toEqual({
      op: 'device',
      line: 2,
      chip: 'gp100',
      ptTarget: undefined,
      ptBase: 0x100000n,
      fbPage: 17,
      tags: 0,
      stolen: 0n,
    });
    expect(one('{"op":"get","id":"a","size":"0x1000"}')).toMatchObject({
      type: 'addr',
      page: 0,
      align: 0,
      sparse: false,
    });
    expect(one('{"op":"vmm","id":"v"}')).toMatchObject({ name: 'user', type: 'unmanaged', addr: 0n, size: 0n });
    expect(one('{"op":"mem","id":"m","target":"vram","extents":[["0x0","0x1000"]]}')).toMatchObject({
      layout: { kind: 'extents', page: 12, type: 1, pieces: [[0n, 0x1000n]] },
    });
  });

  test('64-bit quantities are exact', () => {
    expect(one('{"op":"put","addr":"0xffffffffffffffff"}')).toMatchObject({ at: { addr: 0xffff_ffff_ffff_ffffn } });
    expect(one('{"op":"put","addr":"0x20000000000001"}')).toMatchObject({ at: { addr: 0x20_0000_0000_0001n } });
  });

  test('a map without arguments differs from one with a default argument', () => {
    expect(one('{"op":"map","vma":"a","mem":"m"}')).toMatchObject({ args: undefined, size: undefined, offset: 0n });
    expect(one('{"op":"map","vma":"a","mem":"m","ro":false}')).toMatchObject({ args: { ro: false } });
  });

  test('kind, and the size of join, may be numbers or hexadecimal', () => {
    expect(one('{"op":"map","vma":"a","mem":"m","kind":254}')).toMatchObject({ args: { kind: 254 } });
    expect(one('{"op":"map","vma":"a","mem":"m","kind":"0xfe"}')).toMatchObject({ args: { kind: 254 } });
    expect(one('{"op":"join","inst":"i","size":24576}')).toMatchObject({ size: 0x6000 });
    expect(one('{"op":"join","inst":"i","size":"0x6000"}')).toMatchObject({ size: 0x6000 });
  });

  test('raw wins over managed, and flags may be 0 and 1', () => {
    expect(one('{"op":"vmm","id":"v","managed":true}')).toMatchObject({ type: 'managed' });
    expect(one('{"op":"vmm","id":"v","managed":1,"raw":1}')).toMatchObject({ type: 'raw' });
    expect(one('{"op":"vmm","id":"v","managed":0}')).toMatchObject({ type: 'unmanaged' });
  });

  test('blank lines are passed over and lines keep their numbers', () => {
    const { operations } = parseScript(`${HEADER}\r\n\r\n{"op":"ptcdump"}\r\n  \n{"op":"boot"}`);
    expect(operations.map(({ line }) => line)).toEqual([3, 5]);
  });
});

describe('mistakes', () => {
  test.each([
    ['{"op":"map","sise":"0x1000"}', 'line 2: op "map": unknown key "sise" (did you mean "size"?)'],
    ['{"op":"map","zzz":1}', 'line 2: op "map": unknown key "zzz"'],
    ['{"op":"mpa"}', 'line 2: unknown op "mpa" (did you mean "map"?)'],
    ['{"op":"frobnicate"}', 'line 2: unknown op "frobnicate"'],
    ['{"op":"constructor"}', 'line 2: unknown op "constructor"'],
    ['{"op":"boot","__proto__":1}', 'line 2: op "boot": unknown key "__proto__"'],
    ['{"op":"boot","constructor":1}', 'line 2: op "boot": unknown key "constructor"'],
    ['{"vma":"a"}', 'line 2: missing key "op"'],
    ['{"op":7}', 'line 2: key "op": expected a string, got 7'],
    ['null', 'line 2: expected a JSON object, got "null"'],
    ['{"op":"map","vma":"a"}', 'line 2: op "map": missing key "mem"'],
    ['{"op":"map","vma":"a","mem":3}', 'line 2: op "map": key "mem": expected a string, got 3'],
    ['{"op":"get","id":"a","size":4096}', 'key "size": expected a hexadecimal string such as "0x1000", got 4096'],
    ['{"op":"get","id":"a","size":null}', 'key "size": expected a hexadecimal string such as "0x1000", got null'],
    ['{"op":"get","id":"a","size":"4096"}', 'key "size": "4096" is not a hexadecimal string such as "0x1000"'],
    ['{"op":"get","id":"a","size":"0x01"}', 'key "size": "0x01" has leading zeros'],
    ['{"op":"get","id":"a","size":"0xAB"}', 'key "size": "0xAB" has upper-case digits'],
    ['{"op":"get","id":"a","size":"0x"}', 'key "size": "0x" is not a hexadecimal string'],
    ['{"op":"get","id":"a","size":"-0x1"}', 'key "size": "-0x1" is not a hexadecimal string'],
    ['{"op":"put","addr":"0x10000000000000000"}', 'key "addr": "0x10000000000000000" does not fit 64 bits'],
    ['{"op":"get","id":"a","size":"0x0","page":256}', 'key "page": expected a whole number from 0 to 255, got 256'],
    ['{"op":"get","id":"a","size":"0x0","page":1.5}', 'key "page": expected a whole number from 0 to 255, got 1.5'],
    ['{"op":"get","id":"a","size":"0x0","page":"12"}', 'key "page": expected a whole number from 0 to 255, got "12"'],
    ['{"op":"get","id":"a","size":"0x0","type":"adr"}', 'key "type": expected "lazy" or "addr" or "ptes", got "adr"'],
    ['{"op":"get","id":"a","size":"0x0","sparse":"yes"}', 'key "sparse": expected true or false, got "yes"'],
    ['{"op":"get","id":"a","size":"0x0","sparse":2}', 'key "sparse": expected true or false, got 2'],
    ['{"op":"map","addr":"0x0","mem":"m","kind":256}', 'key "kind": expected a whole number from 0 to 255'],
    ['{"op":"map","addr":"0x0","mem":"m","kind":"0x100"}', 'key "kind": expected a whole number from 0 to 255'],
    ['{"op":"put"}', 'op "put": needs an address: "addr", or "vma"'],
    ['{"op":"put","addr":"0x0","vma":"a"}', 'op "put": "addr" and "vma" exclude each other'],
    ['{"op":"put","addr":"0x0","delta":"0x0"}', 'op "put": "delta" goes with "vma" only'],
    ['{"op":"pfnmap","addr":"0x0","page":12}', 'op "pfnmap": needs one of "pfns" and "pfnRange"'],
    ['{"op":"pfnmap","addr":"0x0","page":12,"pfns":["0x1",2]}', 'key "pfns[1]": expected a hexadecimal string'],
    [
      '{"op":"pfnmap","addr":"0x0","page":12,"pfnRange":["0x1","0x1",-1]}',
      'key "pfnRange[2]": expected a whole number',
    ],
    ['{"op":"mem","id":"m","target":"vram"}', 'op "mem": vram needs "extents"'],
    ['{"op":"mem","id":"m","target":"vram","extents":[]}', 'op "mem": "extents" is empty'],
    ['{"op":"mem","id":"m","target":"vram","extents":[["0x0"]]}', 'key "extents[0][1]"'],
    ['{"op":"mem","id":"m","target":"vram","extents":[["0x0","0x0"]]}', 'extents[0]: length 0x0'],
    ['{"op":"mem","id":"m","target":"vram","extents":[["0x0","0x800"]]}', 'length 0x800 is no multiple of 0x1000'],
    [
      '{"op":"mem","id":"m","target":"vram","page":16,"extents":[["0x1000","0x10000"]]}',
      'op "mem": extents[0]: address 0x1000 is no multiple of 0x10000',
    ],
    [
      '{"op":"mem","id":"m","target":"vram","page":11,"extents":[["0x0","0x1000"]]}',
      'page shift 11 is not from 12 to 63',
    ],
    ['{"op":"mem","id":"m","target":"host","extents":[["0x0","0x1000"]]}', 'host memory needs one of "sgl"'],
    ['{"op":"mem","id":"m","target":"host","dma":["0x1"]}', 'dma[0]: address 0x1 is no multiple of 0x1000'],
    ['{"op":"mem","id":"m","target":"host","page":12,"dma":["0x0"]}', '"page" and "type" go with target "vram" only'],
    ['{"op":"mem","id":"m","target":"host","dmaRange":["0x0",0]}', 'key "dmaRange[1]": expected a whole number from 1'],
    ['{"op":"mem","id":"m","target":"host","dmaRange":["0x0",1],"dma":["0x0"]}', 'host memory needs one of'],
    ['{"op":"join","inst":"i","size":24}', 'op "join": size 0x18 is no multiple of 0x10'],
    ['{"op":"failalloc","after":-1}', 'key "after": expected a whole number'],
    ['{"op":"device","chip":"gp100","fbPage":18}', 'key "fbPage": expected a whole number from 16 to 17, got 18'],
    ['{"op":"rawsparse","addr":"0x0","size":"0x0"}', 'op "rawsparse": missing key "ref"'],
    ['{"op":"map","addr":"0x0" "mem":"m"}', 'line 2: not valid JSON'],
  ])('%s', (line, message) => {
    expect(mistake(line)).toContain(message);
  });

  test('a last line that is cut off is said to be', () => {
    expect(complaint(`${HEADER}\n{"op":"put","ad`)).toContain('line 2: not valid JSON: the last line is cut off');
    expect(complaint(`${HEADER}\n{"op":"put","ad\n`)).not.toContain('cut off');
    expect(complaint(`${HEADER}\n{"op":"boot"}`)).toBe('fine');
  });

  test('errors have line, op and reason as fields', () => {
    const error = failure(`${HEADER}\n{"op":"boot"}\n{"op":"put"}\n`);
    expect(error).toMatchObject({ name: 'ScriptError', line: 3, op: 'put', id: undefined });
    expect(error?.reason).toMatch(/^needs an/);
  });

  test('long input is not repeated in messages', () => {
    const long = 'x'.repeat(10_000);
    for (const line of [
      `{"op":"${long}"}`,
      `{"op":"boot","${long}":1}`,
      `{"op":"put","addr":"${long}"}`,
      `"${long}"`,
    ]) {
      expect(mistake(line).length).toBeLessThan(250);
    }
  });
});

test('readScript yields the operations before a mistake, after the header was told', async () => {
  const seen: string[] = [];
  const source = [HEADER.slice(0, 20), `${HEADER.slice(20)}\n{"op":"bo`, 'ot"}\n{"op":"bot"}\n'];
  const run = async (): Promise<void> => {
    for await (const { op } of readScript(source, {}, () => seen.push('header'))) seen.push(op);
  };
  await expect(run()).rejects.toThrow('line 3: unknown op "bot" (did you mean "boot"?)');
  expect(seen).toEqual(['header', 'boot']);
});
