import { createHash } from 'node:crypto';
import { InvariantError } from '@nvmmu/vmm-core';
import { describe, expect, test } from 'vitest';
import {
  findChip,
  formatResult,
  parseScript,
  portableSha256,
  ScriptError,
  ScriptRunner,
  toGolden,
  type Operation,
  type RunnerOptions,
  type StepResult,
} from '../src/index.js';

/** A script from the short lines of a test: the header is added, and `gp100` when there is no device. */
function script(...lines: string[]): readonly Operation[] {
  const device = lines.some((line) => line.includes('"op":"device"')) ? [] : ['{"op":"device","chip":"gp100"}'];
  return parseScript(['{"format":"vmm-script","version":1}', ...device, ...lines].join('\n')).operations;
}

function run(operations: readonly Operation[], options: RunnerOptions = {}): StepResult[] {
  return [...new ScriptRunner(options).run(operations)];
}

const VMM = '{"op":"vmm","id":"v"}';
const MEM = '{"op":"mem","id":"m","target":"vram","page":16,"extents":[["0x40000000","0x100000"]]}';
const GET = '{"op":"get","id":"a","size":"0x20000","page":16}';
const MAP = '{"op":"map","vma":"a","mem":"m","size":"0x20000"}';

const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('results', () => {
  test('are the recorded ones, down to the byte', () => {
    const lines = run(script(VMM, GET)).map(formatResult);
    expect(lines).toEqual([
      `{"i":0,"op":"device","ret":0,"log":[],"ev":[],"mem":"${EMPTY}"}`,
      '{"i":1,"op":"vmm","ret":0,"log":[],"ev":[["ptnew","0x100000","0x20",1]],"mem":"fe2ea9a20b4c9c296ca17431b59d502e7f4d53707d7f2b36478a0eb1c71c7279"}',
      '{"i":2,"op":"get","ret":0,"addr":"0x0","log":["user: getref 0 mapref 1 sparse 0 shift: 16 align: 0 size: 0000000000020000"],"ev":[],"mem":"fe2ea9a20b4c9c296ca17431b59d502e7f4d53707d7f2b36478a0eb1c71c7279"}',
    ]);
  });

  test('the memory hash is over address, size and bytes of every allocation', () => {
    const runner = new ScriptRunner();
    let last: StepResult | undefined;
    for (last of runner.run(script(VMM, MEM, GET, MAP, '{"op":"join","inst":"i"}')));
    const hash = createHash('sha256');
    const allocations = runner.provider?.allocations() ?? [];
    expect(allocations.length).toBeGreaterThan(4);
    for (const { addr, size, words } of allocations) {
      const bytes = Buffer.alloc(16 + size);
      bytes.writeBigUInt64LE(BigInt(addr), 0);
      bytes.writeBigUInt64LE(BigInt(size), 8);
      words.forEach((word, i) => bytes.writeUInt32LE(word, 16 + 4 * i));
      hash.update(bytes);
    }
    expect(last?.mem).toBe(hash.digest('hex'));
  });

  test('a refused operation has its number, and no address', () => {
    const [, , step] = run(script(VMM, '{"op":"get","id":"a","size":"0x0"}'));
    expect(step).toMatchObject({ ret: -22, addr: undefined, error: { code: 'EINVAL' } });
    expect(toGolden(step as StepResult)).not.toHaveProperty('addr');
  });

  test('a pfnmap reports its frames, refused ones as 0', () => {
    const steps = run(
      script(
        VMM,
        '{"op":"get","id":"a","size":"0x3000"}',
        '{"op":"pfnmap","vma":"a","page":12,"pfns":["0x5003","0x0","0x7003"]}',
      ),
    );
    expect(toGolden(steps[3] as StepResult).pfns).toEqual(['0x5003', '0x0', '0x7003']);
  });

  test('a dump lists regions with the ids of their memory', () => {
    const steps = run(script(VMM, MEM, GET, MAP, '{"op":"dump"}'));
    expect(steps.at(-1)?.vmas).toEqual([
      '0000000000000000 0000000000020000 -R-44--M m',
      '0000000000020000 0001fffffffe0000 F------- -',
    ]);
  });
});

