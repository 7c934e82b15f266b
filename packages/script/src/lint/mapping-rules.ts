import { PAGE, type Vmm } from '@nvmmu/vmm-core';
import { formatHex } from '../numbers.js';
import type { MapOperation } from '../operations.js';
import type { ScriptRunner } from '../runner.js';
import { overlaps, type LintContext, type Rule } from './finding.js';

// Maps, unmaps and sparse allocations: KD-01 to KD-06, KD-09, KD-31, KD-33, KD-39, KD-44, KD-50 to KD-52.

const COUNTER: Rule = {
  rule: 'KD-01',
  severity: 'warning',
  reason: 'the counter of small references has 6 bits; one more and it carries into the flags, and mappings are lost',
};
const INHERITED: Rule = {
  rule: 'KD-02',
  severity: 'warning',
  reason: 'the large-page table that comes second forgets that its entries are sparse: accesses beside the maps fault',
};
const RESIDUE: Rule = {
  rule: 'KD-03',
  severity: 'warning',
  reason: 'small entries stay sparse when others use their table: accesses to freed addresses do not fault',
};
const HOLES: Rule = {
  rule: 'KD-04',
  severity: 'warning',
  reason: 'undoing the map clears entries as if the range were not sparse: accesses there fault',
};
const BOOT_LARGE: Rule = {
  rule: 'KD-05',
  severity: 'warning',
  reason:
    'unmapping a large page over booted tables makes its entry invalid: small maps there can not be reached later',
};
const TWO_SIZES: Rule = {
  rule: 'KD-06',
  severity: 'error',
  reason: 'one table is indexed with two page sizes: other addresses are mapped, or memory behind the table is written',
};
const BOOT_HUGE: Rule = {
  rule: 'KD-09',
  severity: 'warning',
  reason:
    'the entry shares its place with the pointers to the tables below, which are lost: small maps can not be reached',
};
const FAILED_REMAP: Rule = {
  rule: 'KD-31',
  severity: 'warning',
  reason: 'the driver forgets the old mapping while its entries and references stay',
};
const TAG_LEAK: Rule = {
  rule: 'KD-33',
  severity: 'note',
  reason: 'the tags of a map that fails late stay counted, and are never free again',
};
const NO_WRITER: Rule = {
  rule: 'KD-39',
  severity: 'warning',
  reason: 'no table of that size can be written from such an object: the driver says that it mapped, and wrote nothing',
};
const SPARSE_SHIFT: Rule = {
  rule: 'KD-44',
  severity: 'warning',
  reason:
    'with 64 KiB big pages a directory entry covers 64 MiB, not the 128 MiB that the driver lists: wrong entries are written',
};
const MIXED: Rule = {
  rule: 'mixed-sizes',
  severity: 'note',
  reason:
    'two page tables for one directory entry, and entries that are handed over between them on every map and unmap',
};

const TAG_STARTS: Readonly<Record<string, Rule>> = {
  'KD-50': {
    rule: 'KD-50',
    severity: 'warning',
    reason:
      'tags are one for each 64 KiB, but the offset is counted in 128 KiB: the hardware decompresses with the wrong tag',
  },
  'KD-51': {
    rule: 'KD-51',
    severity: 'warning',
    reason: 'the offset is not multiplied by the compression mode: the hardware decompresses with the wrong tag',
  },
  'KD-52': {
    rule: 'KD-52',
    severity: 'warning',
    reason: 'half lines are counted from the wrong foot: pages use the line of their neighbour',
  },
};

/** log2 of the large page that shares directory entries with small ones. */
function largeShift(vmm: Vmm): number | undefined {
  return vmm.pages.find(({ levels }) => levels[0]?.type === 'LPT')?.shift;
}

