/** A small generator of repeatable numbers. */
function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const line = (value: object): string => JSON.stringify(value);

const HEAD = [
  line({ format: 'vmm-script', version: 1, title: 'Many operations' }),
  line({ op: 'device', chip: 'gp100' }),
  line({ op: 'vmm', id: 'v' }),
  line({ op: 'mem', id: 'm', target: 'vram', page: 16, extents: [['0x40000000', '0x1000000']] }),
  line({ op: 'mem', id: 'h', target: 'host', dmaRange: ['0x80000000', 4096] }),
];

/** A script of `count` operations as programs issue them: allocations of many sizes, mapped, unmapped and released. */
export function mixedScript(count: number): string {
  const pick = random(1);
  const lines = [...HEAD];
  const live: { id: string; mapped: boolean }[] = [];
  let next = 0;
  for (let i = HEAD.length - 1; i < count; i++) {
    const dice = pick(100);
    const at = pick(live.length);
    const region = live[at];
    if (region === undefined || (dice < 35 && live.length < 4000)) {
      const id = `r${next++}`;
      const large = pick(3) === 0;
      const size = (1 + pick(16)) * (large ? 0x10000 : 0x1000);
      lines.push(line({ op: 'get', id, size: `0x${size.toString(16)}`, page: large ? 16 : 12 }));
      live.push({ id, mapped: false });
    } else if (!region.mapped) {
      // Large pages take video memory only, so what a region asked for decides nothing here: some maps are refused.
      lines.push(
        line({ op: 'map', vma: region.id, mem: pick(8) === 0 ? 'h' : 'm', ...(pick(4) === 0 && { ro: true }) }),
      );
      region.mapped = true;
    } else if (dice < 60) {
      lines.push(line({ op: 'unmap', vma: region.id }));
      region.mapped = false;
    } else {
      lines.push(line({ op: 'put', vma: region.id }));
      live[at] = live.at(-1)!;
      live.pop();
    }
  }
  return `${lines.join('\n')}\n`;
}

/** A script that leaves `count` regions behind, every tenth of them mapped. */
export function manyRegions(count: number): string {
  const lines = [...HEAD];
  const mapped = Math.floor(count / 10);
  for (let i = 0; i < count; i++) {
    lines.push(line({ op: 'get', id: `r${i}`, size: '0x2000', page: 12, align: 14 }));
    if (i % 10 === 0 && i / 10 < mapped) lines.push(line({ op: 'map', vma: `r${i}`, mem: 'h' }));
  }
  return `${lines.join('\n')}\n`;
}
