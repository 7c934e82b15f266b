// `verify()` notices what it says that it checks. In spaces with everything in them, one thing at a time is changed
// behind the back of the device: a word of a table, a fact or a count of the driver, a region.

import { BumpProvider } from '@nvmmu/ptcache';
import { findChip } from '@nvmmu/script';
import { InvariantError, MemoryObject, Mmu, type Vmm } from '@nvmmu/vmm-core';
import { describe, expect, test } from 'vitest';

type State = Vmm['state'];
type TableRecord = State['root'];

const MIB = 2n ** 20n;
const WINDOW = 2n ** 33n;
// The nv50 family gives each page size directory entries of its own.
const SIZE = 2n ** 31n;

const host = (pages: number): MemoryObject => MemoryObject.pageRange('ncoh', 0x2_0000_0000n, pages);
const video = (): MemoryObject => MemoryObject.video([[0x1000_0000n, 4n * MIB]], { page: 17 });

/** A space with mappings of all page sizes, sparse ranges and raw references, as far as the chip has them. */
function filled(chip: string): Vmm {
  const mmu = new Mmu(findChip(chip)!, { provider: new BumpProvider() });
  const vmm = mmu.createSpace({ type: 'raw', addr: WINDOW, size: SIZE });
  const { pages, raw } = vmm;
  const block = mmu.createInstanceBlock(0x10000);
  vmm.join(block);
  const large = pages.at(-2)!.shift;
  const unit = 2n ** BigInt(large);
  const canBeSparse = vmm.page(pages.length - 1).sparse;
  // From the top of the window down: allocations of the driver.
  vmm.map(vmm.get(4n * MIB, { page: large }), video());
  vmm.map(vmm.get(0x10000n, { page: 12 }), host(16));
  vmm.get(2n * unit, { type: 'ptes', page: large });
  if (canBeSparse) {
    const sparse = vmm.get(4n * MIB, { sparse: true });
    vmm.map(sparse + 0x1000n, host(2), { size: 0x2000n });
    raw.sparse(0x80_0000n, 0x21_2000n, true);
  }
  // Below it, those of the client: small pages and large ones.
  raw.get(0n, 2n * unit, 12);
  raw.get(0x1000n, 0x1000n, 12);
  raw.map(0x1000n, 0x2000n, 12, host(2));
  if (pages.at(-1)!.levels[0]!.type === 'SPT') {
    raw.get(unit, 3n * unit, large);
    raw.map(3n * unit, unit, large, video());
  }
  vmm.verify();
  return vmm;
}

/** The message of the invariant that `verify()` finds broken. */
function found(vmm: Vmm): string {
  try {
    vmm.verify();
  } catch (error) {
    if (error instanceof InvariantError) return error.message;
    throw error;
  }
  return 'nothing';
}

/** All records of tables below the directory, from the top. */
function records(record: TableRecord): TableRecord[] {
  return [record, ...record.children.flatMap((child) => (child === undefined ? [] : records(child)))];
}

/** The words of all tables; small ones share some. */
function wordsOf(vmm: Vmm): Set<Uint32Array> {
  const tables = records(vmm.state.root).flatMap(({ slot0, slot1 }) => [slot0, slot1]);
  return new Set(tables.flatMap((table) => (table === undefined ? [] : [table.memory.words])));
}

const PASCAL = [
  'large page N: not a page',
  'large page N: not invalid',
  'large page N: not sparse',
  'not empty',
  'not sparse',
  'not the pointer N',
  'small page N: not a page',
  'small page N: not empty or sparse',
  'small page N: not empty: nothing is mapped',
  'the hardware finds N, not N',
];

/** What is said of changed words, by chip; every number is an N. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  nv50: ['page N: not a page', 'page N: not empty', 'the hardware finds N, not N'],
  gf100: [
    'large page N: not a page',
    'large page N: not invalid',
    'large page N: not unmapped, as small pages are referenced',
    'not empty',
    'not the pointer N',
    'small page N: not a page',
    'small page N: not empty or sparse',
    'small page N: not empty: nothing is mapped',
  ],
  gm200: [
    'large page N: not a page',
    'large page N: not invalid',
    'large page N: not sparse',
    'large page N: not unmapped, as small pages are referenced',
    'not empty',
    'not the pointer N',
    'small page N: not a page',
    'small page N: not empty: nobody is sparse',
    'small page N: not empty: nothing is mapped',
    'the hardware finds fault, not sparse',
  ],
  gp100: PASCAL,
  gh100: PASCAL,
};

/** A message without its numbers, and without the way through the directories. */
function kindOf(message: string): string {
  return message
    .replace(/^address .* region at 0x[0-9a-f]+: /, '')
    .replace(/^top-level directory(?:, entry \d+)+,? /, '')
    .replace(/ ?contains [0-9a-f_]+, which is/, ':')
    .replace(/^: /, '')
    .replaceAll(/ (?:0x[0-9a-f]+|\d+|[0-9a-f]{8}(?:_[0-9a-f]{8})*)(?=[ :,]|$)/g, ' N');
}

