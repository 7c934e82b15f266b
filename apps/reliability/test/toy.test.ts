// A backend of one's own, written against the public contract alone, does what the model says. The same generic checks
// run on every chip of the project.

import { BumpProvider } from '@nvmmu/ptcache';
import { ScriptRunner, parseScript } from '@nvmmu/script';
import { annotate, encodeEntry, fieldValues, MemoryObject, Mmu } from '@nvmmu/vmm-core';
import { expect, test } from 'vitest';
import { checkChip, Tally } from '../src/property.js';
import { toyFormat } from './toy/format.js';
import { toy } from './toy/toy.js';
import { translate, walkBytes } from './support/walks.js';

const SEED = 36;

test(`random operations, seed ${SEED}`, () => {
  const tally = new Tally();
  const bad = checkChip(toy, { seed: SEED, runs: 60, length: 150, tally });
  expect(bad === undefined ? '' : `${bad.message}\n${bad.script}`).toBe('');
  expect(tally.plans).toBe(60);
});

test('pages of both sizes, in three levels', () => {
  const provider = new BumpProvider();
  const vmm = new Mmu(toy, { provider }).createSpace();
  const addr = vmm.get(0x30_0000n, { align: 20 });
  vmm.map(addr, MemoryObject.video([[0x4000_0000n, 0x20_0000n]], { page: 20 }), { size: 0x20_0000n });
  vmm.map(addr + 0x20_0000n, MemoryObject.pages('host', [0x9000n, 0x3000n]), { size: 0x2000n, args: { ro: true } });
  expect([0n, 0x1f_f000n, 0x20_0000n, 0x20_1000n, 0x20_2000n].map((at) => translate(vmm, provider, addr + at))).toEqual(
    ['0x40000000', '0x401ff000', '0x9000', '0x3000', 'fault'],
  );
  expect(walkBytes(vmm, provider, addr).steps.map(({ level }) => level)).toEqual(['TOP', 'MID']);
  expect(walkBytes(vmm, provider, addr + 0x20_0000n)).toMatchObject({ ro: true, level: 'LEAF', shift: 12 });
  vmm.verify();
});

test('tables of 1 KiB start empty, whatever the memory held', () => {
  const provider = new BumpProvider();
  const vmm = new Mmu(toy, { provider }).createSpace();
  const addr = vmm.get(0x1000n);
  vmm.map(addr, MemoryObject.video([[0x1000n, 0x1000n]]));
  for (const at of [0x1000n, 0xf_f000n, 0x10_0000n, 0x1000_0000n, 0xf_ffff_f000n]) {
    expect(translate(vmm, provider, addr + at)).toBe('fault');
  }
});

test('what the backend refuses is refused whole', () => {
  const vmm = new Mmu(toy).createSpace();
  const addr = vmm.get(0x1000n);
  expect(() => vmm.map(addr, MemoryObject.video([[2n ** 40n, 0x1000n]]))).toThrow(/40 bits/);
  expect(() => vmm.map(addr, MemoryObject.video([[0n, 0x1000n]]), { args: { kind: 1 } })).toThrow(/no kinds/);
  vmm.verify();
  expect(vmm.regionAt(addr)?.mapped).toBe(false);
});

test('scripts run on it', () => {
  const runner = new ScriptRunner({ chips: [toy], verify: true });
  const { operations } = parseScript(
    [
      '{"format":"vmm-script","version":1}',
      '{"op":"device","chip":"toy"}',
      '{"op":"mem","id":"m","target":"vram","extents":[["0x100000","0x4000"]]}',
      '{"op":"vmm","id":"A"}',
      '{"op":"get","id":"v","size":"0x4000","sparse":true}',
      '{"op":"map","vma":"v","mem":"m","size":"0x1000"}',
      '{"op":"join","inst":"i"}',
      '{"op":"part","inst":"i"}',
      '{"op":"unmap","vma":"v"}',
      '{"op":"close"}',
      '{"op":"ptcdump"}',
    ].join('\n'),
  );
  expect(operations.map((operation) => runner.step(operation).ret)).toEqual(operations.map(() => 0));
});

test('every entry encodes to what it was decoded from', () => {
  for (const level of toyFormat.levels) {
    for (const entry of [0x1234_5671n, 0x1234_5675n, 0x0000_0008n]) {
      const { layout, fields } = annotate(level, entry);
      expect(fields.length).toBeGreaterThan(4);
      expect(encodeEntry(level, layout, fieldValues(annotate(level, entry)))).toBe(entry);
    }
  }
});
