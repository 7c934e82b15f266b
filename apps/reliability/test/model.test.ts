// Random operations beside the model, on every chip. `pnpm soak` runs the same for as long as you like.

import { CHIPS, findChip, parseScript, ScriptRunner } from '@nvmmu/script';
import { describe, expect, test } from 'vitest';
import { apply, WHAT } from '../src/commands.js';
import { checkChip, Tally } from '../src/property.js';
import { ModelError, Session, type Setup } from '../src/session.js';

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
});
