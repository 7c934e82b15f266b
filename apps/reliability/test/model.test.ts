// Random operations beside the model, on every chip. `pnpm soak` runs the same for as long as you like.

import { CHIPS, findChip, parseScript, ScriptRunner } from '@nvmmu/script';
import { describe, expect, test } from 'vitest';
import { apply, WHAT } from '../src/commands.js';
import { Machine, ModelError } from '../src/machine.js';
import { SpaceModel } from '../src/model.js';
import { checkChip, Tally } from '../src/property.js';
import { Session, type Setup } from '../src/session.js';
import { walkBytes } from './support/walks.js';

const SEED = 20_240_601;
const RUNS = 8;
const LENGTH = 120;

const SETUP: Setup = { type: 'unmanaged', addr: 0, size: 0, bigPage: 17, boot: false };

describe(`random operations, seed ${SEED}`, () => {
  test.each(CHIPS.map((chip) => [chip.name, chip] as const))('%s does what the model says', (name, chip) => {
    const tally = new Tally();
    const bad = checkChip(chip, { seed: SEED, runs: RUNS, length: LENGTH, tally });
    expect(bad === undefined ? '' : `${bad.message}\n${bad.script}`).toBe('');
    expect(tally.plans, name).toBe(RUNS);
    expect(tally.operations).toBeGreaterThan(100);
  });
});

test('the model knows when a space is full', () => {
  const model = new SpaceModel(false);
  const unit = 0x20_0000;
  const limit = 2 ** 57;
  expect(model.hasRoom(limit, unit, 0, limit)).toBe(true);
  expect(model.hasRoom(limit, unit, 0x1000, limit)).toBe(false);
  const take = (addr: number, size: number): void => {
    expect(model.get({ addr, size, sparse: true, type: 'addr', page: 12 })).toBeUndefined();
  };
  take(unit - 0x1000, 0x1000);
  take(3 * unit - 0x1000, limit - 3 * unit + 0x1000);
  expect(model.hasRoom(unit - 0x1000, 0x1000, 0, limit)).toBe(true);
  expect(model.hasRoom(unit, unit, 0, limit)).toBe(true);
  expect(model.hasRoom(2 * unit - 0x1000, 0x1000, 0, limit)).toBe(true);
  expect(model.hasRoom(2 * unit, 0x1000, 0, limit)).toBe(false);
  take(unit, 2 * unit - 0x1000);
  expect(model.hasRoom(unit - 0x1000, 0x1000, 0, limit)).toBe(true);
  expect(model.hasRoom(0x1000, unit, 0, limit)).toBe(true);
  expect(model.hasRoom(0x1000, unit, 0x1000, limit)).toBe(false);
});

describe('the comparison finds', () => {
  /** A session on gp100 in which something is mapped. */
  function mapped(): { session: Session; addr: number } {
    const session = new Session(findChip('gp100')!, SETUP);
    apply(session, [0, 0, 1, 1]);
    const [allocation] = session.model.allocations;
    const at = { addr: BigInt(allocation!.addr) };
    const map = {
      op: 'map',
      line: 0,
      vmm: undefined,
      at,
      size: 0x1000n,
      mem: 'ncoh',
      offset: 0n,
      args: undefined,
    } as const;
    expect(session.run(map).ret).toBe(0);
    session.model.map({ addr: allocation!.addr, size: 0x1000 }, () => 0x2_0000_0000, false);
    session.checkAll(true);
    return { session, addr: allocation!.addr };
  }

  test('a changed entry', () => {
    const { session, addr } = mapped();
    // The page itself: the last table that was allocated.
    const table = session.provider.allocations().at(-1)!;
    const at = table.words.findIndex((word) => word !== 0);
    table.words[at] = (table.words[at] as number) ^ 0x100;
    expect(() => session.check({ addr, size: 0x1000 })).toThrow(ModelError);
  });

  test('a lost entry', () => {
    const { session, addr } = mapped();
    session.provider.allocations().at(-1)!.words.fill(0);
    expect(() => session.check({ addr, size: 0x1000 })).toThrow(
      /finds fault at 0x[0-9a-f]+ \(page shift 12\), not 0x200000000/,
    );
  });

  test('an entry too many', () => {
    const { session, addr } = mapped();
    session.model.unmap(addr);
    expect(() => session.check({ addr, size: 0x1000 })).toThrow(/finds 0x200000000 at .*, not fault/);
  });

  test('tables that are left', () => {
    const { session } = mapped();
    session.provider.allocate(0x1000, 0x1000, true);
    expect(() => session.close()).toThrow(/1 tables are left/);
  });
});