/** The largest count of small references of one large page in a range. */
function mostSmallReferences(vmm: Vmm, addr: bigint, size: bigint): number {
  const levels = vmm.pages.at(-1)?.levels ?? [];
  const large = largeShift(vmm) ?? 0;
  const bits = levels[0]?.bits ?? 0;
  let most = 0;
  // A few tables are enough to tell: what fills one overflows in another as well.
  for (let at = addr >> BigInt(12 + bits), n = 0; at << BigInt(12 + bits) < addr + size && n < 8; at++, n++) {
    let table: (typeof vmm.state)['root'] | undefined = vmm.state.root;
    for (let level = levels.length - 1; level > 0 && table !== undefined; level--) {
      const below = levels.slice(1, level).reduce((sum, it) => sum + it.bits, 0);
      const index = Number((at >> BigInt(below)) & ((1n << BigInt(levels[level]?.bits ?? 0)) - 1n));
      table = table.children[index];
    }
    if (table === undefined) continue;
    const base = at << BigInt(12 + bits);
    const from = addr > base ? Number((addr - base) >> BigInt(large)) : 0;
    const to = Number((addr + size - base + (1n << BigInt(large)) - 1n) >> BigInt(large));
    for (const count of table.smallRefs.subarray(from, to)) most = Math.max(most, count);
  }
  return most;
}

/** Reports maps and allocations that lose translations. */
export function checkMappings(context: LintContext): void {
  const { operation, space, region, addr, size, step, report, memory, chip } = context;
  if (space === undefined || space.vmm.isClosed) return;
  const { vmm } = space;
  const large = largeShift(vmm);
  if (operation.op === 'get' && step.ret === 0 && step.addr !== undefined && operation.sparse) {
    const huge = operation.page > 21 && vmm.name !== '';
    if (memory.booted && (huge || operation.size >> 21n > 0n)) {
      report(BOOT_HUGE, 'sparse allocation over tables that "boot" built');
    }
    if (large === 16 && chip.arguments.includes('bigPage') && operation.size >= 1n << 26n) {
      report(SPARSE_SHIFT, 'sparse allocation of 64 MiB or more with 64 KiB big pages');
    }
  }
  if (operation.op === 'map' && addr !== undefined && size !== undefined) {
    const after = step.ret === 0 ? vmm.regionAt(addr) : undefined;
    const shift = after?.refd === undefined ? undefined : vmm.pages[after.refd]?.shift;
    if (region?.memory !== undefined && step.ret !== 0)
      report(FAILED_REMAP, `map over a live mapping fails (${step.error?.code ?? ''})`);
    if (step.error?.code === 'ENOMEM') {
      if (region?.sparse === true) report(HOLES, 'map in a sparse allocation runs out of page-table memory');
      if (operation.args?.kind !== undefined && operation.args.kind !== 0)
        report(TAG_LEAK, 'map with a storage kind runs out of memory');
    }
    if (step.error?.code === 'EINVAL' && isUnwritable(context))
      report(NO_WRITER, 'map of an object at a page size that has no writer for it');
    if (shift === undefined) {
      if (isSecondSize(context)) report(TWO_SIZES, `map at ${formatHex(addr)} in 512 MiB that hold another page size`);
      return;
    }
    if (memory.booted && large !== undefined && shift === large)
      report(BOOT_LARGE, 'large pages over tables that "boot" built');
    if (memory.booted && large !== undefined && shift > large)
      report(BOOT_HUGE, `${shiftText(shift)} pages over tables that "boot" built`);
    if (region?.sparse === true) checkSparse(context, shift, large);
    checkTags(context, shift, large);
    if (vmm.state.template.pageBlockShift > 0 && isSecondSize(context)) {
      report(TWO_SIZES, `map at ${formatHex(addr)} in 512 MiB that hold another page size`);
    }
    if (large !== undefined) checkMixed(context, shift, large);
  }
  if (
    large === 17 &&
    addr !== undefined &&
    size !== undefined &&
    step.ret === 0 &&
    (operation.op === 'map' || operation.op === 'rawget')
  ) {
    if (mostSmallReferences(vmm, addr, size) > 63 && !memory.said.has('KD-01')) {
      memory.said.add('KD-01');
      report(COUNTER, `more than 63 small references in a 128 KiB page near ${formatHex(addr)}`);
    }
  }
  if (operation.op === 'put' && step.ret === 0 && addr !== undefined && memory.smallInSparse.has(addr)) {
    memory.smallInSparse.delete(addr);
    report(RESIDUE, 'a sparse allocation is freed in which small pages were mapped');
  }
}

const shiftText = (shift: number): string => (shift >= 20 ? `${2 ** (shift - 20)} MiB` : `${2 ** (shift - 10)} KiB`);

