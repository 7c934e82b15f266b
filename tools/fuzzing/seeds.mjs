// Well-formed inputs that every run starts with, besides the kept ones.

import { readdirSync, readFileSync } from 'node:fs';
import { TextEncoder } from 'node:util';
import { BumpProvider } from '../../packages/ptcache/dist/index.js';
import { CHIPS } from '../../packages/script/dist/index.js';
import { MemoryImage, MemoryObject, Mmu, writeDump, writeExtractorTree } from '../../packages/vmm-core/dist/index.js';

const ROOT = new URL('../../', import.meta.url);

function files(folder, ending) {
  const url = new URL(folder, ROOT);
  return readdirSync(url)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => new Uint8Array(readFileSync(new URL(name, url))));
}

const scripts = () => [...files('examples/', '.vmm.jsonl'), ...files('examples/defects/', '.vmm.jsonl')];

/** An address space of a chip with a few mappings. */
function space(chip) {
  const provider = new BumpProvider();
  const vmm = new Mmu(chip, { provider }).createSpace();
  const options = vmm.state.template.format.version === 'T' ? { page: 12 } : {};
  vmm.map(vmm.get(0x3000n, options), MemoryObject.pages('ncoh', [0x3000_0000n, 0x3000_2000n, 0x3000_1000n]));
  vmm.map(vmm.get(0x2000n, options), MemoryObject.pages('ncoh', [0x4000_0000n, 0x4000_1000n]));
  return { provider, vmm };
}

function texts(write) {
  return CHIPS.map((chip) => {
    const { provider, vmm } = space(chip);
    return new TextEncoder().encode([...write(provider, vmm)].join('\n'));
  });
}

function* tree(provider, vmm) {
  const { directory, template } = vmm.state;
  if (directory === undefined) return;
  const root = { kind: 'root', target: 'vram', addr: BigInt(directory.addr) };
  yield* writeExtractorTree(template.format, new MemoryImage(provider.allocations()), root);
}

/** Page tables as a list of the entries that are not zero: see `apps/reliability/src/fuzz-targets.ts`. */
function images() {
  return CHIPS.map((chip, which) => {
    const { provider, vmm } = space(chip);
    const records = [];
    for (const { addr, words } of provider.allocations()) {
      for (let i = 0; i + 1 < words.length; i += 2) {
        const slot = (addr - 0x10_0000) / 8 + i / 2;
        if (slot < 0x2000 && (words[i] !== 0 || words[i + 1] !== 0)) records.push([slot, words[i], words[i + 1]]);
      }
    }
    const bytes = new Uint8Array(9 + 10 * records.length);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, which);
    view.setBigUint64(1, vmm.start, true);
    records.forEach(([slot, low, high], i) => {
      view.setUint16(9 + 10 * i, slot, true);
      view.setUint32(11 + 10 * i, low, true);
      view.setUint32(15 + 10 * i, high, true);
    });
    return bytes;
  });
}

/** The seeds of each target. */
export const SEEDS = {
  script: scripts,
  run: scripts,
  log: () => files('packages/faults/test/corpus/', '.log'),
  dump: () => texts((provider) => writeDump(provider.allocations())),
  tree: () => texts(tree),
  walk: images,
  ranges: images,
};