describe('two spaces of one device', () => {
  function both(): { one: Session; two: Session } {
    const machine = new Machine(findChip('gp100')!, 17);
    const one = new Session(machine.chip, SETUP, machine);
    const two = new Session(machine.chip, SETUP, machine);
    for (const session of [one, two]) for (let i = 0; i < 20; i++) apply(session, [i % 7, i, 5 * i, 3 * i]);
    return { one, two };
  }

  test('are apart', () => {
    const { one, two } = both();
    expect(one.vmm).not.toBe(two.vmm);
    expect(one.model.maps.length * two.model.maps.length).toBeGreaterThan(0);
    one.checkAll(true);
    one.close();
    two.checkAll(true);
    two.close();
  });

  test('a table that a close leaves is found while the other space is open', () => {
    const { one, two } = both();
    one.provider.allocate(0x1000, 0x1000, true);
    expect(() => two.close()).toThrow(/1 tables are left/);
  });

  test('a table that goes with the close of another space is found', () => {
    const { one, two } = both();
    one.provider.free(one.vmm.state.directory!.memory);
    expect(() => two.close()).toThrow(/1 tables in use have gone/);
  });
});

test('every command means something', () => {
  const session = new Session(findChip('gv100')!, { ...SETUP, type: 'raw', addr: 2 ** 32, size: 2 ** 22 });
  for (let what = 0; what < WHAT; what++) for (let i = 0; i < 5; i++) apply(session, [what, i, 7 * i, 11 * i]);
  expect(new Set(session.script.map(({ op }) => op)).size).toBeGreaterThan(15);
});

// What earlier runs have found, as short as it was made.
describe('found before', () => {
  test('tables of a second page size in a booted space of the nv50 family', () => {
    const runner = new ScriptRunner({ verify: true, hash: false });
    const { operations } = parseScript(
      [
        '{"format":"vmm-script","version":1}',
        '{"op":"device","chip":"nv50"}',
        '{"op":"vmm","id":"A","size":"0x1000000"}',
        '{"op":"join","inst":"i"}',
        '{"op":"boot"}',
        '{"op":"get","id":"v","type":"ptes","page":16,"size":"0x30000"}',
        '{"op":"get","id":"w","type":"ptes","page":12,"size":"0x30000"}',
        '{"op":"close"}',
      ].join('\n'),
    );
    expect(operations.map((operation) => runner.step(operation).ret)).toEqual([0, 0, 0, 0, -22, 0, 0]);
  });

  test.each([true, false])('small pages of a raw unmap are sparse where the range is, with `sparse` %s', (sparse) => {
    const runner = new ScriptRunner({ verify: true, hash: false });
    const lines = [
      '{"format":"vmm-script","version":1}',
      '{"op":"device","chip":"gp100"}',
      '{"op":"mem","id":"m","target":"ncoh","dmaRange":["0x200000000",64]}',
      '{"op":"vmm","id":"A","raw":true,"addr":"0x100000000","size":"0x400000"}',
      '{"op":"join","inst":"i"}',
      '{"op":"rawget","addr":"0x400000","size":"0x40000","page":12}',
      // Two that touch, and one apart.
      '{"op":"rawsparse","addr":"0x403000","size":"0x2000","ref":true}',
      '{"op":"rawsparse","addr":"0x405000","size":"0x10000","ref":true}',
      '{"op":"rawsparse","addr":"0x420000","size":"0x10000","ref":true}',
      '{"op":"rawmap","addr":"0x400000","size":"0x40000","page":12,"mem":"m"}',
      `{"op":"rawunmap","addr":"0x401000","size":"0x3e000","page":12,"sparse":${sparse}}`,
    ];
    const steps = parseScript(lines.join('\n')).operations.map((operation) => runner.step(operation));
    expect(steps.map(({ ret }) => ret)).toEqual(steps.map(() => 0));
    const vmm = runner.spaces.get('A')!.vmm;
    const kinds = Array.from(
      { length: 0x40 },
      (_, i) => walkBytes(vmm, runner.provider!, 0x40_0000n + BigInt(i) * 0x1000n).kind[0],
    );
    expect(kinds.join('')).toBe(
      `m${'f'.repeat(2)}${'s'.repeat(18)}${'f'.repeat(11)}${'s'.repeat(16)}${'f'.repeat(15)}m`,
    );
    // One fill for each run of equal outcome, in ascending order.
    const fills = steps
      .at(-1)!
      .log.items.filter((line) => / [0-9a-f]{8}$/.test(line))
      .map((line) => line.slice(-2));
    expect(fills).toEqual(['02', '12', '0b', '10', '0f']);
  });
});