describe('long lists', () => {
  const big = [VMM, MEM, '{"op":"get","id":"b","size":"0x100000","page":12}', '{"op":"map","vma":"b","mem":"m"}'];

  test('are replaced by count and hash of all lines', () => {
    const all = run(script(...big), { keepAll: true })[4] as StepResult;
    const some = run(script(...big))[4] as StepResult;
    expect(all.log.count).toBeGreaterThan(64);
    expect(all.log.items).toHaveLength(all.log.count);
    expect(some.log.items).toEqual(all.log.items.slice(0, 64));
    const logSha = createHash('sha256')
      .update(all.log.items.map((line) => `${line}\n`).join(''))
      .digest('hex');
    expect(toGolden(some)).toMatchObject({ logN: all.log.count, logSha });
    expect(toGolden(some)).not.toHaveProperty('log');
    expect(formatResult(all)).toBe(formatResult(some));
  });

  test('of events are hashed as compact JSON', () => {
    const pfn = [
      '{"op":"get","id":"p","size":"0x80000"}',
      '{"op":"pfnmap","vma":"p","page":12,"pfnRange":["0x5003","0x1000",128]}',
    ];
    const step = run(script(VMM, ...pfn), { keepAll: true })[3] as StepResult;
    expect(step.events.count).toBeGreaterThan(128);
    const evSha = createHash('sha256')
      .update(step.events.items.map((event) => `${JSON.stringify(event)}\n`).join(''))
      .digest('hex');
    expect(toGolden(step)).toMatchObject({ evN: step.events.count, evSha });
  });

  test('are per operation: the next one begins anew', () => {
    const steps = run(script(...big, '{"op":"dump"}'));
    expect(steps[5]?.log).toEqual({ items: [], count: 0, sha: undefined });
  });
});

describe('mistakes of a script', () => {
  const gone = '{"op":"close"}';
  test.each([
    [
      'an operation before device',
      ['{"op":"vmm","id":"v"}', '{"op":"device","chip":"gp100"}'],
      'line 2: op "vmm": the operation comes before "device"',
    ],
    [
      'a second device',
      ['{"op":"device","chip":"gp100"}', '{"op":"device","chip":"gp100"}'],
      'line 3: op "device": there is a device already',
    ],
    [
      'an unknown chip',
      ['{"op":"device","chip":"gp10"}'],
      'line 2: op "device": key "chip": unknown chip "gp10" (did you mean "gp100"?)',
    ],
    ['no address space', [GET], 'line 3: op "get": there is no address space'],
    [
      'a space that was never defined',
      [VMM, '{"op":"boot","vmm":"w"}'],
      'line 4: op "boot": address space "w" was never defined',
    ],
    [
      'memory that was never defined',
      [VMM, GET, '{"op":"map","vma":"a","mem":"mm"}', MEM],
      'line 5: op "map": memory object "mm" was never defined',
    ],
    [
      'an allocation that was never bound',
      [VMM, MEM, '{"op":"map","vma":"q","mem":"m"}'],
      'line 5: op "map": allocation "q" was never defined',
    ],
    [
      'an instance that was never joined',
      [VMM, '{"op":"part","inst":"i"}'],
      'line 4: op "part": instance block "i" was never defined',
    ],
    [
      'a failed get that is used',
      [VMM, '{"op":"get","id":"a","size":"0x0"}', '{"op":"put","vma":"a"}'],
      'line 5: op "put": allocation "a" is not bound: line 4 failed (',
    ],
    [
      'a failed vmm that is used',
      ['{"op":"vmm","id":"v","bigPage":16}', '{"op":"boot","vmm":"v"}'],
      'line 4: op "boot": address space "v" is not bound: line 3 failed (',
    ],
    ['a second vmm of an id', [VMM, VMM], 'line 4: op "vmm": address space "v" is defined already, on line 3'],
    ['a second mem of an id', [VMM, MEM, MEM], 'line 5: op "mem": memory object "m" is defined already, on line 4'],
    [
      'a second join of an id',
      [VMM, '{"op":"join","inst":"i"}', '{"op":"join","inst":"i"}'],
      'line 5: op "join": instance block "i" is defined already, on line 4',
    ],
    ['an operation after close', [VMM, gone, GET], 'line 5: op "get": there is no address space'],
    [
      'a closed space by name',
      [VMM, gone, '{"op":"boot","vmm":"v"}'],
      'line 5: op "boot": address space "v" was closed on line 4',
    ],
    [
      'a second close',
      [VMM, gone, '{"op":"close","vmm":"v"}'],
      'line 5: op "close": address space "v" was closed on line 4',
    ],
    [
      'an address that wraps',
      [VMM, GET, '{"op":"get","id":"b","size":"0x1000"}', '{"op":"put","vma":"b","delta":"0xffffffffffffffff"}'],
      'line 6: op "put": address 0x1000000000001ffff does not fit 64 bits',
    ],
    [
      'a table address out of range',
      ['{"op":"device","chip":"gp100","ptBase":"0xffffffffffffffff"}'],
      'line 2: op "device": key "ptBase": 0xffffffffffffffff is out of range',
    ],
    [
      'memory out of range',
      [
        '{"op":"mem","id":"x","target":"vram","extents":[["0x0","0x1000"],["0xfffffffffffff000","0x1000"]]}',
        VMM,
        '{"op":"boot","vmm":"zz"}',
      ],
      'line ',
    ],
  ])('%s', (_name, lines, message) => {
    const runner = new ScriptRunner({ hash: false });
    const steps = (): StepResult[] => [...runner.run(script(...lines))];
    expect(steps).toThrow(ScriptError);
    expect(() => [...new ScriptRunner({ hash: false }).run(script(...lines))]).toThrow(message);
  });

  test('a mistake changes nothing: the next operation runs', () => {
    const runner = new ScriptRunner();
    const [device, vmm, get] = script(VMM, GET) as [Operation, Operation, Operation];
    runner.step(device);
    runner.step(vmm);
    expect(() => runner.step({ op: 'boot', line: 9, vmm: 'w' })).toThrow(/^line 9: /);
    expect(runner.count).toBe(2);
    expect(runner.step(get)).toMatchObject({ index: 2, ret: 0 });
  });
});