function isUnwritable({ runner, operation, space, region }: LintContext): boolean {
  if (operation.op !== 'map' || region?.page === undefined) return false;
  const page = space?.vmm.pages[region.page];
  const memory = runner.memories.get(operation.mem);
  const level = page?.levels[0];
  if (page === undefined || memory === undefined || level === undefined) return false;
  const takes = (page.flags & (memory.target === 'vram' ? PAGE.vram : PAGE.host)) !== 0;
  return takes && (level.write === undefined || !level.sources.includes(memory.kind));
}

/** Whether another page size is mapped in the 512 MiB of an address, on chips where one table serves them. */
function isSecondSize({ runner, space, addr, size, operation, step }: LintContext): boolean {
  const shift = BigInt(space?.vmm.state.template.pageBlockShift ?? 0);
  if (shift === 0n || space === undefined || addr === undefined || size === undefined) return false;
  if (operation.op !== 'map' || space.vmm.type === 'unmanaged' || (step.ret !== 0 && step.error?.code !== 'EINVAL'))
    return false;
  const block = { addr: (addr >> shift) << shift, size: 1n << shift };
  const sizes = new Set<number>();
  for (const it of space.vmm.regions())
    if (it.mapped && it.refd !== undefined && overlaps(it, block)) sizes.add(it.refd);
  if (sizes.size === 0) return false;
  if (step.ret === 0) return sizes.size > 1 || isBelowWish(runner, operation, addr, size, [...sizes]);
  const wanted = step.error?.message ?? '';
  return wanted.includes('page size');
}

/** Whether a map got small pages although everything about it suits large ones. */
function isBelowWish(
  runner: ScriptRunner,
  operation: MapOperation,
  addr: bigint,
  size: bigint,
  sizes: number[],
): boolean {
  const memory = runner.memories.get(operation.mem);
  const suits = (addr | size | operation.offset) & 0xffffn;
  return sizes.length === 1 && sizes[0] === 1 && memory?.target === 'vram' && memory.pageShift >= 16 && suits === 0n;
}

function checkSparse({ space, memory, addr, report }: LintContext, shift: number, large: number | undefined): void {
  if (space === undefined || addr === undefined || large === undefined) return;
  const home = [...memory.allocations].find(([base, it]) => base <= addr && addr < base + it.size);
  if (home === undefined) return;
  const [base, { size }] = home;
  const huge = size >= 1n << BigInt(large + 4);
  if (shift === 12) memory.smallInSparse.add(base);
  else if (huge && shift === large && memory.smallInSparse.has(base)) {
    report(INHERITED, 'large pages after small ones in a sparse allocation with larger pages above');
  }
}

function checkTags({ operation, chip, step, report }: LintContext, shift: number, large: number | undefined): void {
  if (operation.op !== 'map' || step.ret !== 0) return;
  const { kind = 0, comp = 0 } = operation.args ?? {};
  const { table } = chip.kinds;
  if (chip.mapArguments.includes('comp')) {
    const rule = TAG_STARTS['KD-51'];
    if (comp > 1 && operation.offset !== 0n && rule !== undefined)
      report(rule, `compressed map at offset ${formatHex(operation.offset)}`);
    return;
  }
  if (kind === 0 || table[kind] === kind || large !== 16 || shift > large) return;
  // gp100 and later count the lines of such maps right.
  if (chip.arguments.includes('replay')) return;
  const halves = chip.arguments.includes('bigPage');
  const rule = TAG_STARTS[halves ? 'KD-52' : 'KD-50'];
  if (rule !== undefined && (halves || operation.offset !== 0n)) {
    report(rule, `compressed map at offset ${formatHex(operation.offset)}`);
  }
}

function checkMixed({ space, memory, addr, report }: LintContext, shift: number, large: number): void {
  if (space === undefined || addr === undefined || shift > large) return;
  const bits = space.vmm.pages.at(-1)?.levels[0]?.bits ?? 9;
  const entry = addr >> BigInt(12 + bits);
  const seen = (memory.sizesAt.get(entry) ?? 0) | (shift === 12 ? 1 : 2);
  if (seen === 3 && memory.sizesAt.get(entry) !== 3) {
    const base = entry << BigInt(12 + bits);
    report(MIXED, `4 KiB and ${shiftText(large)} pages below one directory entry, at ${formatHex(base)}`);
  }
  memory.sizesAt.set(entry, seen);
}