describe.each(Object.entries(KINDS))('of %s', (chip, kinds) => {
  test('a word of a table', () => {
    const vmm = filled(chip);
    const messages = new Set<string>();
    for (const words of wordsOf(vmm)) {
      let zeros = 0;
      let others = 0;
      for (let at = 0; at < words.length; at++) {
        const word = words[at] as number;
        // Memory beside a small table, which the provider has left like that.
        if (word === 0xcccc_cccc) continue;
        // The first ones of each table will do, and the last.
        if (at < words.length - 2 && (word === 0 ? ++zeros > 6 : ++others > 80)) continue;
        words[at] = word ^ 1;
        const message = found(vmm);
        words[at] = word;
        // High words of pages hold what nobody knows, such as their kind.
        if (message === 'nothing' && at % 2 === 1) continue;
        expect(message, `word ${at}, ${word.toString(16)}`).not.toBe('nothing');
        messages.add(kindOf(message));
      }
    }
    expect([...messages].sort()).toEqual(kinds);
    vmm.verify();
  });

  test('entries that are lost', () => {
    const vmm = filled(chip);
    let lost = 0;
    for (const words of wordsOf(vmm)) {
      // Whole entries of every size.
      for (let at = 0; at < words.length; at += 4) {
        const entry = words.slice(at, at + 4);
        // Small pages may be sparse or not below a large one: only addresses count.
        if (entry.every((word) => word < 0x10 || word === 0xcccc_cccc)) continue;
        words.fill(0, at, at + 4);
        expect(found(vmm), `entry at word ${at}`).not.toBe('nothing');
        words.set(entry, at);
        if (++lost % 40 === 0) break;
      }
    }
    expect(lost).toBeGreaterThan(10);
    vmm.verify();
  });

  test('a reference too many or too few', () => {
    const vmm = filled(chip);
    for (const record of records(vmm.state.root)) {
      for (const slot of ['refs0', 'refs1'] as const) {
        for (const by of [-1, 1]) {
          record[slot] += by;
          expect(found(vmm)).toMatch(/reference count of slot [01] is -?\d+, not \d+$/);
          record[slot] -= by;
        }
      }
      for (const counts of [record.smallRefs, record.largeRefs, record.rawRefs0, record.rawRefs1]) {
        for (let i = 0; i < Math.min(counts.length, 40); i++) {
          const count = counts[i] as number;
          // Nobody looks at counts of small entries where there are no small pages.
          if (counts === record.smallRefs && record.slot1 === undefined) continue;
          if (counts === record.largeRefs && record.slot0 === undefined) continue;
          counts[i] = count + 1;
          expect(found(vmm)).toMatch(
            /(?:reference count of slot [01]|(?:small|large) references of \d+) is \d+, not \d+$/,
          );
          counts[i] = count;
        }
      }
    }
    vmm.verify();
  });

  test('a table that is gone, and one too many', () => {
    const vmm = filled(chip);
    const all = records(vmm.state.root);
    for (const record of all.slice(1)) {
      for (const slot of ['slot0', 'slot1'] as const) {
        const table = record[slot];
        record[slot] = table === undefined ? (all.at(-1)!.slot0 ?? all.at(-1)!.slot1) : undefined;
        expect(found(vmm)).toMatch(/(?:reference count|existence of table [01]) .*is \d+, not \d+$/);
        record[slot] = table;
      }
    }
    vmm.verify();
  });

  test('a table that hangs nowhere', () => {
    const vmm = filled(chip);
    for (const record of records(vmm.state.root)) {
      record.children.forEach((child, i) => {
        if (child === undefined) return;
        record.children[i] = undefined;
        expect(found(vmm)).not.toBe('nothing');
        record.children[i] = child;
      });
    }
    vmm.verify();
  });

  test('sparseness that entry and table disagree about', () => {
    const vmm = filled(chip);
    for (const record of records(vmm.state.root).slice(1)) {
      record.inheritsSparse = !record.inheritsSparse;
      expect(found(vmm)).toMatch(/table and entry disagree about being sparse$|, which is not (?:sparse|empty)/);
      record.inheritsSparse = !record.inheritsSparse;
    }
    vmm.verify();
  });

  test('a region that says something else', () => {
    const vmm = filled(chip);
    for (const region of vmm.state.regions) {
      if (!region.used || region.addr < Number(WINDOW) || region.addr >= Number(WINDOW + SIZE)) continue;
      if (region.memory !== undefined) {
        region.offset += 0x1000;
        expect(found(vmm)).toMatch(/: the hardware finds 0x[0-9a-f]+, not (?:0x[0-9a-f]+|0xNaN)$/);
        region.offset -= 0x1000;
        region.mapped = false;
        expect(found(vmm)).not.toBe('nothing');
        region.mapped = true;
      } else if (!region.mapped) {
        region.mapped = true;
        expect(found(vmm)).not.toBe('nothing');
        region.mapped = false;
        region.sparse = !region.sparse;
        expect(found(vmm)).not.toBe('nothing');
        region.sparse = !region.sparse;
      }
    }
    vmm.verify();
  });
});