describe('names', () => {
  test('the four name spaces are apart', () => {
    const same = [
      '{"op":"vmm","id":"x"}',
      MEM.replace('"m"', '"x"'),
      GET.replace('"a"', '"x"'),
      '{"op":"join","inst":"x"}',
    ];
    expect(run(script(...same)).map(({ ret }) => ret)).toEqual([0, 0, 0, 0, 0]);
  });

  test('a get binds a plain number, which stays after put and may be bound anew', () => {
    const runner = new ScriptRunner({ hash: false });
    const first = '{"op":"get","id":"a","size":"0x1000"}';
    const operations = script(
      VMM,
      first,
      '{"op":"put","vma":"a"}',
      '{"op":"put","vma":"a"}',
      '{"op":"get","id":"b","size":"0x1000"}',
      first,
    );
    expect([...runner.run(operations)].map(({ ret }) => ret)).toEqual([0, 0, 0, 0, -2, 0, 0]);
    expect(runner.addresses.get('a')).toBe(0x1000n);
  });

  test('a failed get keeps what the id stood for', () => {
    const runner = new ScriptRunner({ hash: false });
    for (const _ of runner.run(script(VMM, GET, '{"op":"get","id":"a","size":"0x0"}'))) {
      // Only the end counts.
    }
    expect(runner.addresses.get('a')).toBe(0n);
  });

  test('operations act on the newest space, until it is closed', () => {
    const runner = new ScriptRunner({ hash: false });
    const operations = script(
      VMM,
      '{"op":"vmm","id":"w"}',
      GET,
      '{"op":"close"}',
      GET.replace('"op"', '"vmm":"v","op"'),
    );
    expect([...runner.run(operations)].every(({ ret }) => ret === 0)).toBe(true);
    expect(runner.current).toBeUndefined();
    expect([...runner.spaces].map(([id, { closed }]) => [id, closed])).toEqual([
      ['v', undefined],
      ['w', 6],
    ]);
    expect(runner.spaces.get('v')?.vmm.regionAt(0n)?.used).toBe(true);
  });

  test('a failed vmm leaves the current space current', () => {
    const runner = new ScriptRunner({ hash: false });
    const steps = [...runner.run(script(VMM, '{"op":"vmm","id":"w","bigPage":16}', GET))];
    expect(steps.map(({ ret }) => ret)).toEqual([0, 0, -38, 0]);
    expect(runner.current?.id).toBe('v');
  });
});

