import { expect, test } from 'vitest';
import { CHIPS, findChip, parseScript, ScriptRunner } from '../src/index.js';

test('chips have names of their own and are found by them', () => {
  expect(CHIPS.map(({ name }) => name)).toEqual(
    'nv50 g84 mcp77 gf100 gk104 gk20a gm200 gm20b gp100 gp10b gv100 tu102 gh100'.split(' '),
  );
  for (const chip of CHIPS) expect(findChip(chip.name)).toBe(chip);
  expect(findChip('gp102')).toBeUndefined();
});

test.each(CHIPS)('$name maps, joins and unmaps', (chip) => {
  const { operations } = parseScript(`{"format":"vmm-script","version":1}
{"op":"device","chip":"${chip.name}"}
{"op":"vmm","id":"v"}
{"op":"mem","id":"m","target":"ncoh","dmaRange":["0x10000",2]}
{"op":"get","id":"a","size":"0x2000","page":12}
{"op":"join","inst":"i"}
{"op":"map","vma":"a","mem":"m"}
{"op":"unmap","vma":"a"}
{"op":"part","inst":"i"}
{"op":"put","vma":"a"}
{"op":"close"}`);
  const steps = [...new ScriptRunner({ verify: true }).run(operations)];
  expect(steps.map(({ ret }) => ret)).toEqual(steps.map(() => 0));
});