describe('what a runner shows', () => {
  test('the device, names and memory are there between steps', () => {
    const runner = new ScriptRunner();
    expect(runner.mmu).toBeUndefined();
    for (const _ of runner.run(script(VMM, MEM, GET, MAP, '{"op":"join","inst":"i"}'))) {
      // Only the end counts.
    }
    expect(runner.chip?.name).toBe('gp100');
    expect(runner.memories.get('m')?.size).toBe(0x100000);
    const memory = runner.memories.get('m');
    expect(memory && runner.memoryId(memory)).toBe('m');
    expect(runner.instances.get('i')?.size).toBe(0x1000);
    expect(runner.spaces.get('v')?.vmm.regionAt(0x1000n)?.memory).toBe(memory);
  });
});

describe('options', () => {
  test('log and events can be left out, and then cost no observer', () => {
    const quiet = new ScriptRunner({ log: 'none', events: false, hash: false });
    const steps = [...quiet.run(script(VMM, MEM, GET, MAP))];
    expect(quiet.mmu?.observer).toBeUndefined();
    expect(steps.every(({ log, events, mem }) => log.count === 0 && events.count === 0 && mem === undefined)).toBe(
      true,
    );
  });

  test('a log level leaves out what is above it', () => {
    const count = (log: 'debug' | 'trace' | 'spam'): number =>
      run(script(VMM, MEM, GET, MAP), { log })[4]?.log.count ?? 0;
    expect(count('debug')).toBeLessThan(count('trace'));
    expect(count('trace')).toBeLessThan(count('spam'));
  });

  test('another hash function may be injected', () => {
    let made = 0;
    const sha256: typeof portableSha256 = () => {
      made++;
      return portableSha256();
    };
    expect(run(script(VMM), { sha256 })[1]?.mem).toBe(run(script(VMM))[1]?.mem);
    expect(made).toBe(2);
  });

  test('a chip may be forced', () => {
    const tu102 = findChip('tu102');
    const runner = new ScriptRunner({ chip: tu102 as NonNullable<typeof tu102> });
    expect([...runner.run(script(VMM, MEM, GET, MAP))].every(({ ret }) => ret === 0)).toBe(true);
    expect(runner.chip?.name).toBe('tu102');
  });

  test('what a forced chip lacks is said where it matters', () => {
    const gf100 = findChip('gf100');
    const sparse = '{"op":"get","id":"s","size":"0x20000","page":17,"sparse":true}';
    const options = { chip: gf100 as NonNullable<typeof gf100>, hash: false };
    const steps = run(script(VMM, sparse), options);
    expect(steps[2]?.ret).toBe(-22);
    expect(() => run(script(VMM, sparse, '{"op":"put","vma":"s"}'), options)).toThrow(
      /"s" is not bound: line 4 failed \(.+\)/,
    );
  });

  test('only the given chips are known', () => {
    const gp100 = findChip('gp100') as NonNullable<ReturnType<typeof findChip>>;
    expect(() => run(script('{"op":"device","chip":"tu102"}'), { chips: [gp100] })).toThrow(
      /unknown chip "tu102" \(there are gp100\)/,
    );
  });

  test('page tables without end are stopped', () => {
    const boot = script('{"op":"vmm","id":"v"}', '{"op":"boot"}');
    expect(() => run(boot, { hash: false, log: 'none', memoryLimit: 2 ** 22 })).toThrow(
      'line 4: op "boot": page tables need more than 4 MiB, the limit of this run',
    );
  });

  test('a clock times calls and nothing else', () => {
    let now = 0;
    const steps = run(script(VMM, MEM, GET), { clock: () => (now += 5) });
    expect(steps.map(({ time }) => time)).toEqual([0, 5, 0, 5]);
  });

  test('verify finds memory that was changed behind the back of the device', () => {
    const runner = new ScriptRunner({ verify: true, hash: false });
    const [...operations] = script(VMM, MEM, GET, MAP, '{"op":"dump"}');
    const dump = operations.pop() as Operation;
    for (const operation of operations) runner.step(operation);
    for (const { words } of runner.provider?.allocations() ?? []) words.fill(0);
    expect(() => runner.step(dump)).toThrow(InvariantError);
    expect(() => runner.step(dump)).toThrow(/^line 7: after op "dump": /);
  });
});
